#include "agent/service/serving_journal.h"

#include "agent/operation/durable_journal.h"
#include "agent/service/instance.h"
#include "agent/service/own_directories.h"
#include "base/log.h"
#include "journal/agent_journal.h"
#include "model/operation.h"

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

// While it lives, root acts as the user that the agent serves as: the files of that journal stay
// its own. Of all threads of the program.
class AsServingUser {
 public:
  explicit AsServingUser(uid_t user) : acts_(::geteuid() == 0 && user != 0) {
    if (acts_) {
      const passwd* entry = ::getpwuid(user);
      became_ = entry != nullptr && ::setegid(entry->pw_gid) == 0 && ::seteuid(user) == 0;
    }
  }
  ~AsServingUser() {
    if (acts_ && (::seteuid(0) != 0 || ::setegid(0) != 0)) {
      base::LogError("root cannot act as root again");
    }
  }
  AsServingUser(const AsServingUser&) = delete;
  AsServingUser& operator=(const AsServingUser&) = delete;
  [[nodiscard]] bool became() const { return became_; }

 private:
  bool acts_ = false;
  bool became_ = true;
};

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
  const AsServingUser as_user(user);
  if (!as_user.became()) {
    return base::Fail(CheckServingUser(config).error());
  }
  ZW_ASSIGN(const auto journal, OpenJournalOf(config));
  return FindOpen(*journal);
}

}  // namespace zoowarden::agent
