// The operation journal on the agent's SQLite file (journal/agent_journal.h): the columns that
// others read are columns, the rest is JSON in the row's payload (docs/formats.md).
#pragma once

#include "agent/operation/operation_journal.h"

namespace zoowarden::journal {
class AgentJournal;
}  // namespace zoowarden::journal

namespace zoowarden::agent {

class DurableOperationJournal final : public OperationJournal {
 public:
  // The journal must outlive it.
  explicit DurableOperationJournal(journal::AgentJournal& journal) : journal_(&journal) {}

  [[nodiscard]] base::Result<StoredOperation> LoadOperation() override;
  [[nodiscard]] base::Status Save(const JournalChange& change) override;
  [[nodiscard]] base::Result<std::optional<RecordedOutcome>> FindOutcome(
      const CallIdentity& call) override;
  [[nodiscard]] base::Result<Fence> LoadFence() override;
  [[nodiscard]] base::Status SaveFence(const Fence& fence) override;

 private:
  journal::AgentJournal* journal_;
};

}  // namespace zoowarden::agent
