#include "agent/service/serving_journal.h"

#include "agent/operation/durable_journal.h"
#include "agent/service/instance.h"
#include "agent/service/own_directories.h"
#include "base/log.h"
#include "journal/agent_journal.h"
#include "model/operation.h"

#include <filesystem>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

bool HasJournal(const config::AgentConfig& config) {
  std::error_code ignored;
  return fs::exists(fs::path(config.state_directory) / "journal.db", ignored);
}

// A state of a newer program's counts: it may be in the middle of something.
base::Result<bool> HasOpenOperation(journal::AgentJournal& journal) {
  ZW_ASSIGN(const StoredOperation stored, DurableOperationJournal(journal).LoadOperation());
  const auto state = model::ParseOperationState(stored.state);
  return !stored.operation_id.empty() && !(state && model::IsFinished(*state));
}

}  // namespace

base::Result<std::unique_ptr<journal::AgentJournal>> OpenServingJournal(
    const config::AgentConfig& config, bool accept_lost) {
  const base::Status own = CheckOwnDirectories(config);
  if (own) {
    return OpenJournalOf(config, accept_lost);
  }
  const bool installed = HasCurrent(config);
  if (!installed && !HasJournal(config)) {
    return base::Fail(own.error());
  }
  ZW_ASSIGN(auto journal, OpenJournalOf(config, accept_lost));
  ZW_ASSIGN(const bool open, HasOpenOperation(*journal));
  if (!installed && !open) {
    return base::Fail(own.error());
  }
  base::LogError("no_new_operations=" + own.error().reason() +
                 " what is open goes on: " + own.error().message());
  return journal;
}

}  // namespace zoowarden::agent
