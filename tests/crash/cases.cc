#include "tests/crash/cases.h"

#include "core/operation_facts.h"
#include "core/operation_table.h"

#include <algorithm>
#include <array>
#include <set>

namespace zoowarden::crash {
namespace {

using S = model::OperationState;

constexpr std::array kFaults = {
    Fault::kKilledBefore, Fault::kKilledAfter, Fault::kError, Fault::kHang};
constexpr std::array kDirections = {Direction::kForward, Direction::kRollback};
constexpr std::array kKinds = {Kind::kUpgrade, Kind::kFirstInstallation, Kind::kRemoval};

std::string_view NameOf(Fault fault) {
  constexpr std::array<std::string_view, 4> kNames = {
      "killed_before", "killed_after", "error", "hang"};
  return kNames.at(static_cast<std::size_t>(fault));
}
std::string_view NameOf(Kind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"upgrade", "first", "removal"};
  return kNames.at(static_cast<std::size_t>(kind));
}

// Absent parts match everything.
struct ImpossibleRule {
  std::vector<S> states;
  std::vector<Fault> faults;
  std::optional<Direction> direction;
  std::optional<Kind> kind;
  std::string_view why;

  [[nodiscard]] bool Matches(const Case& c) const {
    const auto among = [](const auto& list, auto value) {
      return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
    };
    return among(states, c.state) && among(faults, c.fault) &&
           (!direction || *direction == c.direction) && (!kind || *kind == c.kind);
  }
};

const std::vector<Fault> kOfAction = {Fault::kError, Fault::kHang};
const std::vector<S> kWayBack = {
    S::kRollingBack, S::kRestartingOld, S::kVerifyingOld, S::kRolledBack};

const std::vector<ImpossibleRule>& Rules() {
  static const std::vector<ImpossibleRule> kRules = {
      {{S::kIdle, S::kStaged, S::kCommitted, S::kRolledBack, S::kNeedsOperator},
       kOfAction,
       std::nullopt,
       std::nullopt,
       "the state waits for the controller: it has no action that could fail or hang"},
      {kWayBack, {}, Direction::kForward, std::nullopt, "the state is on the way back only"},
      {{S::kCommitted},
       {},
       Direction::kRollback,
       std::nullopt,
       "what is committed is not rolled back: the way back is a new operation"},
      {{S::kStaging}, kOfAction, std::nullopt, Kind::kRemoval, "a removal stages nothing"},
      {{S::kStopping},
       kOfAction,
       std::nullopt,
       Kind::kFirstInstallation,
       "a first installation has nothing to stop"},
      {{S::kStarting}, kOfAction, std::nullopt, Kind::kRemoval, "a removal starts nothing"},
      {{S::kRestartingOld},
       kOfAction,
       std::nullopt,
       Kind::kFirstInstallation,
       "before a first installation nothing ran"},
      {{S::kStopping, S::kSwitching, S::kStarting},
       {Fault::kError},
       Direction::kRollback,
       std::nullopt,
       "the agent goes back by itself: the forward case ends in rolled_back already"},
  };
  return kRules;
}

// The controller and the agent on paper: which state follows, with the one fault in it.
class Paper {
 public:
  Paper(const Case& which, bool suffers) : case_(which), suffered_(!suffers) {}

  std::vector<std::string> States() {
    S state = S::kIdle;
    while (states_.size() < core::kMaxTransitions) {
      const S next = Next(state);
      if (next == state) {
        break;
      }
      state = Enter(next);
    }
    return states_;
  }

 private:
  [[nodiscard]] bool WantsBack() const {
    return case_.direction == Direction::kRollback ||
           (DetourOf(case_) == Detour::kFailingWayBack && !seen_.contains(S::kNeedsOperator));
  }

  // Without a fault. The same state: the end.
  [[nodiscard]] S Next(S state) const {
    switch (state) {
      case S::kIdle:
        return S::kStaging;
      case S::kStaging:
        return S::kStaged;
      case S::kStaged:
        return DetourOf(case_) == Detour::kClose && !seen_.contains(S::kIdle) ? S::kIdle
                                                                              : S::kStopping;
      case S::kStopping:
        return S::kSwitching;
      case S::kSwitching:
        return S::kStarting;
      case S::kStarting:
        return S::kVerifying;
      case S::kVerifying:
        if (late_ || (DetourOf(case_) == Detour::kSilence && !seen_.contains(S::kUnconfirmed))) {
          return S::kUnconfirmed;
        }
        return WantsBack() ? S::kRollingBack : S::kCommitted;
      case S::kUnconfirmed:
        return WantsBack() ? S::kRollingBack : S::kCommitted;
      case S::kRollingBack:
        return DetourOf(case_) == Detour::kFailingWayBack && !seen_.contains(S::kNeedsOperator)
                   ? S::kNeedsOperator
                   : S::kRestartingOld;
      case S::kRestartingOld:
        return S::kVerifyingOld;
      case S::kVerifyingOld:
        return S::kRolledBack;
      case S::kNeedsOperator:
        return case_.direction == Direction::kForward ? S::kCommitted : S::kRollingBack;
      case S::kCommitted:
      case S::kRolledBack:
        return state;
    }
    return state;
  }

  // Enters it, with what the fault makes of that; returns the state in which things go on.
  S Enter(S state) {
    if (state == case_.state && !suffered_) {
      suffered_ = true;
      if (case_.fault == Fault::kKilledBefore) {
        return AfterDeathIn(last_, /*about_to=*/state);
      }
      Note(state);
      switch (case_.fault) {
        case Fault::kKilledBefore:
        case Fault::kKilledAfter:
          return AfterDeathIn(state, state);
        case Fault::kError:
          return AfterErrorIn(state);
        case Fault::kHang:
          late_ = state == S::kStopping || state == S::kSwitching || state == S::kStarting ||
                  state == S::kVerifying;
          return state;
      }
    }
    Note(state);
    return state;
  }

  void Note(S state) {
    last_ = state;
    seen_.insert(state);
    states_.emplace_back(model::OperationStateName(state));
  }

  // A permit, and what was to be staged, die with the agent's process.
  S AfterDeathIn(S durable, S about_to) {
    const bool serves_new = case_.kind != Kind::kRemoval;
    const bool served_old = case_.kind != Kind::kFirstInstallation;
    if (durable == S::kStaging) {
      Note(S::kIdle);
    } else if (durable == S::kStopping && about_to == S::kStopping && served_old) {
      Note(S::kStaged);
    } else if (durable == S::kRollingBack && about_to != S::kRestartingOld && serves_new) {
      Note(S::kUnconfirmed);
    }
    return last_;
  }

  S AfterErrorIn(S state) {
    switch (state) {
      case S::kStaging:
        Note(S::kIdle);
        break;
      case S::kStopping:
      case S::kSwitching:
      case S::kStarting:
        Note(S::kRollingBack);
        break;
      case S::kRollingBack:
      case S::kRestartingOld:
        Note(S::kNeedsOperator);
        break;
      default:  // a look that saw nothing is repeated
        break;
    }
    return last_;
  }

  Case case_;
  bool suffered_;
  bool late_ = false;
  S last_ = S::kIdle;
  std::set<S> seen_;
  std::vector<std::string> states_;
};

constexpr int kHangMs = 1900;

}  // namespace

std::string Case::Name() const {
  return std::string(NameOf(kind)) +
         (direction == Direction::kForward ? "/forward/" : "/rollback/") +
         std::string(model::OperationStateName(state)) + "/" + std::string(NameOf(fault));
}

std::vector<Case> AllCombinations() {
  std::vector<Case> all;
  for (const S state : core::AllOperationStates()) {
    for (const Fault fault : kFaults) {
      for (const Direction direction : kDirections) {
        for (const Kind kind : kKinds) {
          all.push_back({state, fault, direction, kind});
        }
      }
    }
  }
  return all;
}

std::optional<std::string_view> Impossible(const Case& combination) {
  for (const ImpossibleRule& rule : Rules()) {
    if (rule.Matches(combination)) {
      return rule.why;
    }
  }
  return std::nullopt;
}

std::vector<Case> GenerateCases() {
  std::vector<Case> cases = AllCombinations();
  std::erase_if(cases, [](const Case& c) { return Impossible(c).has_value(); });
  return cases;
}

// Every n-th, so that all kinds, ways and faults come up; those that hang or must wait for a
// deadline are left to the slice.
std::vector<Case> CoreCases() {
  constexpr std::size_t kCore = 40;
  std::vector<Case> quick = GenerateCases();
  std::erase_if(quick, [](const Case& c) { return c.fault == Fault::kHang || DeadlinePasses(c); });
  std::vector<Case> core;
  for (std::size_t i = 0; i < kCore; ++i) {
    core.push_back(quick[i * quick.size() / kCore]);
  }
  return core;
}

Detour DetourOf(const Case& which) {
  switch (which.state) {
    case S::kIdle:
      return Detour::kClose;
    case S::kUnconfirmed:
      return Detour::kSilence;
    case S::kNeedsOperator:
      return Detour::kFailingWayBack;
    case S::kRollingBack:
    case S::kRestartingOld:
    case S::kVerifyingOld:
      // With the short deadline that a hang wants, its passing on the way there is no accident.
      return which.fault == Fault::kHang ? Detour::kSilence : Detour::kNone;
    default:
      return Detour::kNone;
  }
}

bool DeadlinePasses(const Case& which) {
  return (which.fault == Fault::kHang && which.state != S::kStaging) ||
         DetourOf(which) == Detour::kSilence;
}

std::string FirstFault(const Case& which) {
  const std::string state(model::OperationStateName(which.state));
  std::string armed;
  switch (which.fault) {
    case Fault::kKilledBefore:
      armed = "agent.before_commit." + state + ":kill";
      break;
    case Fault::kKilledAfter:
      armed = "agent.after_commit." + state + ":kill";
      break;
    case Fault::kError:
      armed = "agent.action." + state + ":error";
      break;
    case Fault::kHang:
      armed = "agent.action." + state + ":hang=" + std::to_string(kHangMs);
      break;
  }
  return DetourOf(which) == Detour::kFailingWayBack ? armed + ",agent.action.rolling_back:error"
                                                    : armed;
}

// The failing way back is needed again where its failure had not become durable.
std::string SecondFault(const Case& which) {
  const bool again =
      DetourOf(which) == Detour::kFailingWayBack && which.fault == Fault::kKilledBefore;
  return again ? "agent.action.rolling_back:error" : "";
}

std::vector<std::string> ExpectedStates(const Case& which) {
  return Paper(which, /*suffers=*/true).States();
}

std::vector<std::string> StatesWithoutFault(const Case& which) {
  return Paper(which, /*suffers=*/false).States();
}

}  // namespace zoowarden::crash
