#include "tests/crash/judge.h"

#include "core/operation_table.h"
#include "journal/agent_journal.h"
#include "tests/crash/what_runs.h"

#include <algorithm>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

// Of the version that the generation belongs to in these suites.
std::string DifferenceOfCurrent(const Box& box, const std::string& current, bool is_old) {
  const auto& release = is_old ? box.stage().old_release : box.stage().new_release;
  return DifferenceFromWhole(box, current, release.version);
}

}  // namespace

Judge::Judge(const Box& box, Kind kind)
    : box_(box), data_(box.directory() / "data", kind), from_(box.Current()) {
  for (const auto& below : Untouchable()) {
    before_[below] = TreeBelow(below);
  }
}

// The old generation and the old release (I7, I13).
std::vector<std::string> Judge::Untouchable() const {
  if (from_.empty()) {
    return {};
  }
  const fs::path release = fs::read_symlink(box_.directory() / "generations" / from_ / "release");
  return {"generations/" + from_, "releases/" + release.filename().string()};
}

// A generation's mark that it ran is no part of what runs.
Tree Judge::TreeBelow(const std::string& below) const {
  Tree tree = ReadTree(box_.directory() / below);
  tree.erase("ran");
  return tree;
}

std::string Judge::AtAnyTime() const {
  if (const std::string violation = box_.FirstViolation(); !violation.empty()) {
    return "I8: " + violation;
  }
  const std::string current = box_.Current();
  const std::string why =
      current.empty() ? "" : DifferenceOfCurrent(box_, current, current == from_);
  return why.empty() ? data_.Judge() : "I7: current is not whole: " + why;
}

std::string Judge::ReadHistory(const std::vector<std::string>& operations) {
  const auto journal = journal::OpenAgentJournal(box_.directory() / "state/journal.db");
  if (!journal) {
    return "the journal: " + journal.error().message();
  }
  for (const std::string& operation : operations) {
    if (const std::string wrong = ReadOperation(**journal, operation); !wrong.empty()) {
      return wrong;
    }
  }
  return passed_.empty() ? "nothing has begun" : "";
}

std::string Judge::ReadOperation(journal::AgentJournal& journal, const std::string& operation) {
  const auto row = journal.FindOperation(operation);
  const auto steps = journal.ListTransitions(operation);
  if (!row || !*row || !steps) {
    return "the journal knows nothing of " + operation;
  }
  digests_.insert({(*row)->from_generation, (*row)->to_generation});
  to_ = (*row)->to_generation;
  if (steps->size() > static_cast<std::size_t>(core::kMaxTransitions)) {
    return "I12: " + std::to_string(steps->size()) + " transitions";
  }
  for (const journal::TransitionRow& step : *steps) {
    const auto table = core::OperationTransitions();
    const bool known = std::any_of(table.begin(), table.end(), [&](const auto& transition) {
      return model::OperationStateName(transition.from) == step.from_state &&
             core::OperationEventName(transition.event) == step.event &&
             model::OperationStateName(transition.to) == step.to_state;
    });
    if (!known) {
      return "not in the table: " + step.from_state + " + " + step.event;
    }
    passed_.push_back(step.to_state);
  }
  return "";
}

std::string Judge::AtTheEnd() const {
  for (const std::string& wrong : {JudgeWhatRuns(), AtAnyTime(), JudgeDisk()}) {
    if (!wrong.empty()) {
      return wrong;
    }
  }
  return "";
}

std::string Judge::JudgeWhatRuns() const {
  const bool committed = passed_.back() == "committed";
  const std::string wanted = committed ? to_ : from_;
  if (box_.Current() != wanted) {
    return "current is '" + box_.Current() + "', wanted '" + wanted + "'";
  }
  if (box_.Running() != wanted) {
    return "'" + box_.Running() + "' is served, wanted '" + wanted + "'";
  }
  for (const std::string& generation : box_.Started()) {
    if (!digests_.contains(generation)) {
      return "I7: '" + generation + "' was started and is not in the journal";
    }
  }
  return "";
}

std::string Judge::JudgeDisk() const {
  for (const auto& [below, tree] : before_) {
    const std::string difference = DifferenceOf(tree, TreeBelow(below), Compare::kContent);
    if (!difference.empty()) {
      return "I13: " + below + " was written to: " + difference;
    }
  }
  const bool begun = std::find(passed_.begin(), passed_.end(), "starting") != passed_.end();
  if (std::string wrong = data_.JudgeEnd(begun); !wrong.empty()) {
    return wrong;
  }
  const std::string leftover = box_.Leftover();
  return leftover.empty() ? "" : "left behind: " + leftover;
}

}  // namespace zoowarden::crash
