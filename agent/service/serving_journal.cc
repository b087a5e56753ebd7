#include "agent/service/serving_journal.h"

#include "agent/operation/durable_journal.h"
#include "agent/service/instance.h"
#include "agent/service/own_directories.h"
#include "agent/service/serving_user.h"
#include "base/log.h"
#include "journal/agent_journal.h"
#include "model/operation.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

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
base::Result<std::optional<StoredOperation>> FindOpen(journal::AgentJournal& journal) {
  ZW_ASSIGN(StoredOperation stored, DurableOperationJournal(journal).LoadOperation());
  const auto state = model::ParseOperationState(stored.state);
  if (stored.operation_id.empty() || (state && model::IsFinished(*state))) {
    return std::nullopt;
  }
  return stored;
}

// For good, with the groups and the saved ids: nothing of root's is left to a reader of files that
// the agent's user may write. Of all threads of the program.
bool BecomeServingUser(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry != nullptr && ::initgroups(entry->pw_name, entry->pw_gid) == 0 &&
         ::setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) == 0 &&
         ::setresuid(user, user, user) == 0;
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
  ZW_ASSIGN(const auto open, FindOpen(*journal));
  if (!installed && !open) {
    return base::Fail(own.error());
  }
  base::LogError("no_new_operations=" + own.error().reason() +
                 " what is open goes on: " + own.error().message());
  return journal;
}

base::Result<std::optional<StoredOperation>> LookForOpenOperation(
    const config::AgentConfig& config) {
  if (!HasCurrent(config) && !HasJournal(config)) {
    return std::nullopt;
  }
  const uid_t user = ServingUser(config);
  if (user != ::geteuid() && !BecomeServingUser(user)) {
    return base::Fail(CheckServingUser(config).error());
  }
  ZW_ASSIGN(const auto journal, OpenJournalOf(config));
  return FindOpen(*journal);
}

}  // namespace zoowarden::agent
