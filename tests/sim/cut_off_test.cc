// An agent whose controller is gone, from every state of its operation on: where it ends up alone,
// and what the next controller makes of it.
#include "core/operation_table.h"
#include "tests/sim/roll.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::sim {
namespace {

using model::OperationState;

constexpr model::ServerId kVictim{1};

enum class Fate {
  kServes,
  kUnreachable,  // the same, and its agent cannot be reached after the start
  kVetoed,       // serves, and the ensemble's own check says no
  kExits,
  kNeverJoins,  // alive past its deadline and never in the quorum
  kDiesInSoak,
  kBothExit,  // and so does the old one
  kNeitherJoins,
};
constexpr std::array kFates = {Fate::kServes,
                               Fate::kUnreachable,
                               Fate::kVetoed,
                               Fate::kExits,
                               Fate::kNeverJoins,
                               Fate::kDiesInSoak,
                               Fate::kBothExit,
                               Fate::kNeitherJoins};
constexpr std::array kFateNames = {"serves",
                                   "unreachable",
                                   "vetoed",
                                   "exits",
                                   "never_joins",
                                   "dies_in_soak",
                                   "both_exit",
                                   "neither_joins"};

std::string_view NameOf(Fate fate) { return kFateNames.at(static_cast<std::size_t>(fate)); }

bool FailsByItself(Fate fate) {
  return fate == Fate::kExits || fate == Fate::kNeverJoins || fate == Fate::kDiesInSoak;
}

bool BothFail(Fate fate) { return fate == Fate::kBothExit || fate == Fate::kNeitherJoins; }

// Which of the table's states an operation with this fate passes at all; a roll that is left alone
// is compared with it.
bool Passes(OperationState state, Fate fate) {
  switch (state) {
    case OperationState::kIdle:
      return false;  // there is no operation yet
    case OperationState::kStaging:
    case OperationState::kStaged:
    case OperationState::kStopping:
    case OperationState::kSwitching:
    case OperationState::kStarting:
      return true;
    case OperationState::kVerifying:
      return fate != Fate::kExits && fate != Fate::kBothExit;
    case OperationState::kUnconfirmed:
      return fate == Fate::kUnreachable;
    case OperationState::kCommitted:
      return fate == Fate::kServes;
    case OperationState::kRollingBack:
    case OperationState::kRestartingOld:
      return fate != Fate::kServes && fate != Fate::kUnreachable;
    case OperationState::kVerifyingOld:
      return fate == Fate::kVetoed || fate == Fate::kNeitherJoins || FailsByItself(fate);
    case OperationState::kRolledBack:
      return fate == Fate::kVetoed || FailsByItself(fate);
    case OperationState::kNeedsOperator:
      return BothFail(fate);
  }
  return false;
}

// Where the agent comes to alone: it finishes what has begun, goes back from what has failed, and
// judges nothing that serves.
OperationState EndOf(OperationState state, Fate fate) {
  if (state == OperationState::kStaging || state == OperationState::kStaged) {
    return OperationState::kStaged;
  }
  if (state == OperationState::kCommitted) {
    return state;
  }
  if (BothFail(fate)) {
    return OperationState::kNeedsOperator;
  }
  const bool goes_back =
      state == OperationState::kRollingBack || state == OperationState::kRestartingOld ||
      state == OperationState::kVerifyingOld || state == OperationState::kRolledBack;
  return FailsByItself(fate) || goes_back ? OperationState::kRolledBack
                                          : OperationState::kUnconfirmed;
}

struct Case {
  OperationState state;
  Fate fate;
  OperationState ends;
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << model::OperationStateName(one.state) << "_" << NameOf(one.fate);
}

std::vector<Case> EveryCase() {
  std::vector<Case> cases;
  for (const OperationState state : core::AllOperationStates()) {
    for (const Fate fate : kFates) {
      if (Passes(state, fate)) {
        cases.push_back({.state = state, .fate = fate, .ends = EndOf(state, fate)});
      }
    }
  }
  return cases;
}

// One roll whose first server meets its fate.
class Fated {
 protected:
  struct Killed {};

  SimAgent& Agent() { return roll_.agents.agent(kVictim); }
  ModelServer& Server() { return roll_.world.server(kVictim); }

  void Meet(Fate fate) {
    switch (fate) {
      case Fate::kExits:
      case Fate::kBothExit:
        roll_.Offer(kVictim, Behaviour::kExits);
        break;
      case Fate::kNeverJoins:
      case Fate::kNeitherJoins:
        roll_.Offer(kVictim, Behaviour::kNeverJoins);
        break;
      case Fate::kDiesInSoak:
        roll_.Offer(kVictim, Behaviour::kDiesLater);
        roll_.spec.policy.soak = roll_.spec.policy.step_timeout;
        break;
      case Fate::kVetoed:
        roll_.spec.checks = {{.name = "smoke", .command = {"smoke"}}};
        roll_.checks.passing = false;
        break;
      case Fate::kServes:
      case Fate::kUnreachable:
        break;
    }
  }
  // What happens besides, at each tick.
  void GoOn(Fate fate) {
    if (BothFail(fate) && !Server().process) {
      Server().generations.at("old").behaviour =
          fate == Fate::kBothExit ? Behaviour::kExits : Behaviour::kNeverJoins;
    }
    if (fate == Fate::kUnreachable && Agent().runner().state() == OperationState::kVerifying) {
      Agent().reachable = false;
    }
  }

  Roll roll_;
};

class CutOffTest : public Fated, public ::testing::TestWithParam<Case> {
 protected:
  // The controller is killed as soon as the agent is in that state.
  void KillController() {
    const auto [state, fate, ends] = GetParam();
    Meet(fate);
    roll_.agents.on_tick = [this, state = state, fate = fate] {
      GoOn(fate);
      if (Agent().runner().state() == state && (state != OperationState::kStaged || Staged())) {
        throw Killed{};
      }
    };
    ASSERT_THROW(static_cast<void>(roll_.Drive(roll_.NewRun())), Killed);
    roll_.agents.on_tick = [this, fate = fate] { GoOn(fate); };
  }
  // Whatever was wrong is mended.
  void Mend() {
    roll_.agents.on_tick = [] {};
    Agent().reachable = true;
    roll_.checks.passing = true;
    Server().generations.at("old").behaviour = Behaviour::kGood;
  }

  void Alone() { roll_.agents.Pass(3 * roll_.spec.policy.step_timeout); }

  bool Staged() {
    return std::all_of(roll_.spec.servers.begin(), roll_.spec.servers.end(), [&](const auto& one) {
      return roll_.agents.agent(one.id).runner().state() == OperationState::kStaged;
    });
  }

  std::vector<std::int32_t> OthersPids() {
    return {roll_.world.server({2}).process->pid, roll_.world.server({3}).process->pid};
  }
};

TEST_P(CutOffTest, EndsWhereItCanLoseNothing) {
  const auto others = OthersPids();
  const auto before = Server().process->pid;
  ASSERT_NO_FATAL_FAILURE(KillController());
  Alone();
  EXPECT_EQ(model::OperationStateName(Agent().runner().state()),
            model::OperationStateName(GetParam().ends));
  EXPECT_EQ(OthersPids(), others);
  EXPECT_TRUE(roll_.world.HasQuorum());
  EXPECT_LE(roll_.world.most_down_at_once(), 1);
  if (GetParam().ends == OperationState::kStaged) {
    EXPECT_EQ(Server().process->pid, before);
  }
  // Nothing more happens by itself, also not after the agent's own restart.
  const auto calm = Agent().runner().stored().transitions;
  const auto pid = Server().process ? Server().process->pid : 0;
  Agent().Restart();
  Alone();
  EXPECT_EQ(Agent().runner().stored().transitions, calm);
  EXPECT_EQ(Server().process ? Server().process->pid : 0, pid);
}

TEST_P(CutOffTest, TheNextControllerBringsEverythingBack) {
  ASSERT_NO_FATAL_FAILURE(KillController());
  Alone();
  Mend();
  const auto back = roll_.Resume(core::RunGoal::kBack);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->state.outcome, core::RunOutcome::kRolledBack) << back->state.outcome_text;
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_LE(roll_.world.most_down_at_once(), 1);
}

TEST_P(CutOffTest, TheNextControllerGoesOnWhereTheNewServes) {
  if (GetParam().fate != Fate::kServes && GetParam().fate != Fate::kUnreachable) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(KillController());
  Alone();
  Mend();
  const auto on = roll_.Resume(core::RunGoal::kForward);
  ASSERT_TRUE(on) << on.error().message();
  EXPECT_EQ(on->state.outcome, core::RunOutcome::kSucceeded) << on->state.outcome_text;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
}

TEST_P(CutOffTest, WithAnotherServersDeathTheServingOneStays) {
  if (GetParam().ends != OperationState::kUnconfirmed) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(KillController());
  roll_.world.Kill({3});
  Alone();
  EXPECT_EQ(Agent().runner().state(), OperationState::kUnconfirmed);
  EXPECT_TRUE(roll_.world.HasQuorum());
}

INSTANTIATE_TEST_SUITE_P(EveryState,
                         CutOffTest,
                         ::testing::ValuesIn(EveryCase()),
                         ::testing::PrintToStringParamName());

class FateTest : public Fated, public ::testing::TestWithParam<Fate> {};

// No case is left out: these are all states that a roll with this fate comes through.
TEST_P(FateTest, PassesTheStatesOfItsCasesAndNoOther) {
  Meet(GetParam());
  std::set<OperationState> passed;
  bool victim_is_first = false;
  roll_.agents.on_tick = [&] {
    GoOn(GetParam());
    victim_is_first = victim_is_first || roll_.Proceeded() == std::vector<std::string>{"1"};
    if (const auto state = Agent().runner().state();
        state != OperationState::kIdle && roll_.Proceeded().size() < 2) {
      passed.insert(state);
    }
  };
  ASSERT_TRUE(roll_.Drive(roll_.NewRun()));
  roll_.agents.Pass(3 * roll_.spec.policy.step_timeout);
  EXPECT_TRUE(victim_is_first);
  for (const OperationState state : core::AllOperationStates()) {
    EXPECT_EQ(passed.contains(state), Passes(state, GetParam()))
        << model::OperationStateName(state);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryFate, FateTest, ::testing::ValuesIn(kFates), [](const auto& fate) {
  return std::string(NameOf(fate.param));
});

TEST(CutOffCasesTest, EveryStateOfTheTableButIdleIsAStartingPoint) {
  const auto cases = EveryCase();
  for (const OperationState state : core::AllOperationStates()) {
    const bool covered = std::any_of(
        cases.begin(), cases.end(), [state](const Case& one) { return one.state == state; });
    EXPECT_EQ(covered, state != OperationState::kIdle) << model::OperationStateName(state);
  }
}

}  // namespace
}  // namespace zoowarden::sim
