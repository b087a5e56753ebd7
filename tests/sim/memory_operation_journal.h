// An agent's journal in memory, for the simulation: what is saved survives a restart of the agent.
#pragma once

#include "agent/operation/operation_journal.h"

#include <map>
#include <tuple>

namespace zoowarden::sim {

class MemoryOperationJournal final : public agent::OperationJournal {
 public:
  base::Result<agent::StoredOperation> LoadOperation() override { return operation_; }

  base::Status Save(const agent::JournalChange& change) override {
    if (change.operation != nullptr) {
      operation_ = *change.operation;
    }
    if (change.call != nullptr && change.outcome) {
      outcomes_[KeyOf(*change.call)] = *change.outcome;
    }
    return base::Ok();
  }

  base::Result<std::optional<agent::RecordedOutcome>> FindOutcome(
      const agent::CallIdentity& call) override {
    const auto found = outcomes_.find(KeyOf(call));
    return found == outcomes_.end() ? std::nullopt : std::optional(found->second);
  }

  base::Result<agent::Fence> LoadFence() override { return fence_; }
  base::Status SaveFence(const agent::Fence& fence) override {
    fence_ = fence;
    return base::Ok();
  }

 private:
  using Key = std::tuple<std::string, std::uint64_t, std::string, std::uint64_t>;
  static Key KeyOf(const agent::CallIdentity& call) {
    return {call.run.run_id, call.run.epoch, call.operation_id, call.sequence};
  }

  agent::StoredOperation operation_;
  std::map<Key, agent::RecordedOutcome> outcomes_;
  agent::Fence fence_;
};

}  // namespace zoowarden::sim
