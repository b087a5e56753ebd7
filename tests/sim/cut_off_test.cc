// An agent whose controller is gone, from every state of its operation on: where it ends up alone,
// and what the next controller makes of it.
#include "tests/sim/roll.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

namespace zoowarden::sim {
namespace {

using model::OperationState;

constexpr model::ServerId kVictim{1};

enum class Fate { kNewServes, kNewFails, kBothFail };

struct Case {
  OperationState state;
  Fate fate;
  OperationState ends;
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << model::OperationStateName(one.state) << "_"
             << std::array{"new_serves", "new_fails", "both_fail"}[static_cast<int>(one.fate)];
}

class CutOffTest : public ::testing::TestWithParam<Case> {
 protected:
  struct Killed {};

  SimAgent& Agent() { return roll_.agents.agent(kVictim); }
  ModelServer& Server() { return roll_.world.server(kVictim); }

  // The controller is killed as soon as the agent is in that state.
  void KillControllerIn(OperationState state, Fate fate) {
    roll_.Offer(kVictim, fate == Fate::kNewServes ? Behaviour::kGood : Behaviour::kExits);
    roll_.agents.on_tick = [this, state, fate] {
      const auto now = Agent().runner().state();
      if (fate == Fate::kBothFail && !Server().process) {
        Server().generations.at("old").behaviour = Behaviour::kExits;
      }
      if (now == state && (state != OperationState::kStaged || Staged())) {
        throw Killed{};
      }
    };
    ASSERT_THROW(static_cast<void>(roll_.Drive(roll_.NewRun())), Killed);
    roll_.agents.on_tick = [this, fate] {
      if (fate == Fate::kBothFail && !Server().process) {
        Server().generations.at("old").behaviour = Behaviour::kExits;
      }
    };
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

  Roll roll_;
};

TEST_P(CutOffTest, EndsWhereItCanLoseNothing) {
  const auto others = OthersPids();
  const auto before = Server().process->pid;
  ASSERT_NO_FATAL_FAILURE(KillControllerIn(GetParam().state, GetParam().fate));
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
  ASSERT_NO_FATAL_FAILURE(KillControllerIn(GetParam().state, GetParam().fate));
  Alone();
  roll_.agents.on_tick = [] {};
  Server().generations.at("old").behaviour = Behaviour::kGood;
  const auto back = roll_.Resume(core::RunGoal::kBack);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->state.outcome, core::RunOutcome::kRolledBack) << back->state.outcome_text;
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_LE(roll_.world.most_down_at_once(), 1);
}

TEST_P(CutOffTest, TheNextControllerGoesOnWhereTheNewServes) {
  if (GetParam().fate != Fate::kNewServes) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(KillControllerIn(GetParam().state, GetParam().fate));
  Alone();
  roll_.agents.on_tick = [] {};
  const auto on = roll_.Resume(core::RunGoal::kForward);
  ASSERT_TRUE(on) << on.error().message();
  EXPECT_EQ(on->state.outcome, core::RunOutcome::kSucceeded) << on->state.outcome_text;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
}

TEST_P(CutOffTest, WithAnotherServersDeathTheServingOneStays) {
  if (GetParam().ends != OperationState::kUnconfirmed) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(KillControllerIn(GetParam().state, GetParam().fate));
  roll_.world.Kill({3});
  Alone();
  EXPECT_EQ(Agent().runner().state(), OperationState::kUnconfirmed);
  EXPECT_TRUE(roll_.world.HasQuorum());
}

INSTANTIATE_TEST_SUITE_P(
    EveryState,
    CutOffTest,
    ::testing::ValuesIn(std::vector<Case>{
        {OperationState::kStaged, Fate::kNewServes, OperationState::kStaged},
        {OperationState::kStopping, Fate::kNewServes, OperationState::kUnconfirmed},
        {OperationState::kSwitching, Fate::kNewServes, OperationState::kUnconfirmed},
        {OperationState::kStarting, Fate::kNewServes, OperationState::kUnconfirmed},
        {OperationState::kVerifying, Fate::kNewServes, OperationState::kUnconfirmed},
        {OperationState::kStopping, Fate::kNewFails, OperationState::kRolledBack},
        {OperationState::kSwitching, Fate::kNewFails, OperationState::kRolledBack},
        {OperationState::kStarting, Fate::kNewFails, OperationState::kRolledBack},
        {OperationState::kRollingBack, Fate::kNewFails, OperationState::kRolledBack},
        {OperationState::kRestartingOld, Fate::kNewFails, OperationState::kRolledBack},
        {OperationState::kVerifyingOld, Fate::kNewFails, OperationState::kRolledBack},
        {OperationState::kStopping, Fate::kBothFail, OperationState::kNeedsOperator},
        {OperationState::kSwitching, Fate::kBothFail, OperationState::kNeedsOperator},
        {OperationState::kStarting, Fate::kBothFail, OperationState::kNeedsOperator},
        {OperationState::kRollingBack, Fate::kBothFail, OperationState::kNeedsOperator},
        {OperationState::kRestartingOld, Fate::kBothFail, OperationState::kNeedsOperator},
    }),
    ::testing::PrintToStringParamName());

}  // namespace
}  // namespace zoowarden::sim
