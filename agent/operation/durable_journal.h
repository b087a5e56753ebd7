// The operation journal on the agent's SQLite file (journal/agent_journal.h): the columns that
// others read are columns, the rest is JSON in the row's payload (docs/formats.md).
#pragma once

#include "agent/operation/audited_call.h"
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

  // While it is set, the outcome or fence that is saved is saved with the row of this call in the
  // audit. By who serialises calls, around one; null = none.
  void SetAudited(AuditedCall* audited) { audited_ = audited; }

 private:
  journal::AgentJournal* journal_;
  AuditedCall* audited_ = nullptr;
};

}  // namespace zoowarden::agent
