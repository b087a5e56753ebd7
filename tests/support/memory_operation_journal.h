// An operation journal in memory that outlives the runners above it, as a disk outlives a process.
// With failing_saves it refuses, as a full disk does.
#pragma once

#include "agent/operation/operation_journal.h"

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace zoowarden::test {

class MemoryOperationJournal final : public agent::OperationJournal {
 public:
  [[nodiscard]] base::Result<agent::StoredOperation> LoadOperation() override { return operation; }

  [[nodiscard]] base::Status Save(const agent::JournalChange& change) override {
    if (failing_saves > 0) {
      --failing_saves;
      return base::Fail(base::ErrorCode::kResourceExhausted, "journal.full", "no space left");
    }
    ++saves;
    if (on_save) {
      on_save();
    }
    if (change.operation != nullptr) {
      operation = *change.operation;
    }
    if (change.history) {
      history.push_back(*change.history);
    }
    if (change.outcome) {
      outcomes_.insert_or_assign(KeyOf(*change.call), *change.outcome);
    }
    if (on_saved) {
      on_saved();
    }
    return base::Ok();
  }

  [[nodiscard]] base::Result<std::optional<agent::RecordedOutcome>> FindOutcome(
      const agent::CallIdentity& call) override {
    const auto found = outcomes_.find(KeyOf(call));
    return found == outcomes_.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] base::Result<agent::Fence> LoadFence() override { return fence; }
  [[nodiscard]] base::Status SaveFence(const agent::Fence& next) override {
    if (failing_fences) {
      return base::Fail(base::ErrorCode::kResourceExhausted, "journal.full", "no space left");
    }
    fence = next;
    return base::Ok();
  }

  // States in the order in which they became durable.
  [[nodiscard]] std::vector<std::string> States() const {
    std::vector<std::string> states;
    for (const agent::HistoryEntry& entry : history) {
      states.push_back(entry.state);
    }
    return states;
  }

  agent::StoredOperation operation;
  agent::Fence fence;
  std::vector<agent::HistoryEntry> history;
  int failing_saves = 0;
  bool failing_fences = false;
  int saves = 0;
  std::function<void()> on_save;   // e.g. time that a slow disk takes
  std::function<void()> on_saved;  // when it is stored and nobody knows yet

 private:
  using Key = std::tuple<std::string, std::uint64_t, std::string, std::uint64_t>;
  static Key KeyOf(const agent::CallIdentity& call) {
    return {call.run.run_id, call.run.epoch, call.operation_id, call.sequence};
  }
  std::map<Key, agent::RecordedOutcome> outcomes_;
};

}  // namespace zoowarden::test
