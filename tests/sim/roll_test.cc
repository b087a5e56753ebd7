// The whole shape in one thread and virtual time: plan to end state, through the real loop and the
// real agent state machines.
#include "tests/sim/roll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::sim {
namespace {

using core::RunGoal;
using core::RunOutcome;
using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr model::ServerId kOne{1};
constexpr model::ServerId kTwo{2};
constexpr model::ServerId kThree{3};

TEST(RollTest, UpgradesFollowersFirstAndTheLeaderLast) {
  // Actual: 1 follower, 2 follower, 3 leader. Expected: 1, 2, 3 on 3.9.4, one election by us.
  Roll roll;
  ASSERT_EQ(roll.world.leader(), kThree);
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_THAT(roll.Proceeded(), ElementsAre("1", "2", "3"));
  EXPECT_EQ(roll.Versions(), "3.9.4 3.9.4 3.9.4");
  EXPECT_EQ(result->state.elections, 1);
  EXPECT_EQ(roll.world.elections(), 2);  // the first one and ours
  EXPECT_EQ(roll.world.most_down_at_once(), 1);
}

TEST(RollTest, TheLeaderIsFoundAgainBeforeEveryStep) {
  // The leader dies by itself and comes back while the first follower soaks: 2 leads, 3 follows.
  Roll roll;
  bool killed = false;
  roll.agents.on_tick = [&] {
    auto& first = roll.world.server(kOne);
    if (!killed && first.joined && first.process->generation == "new") {
      killed = true;
      roll.world.Kill(kThree);
      roll.world.Start(kThree);
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_TRUE(killed);
  EXPECT_THAT(roll.Proceeded(), ElementsAre("1", "3", "2"));
}

TEST(RollTest, ObserversGoFirst) {
  Roll roll(3, /*observers=*/1);
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_THAT(roll.Proceeded(), ElementsAre("4", "1", "2", "3"));
}

TEST(RollTest, AMemberThatClosesItsSessionForbidsTheStop) {
  // Actual: 3 says that it has everything, and closes a session with lastZxidSeen. Expected: the
  // last round before the stop of 1 finds it out, nobody is stopped.
  Roll roll;
  roll.agents.agent(kThree).closes_sessions = true;
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kRefused) << result->state.outcome_text;
  EXPECT_THAT(roll.Proceeded(), ElementsAre());
}

struct Failing {
  const char* name;
  model::ServerId server;
  Behaviour behaviour;
};

class FailingReleaseTest : public testing::TestWithParam<Failing> {};

TEST_P(FailingReleaseTest, EverythingGoesBackLeaderLast) {
  Roll roll;
  roll.spec.policy.soak = milliseconds(30'000);  // a death after 20 s falls into it
  roll.Offer(GetParam().server, GetParam().behaviour);
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kRolledBack) << result->state.outcome_text;
  EXPECT_EQ(roll.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_EQ(roll.world.most_down_at_once(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    EveryStep,
    FailingReleaseTest,
    testing::Values(Failing{"NeverJoinsFirst", kOne, Behaviour::kNeverJoins},
                    Failing{"NeverJoinsSecond", kTwo, Behaviour::kNeverJoins},
                    Failing{"NeverJoinsLeader", kThree, Behaviour::kNeverJoins},
                    Failing{"ExitsFirst", kOne, Behaviour::kExits},
                    Failing{"ExitsLeader", kThree, Behaviour::kExits},
                    Failing{"DiesInTheSoakFirst", kOne, Behaviour::kDiesLater},
                    Failing{"DiesInTheSoakLeader", kThree, Behaviour::kDiesLater}),
    [](const auto& param) { return param.param.name; });

TEST(RollTest, AVetoOfACheckRollsBackThroughTheSameGates) {
  Roll roll;
  roll.spec.checks = {{.name = "smoke", .command = {"/bin/false"}}};
  roll.checks.passing = false;
  roll.checks.says = "caf\xe9 closed";  // no UTF-8
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kRolledBack) << result->state.outcome_text;
  EXPECT_EQ(roll.Versions(), "3.8.4 3.8.4 3.8.4");
}

class LongChecksTest : public testing::Test {
 protected:
  LongChecksTest() {
    roll_.spec.checks = {{.name = "smoke", .command = {"/smoke"}}};
    roll_.checks.takes = milliseconds(20'000);
  }
  Roll roll_;
};

TEST_F(LongChecksTest, TheLeaseIsKeptAliveWhileTheyRun) {
  roll_.agents.on_tick = [&] {
    for (const auto& server : roll_.spec.servers) {
      const auto view = roll_.agents.agent(server.id).lease().Get();
      ASSERT_TRUE(view.owner.epoch == 0 || view.left > milliseconds(0));
    }
  };
  const auto run = roll_.NewRun();
  const auto identity =
      controller::AcquireRun(roll_.agents, roll_.clock, {.run_id = "run1", .holder = "h"});
  ASSERT_TRUE(identity);
  const auto result = roll_.DriveHeld(*identity, run);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  // One in each soak, which is over by the time it has ended, and one at the end.
  EXPECT_EQ(roll_.checks.started, 4);
}

TEST_F(LongChecksTest, AVerdictOfAGateThatClosedMeanwhileDoesNotCount) {
  // The first one begins while server 1 soaks, then server 2 is away for a while.
  roll_.checks.passing = false;
  std::optional<std::chrono::milliseconds> began;
  roll_.agents.on_tick = [&] {
    if (roll_.checks.started == 1 && !began) {
      began = roll_.clock.BootTime();
      roll_.checks.passing = true;
    }
    const auto since = began ? roll_.clock.BootTime() - *began : milliseconds(0);
    roll_.world.Freeze(kTwo, since > milliseconds(2'000) && since < milliseconds(5'000));
  };
  const auto result = roll_.Drive(roll_.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_EQ(roll_.checks.started, 5);
}

TEST_F(LongChecksTest, TheirVetoTakesTheServerBack) {
  roll_.checks.passing = false;
  const auto result = roll_.Drive(roll_.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kRolledBack) << result->state.outcome_text;
  EXPECT_THAT(result->state.outcome_text, testing::HasSubstr("check 'smoke' vetoed"));
  EXPECT_EQ(roll_.checks.started, 1);
}

TEST(RollTest, AFrozenFollowerStopsTheRollAndTheHealthyServerIsLeftAlone) {
  Roll roll;
  roll.agents.on_tick = [&] {
    const auto& first = roll.world.server(kOne);
    if (first.process && first.process->generation == "new") {
      roll.world.Freeze(kTwo, true);
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kHalted) << result->state.outcome_text;
  EXPECT_THAT(roll.Proceeded(), ElementsAre("1"));
  ASSERT_TRUE(roll.world.server(kOne).joined);
  EXPECT_EQ(roll.world.server(kOne).process->generation, "new");
}

TEST(RollTest, AHaltedRunIsContinuedAfterTheFollowerThaws) {
  Roll roll;
  bool frozen = true;
  roll.agents.on_tick = [&] {
    const auto& first = roll.world.server(kOne);
    if (first.process && first.process->generation == "new") {
      roll.world.Freeze(kTwo, frozen);
    }
  };
  ASSERT_EQ(roll.Drive(roll.NewRun())->state.outcome, RunOutcome::kHalted);
  frozen = false;
  roll.agents.Pass(milliseconds(5'000));
  const auto resumed = roll.Resume(RunGoal::kForward);
  ASSERT_TRUE(resumed) << resumed.error().message();
  EXPECT_EQ(resumed->state.outcome, RunOutcome::kSucceeded) << resumed->state.outcome_text;
  EXPECT_EQ(roll.Versions(), "3.9.4 3.9.4 3.9.4");
}

TEST(RollTest, AControllerThatSleptBetweenGateAndStopIsRefusedByTheAgent) {
  Roll roll;
  bool slept = false;
  roll.agents.before_call = [&](const std::string& method, model::ServerId id) {
    if (method == "proceed" && id == kOne && !slept) {
      slept = true;
      roll.world.Kill(kTwo);  // another member dies meanwhile
      roll.agents.Pass(milliseconds(10'000));
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(slept);
  EXPECT_TRUE(roll.world.server(kOne).joined);
  EXPECT_EQ(roll.world.server(kOne).process->generation, "old");
  EXPECT_TRUE(roll.world.HasQuorum());
}

TEST(RollTest, AnAgentRestartedInAnyCallGoesOnFromItsJournal) {
  Roll undisturbed;
  ASSERT_TRUE(undisturbed.Drive(undisturbed.NewRun()));
  const auto calls = undisturbed.agents.calls.size();
  for (std::size_t at = 0; at < calls; ++at) {
    Roll roll;
    std::size_t count = 0;
    roll.agents.before_call = [&](const std::string&, model::ServerId id) {
      if (count++ == at) {
        roll.agents.agent(id).Restart();
      }
    };
    const auto result = roll.Drive(roll.NewRun());
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded)
        << "restarted before call " << at << ": " << result->state.outcome_text;
    EXPECT_EQ(roll.Versions(), "3.9.4 3.9.4 3.9.4");
  }
}

TEST(RollTest, AControllerKilledBeforeAnyCallIsResumedFromTheAgentsCopies) {
  struct Killed {};
  Roll undisturbed;
  ASSERT_TRUE(undisturbed.Drive(undisturbed.NewRun()));
  const auto calls = undisturbed.agents.calls.size();
  for (std::size_t at = 0; at < calls; ++at) {
    Roll roll;
    std::size_t count = 0;
    roll.agents.before_call = [&](const std::string&, model::ServerId) {
      if (count++ == at) {
        throw Killed{};
      }
    };
    EXPECT_THROW(static_cast<void>(roll.Drive(roll.NewRun())), Killed);
    roll.agents.Pass(milliseconds(4'000));
    const auto resumed = roll.Resume(RunGoal::kForward);
    ASSERT_TRUE(resumed) << resumed.error().message();
    EXPECT_EQ(resumed->state.outcome, RunOutcome::kSucceeded)
        << "killed before call " << at << ": " << resumed->state.outcome_text;
    EXPECT_EQ(roll.Versions(), "3.9.4 3.9.4 3.9.4");
  }
}

TEST(RollTest, ASecondControllerIsRefusedWithTheHoldersName) {
  Roll roll;
  ASSERT_TRUE(controller::AcquireRun(
      roll.agents, roll.clock, {.run_id = "other", .holder = "zoowarden://sim/operator other"}));
  const auto refused = roll.Drive(roll.NewRun());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "lease.held");
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("zoowarden://sim/operator other"));
  EXPECT_TRUE(roll.Proceeded().empty());
}

TEST(RollTest, AnOldControllerLosesItsGatesTogetherWithItsCommands) {
  Roll roll;
  bool taken = false;
  roll.agents.before_call = [&](const std::string& method, model::ServerId) {
    if (method == "proceed" && !taken) {
      taken = true;
      ASSERT_TRUE(controller::AcquireRun(
          roll.agents,
          roll.clock,
          {.run_id = "other", .holder = "another controller", .take_over = true}));
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().Is(base::ErrorCode::kAborted));
  EXPECT_EQ(roll.Versions(), "3.8.4 3.8.4 3.8.4");
}

TEST(RollTest, ADegradedEnsembleIsRefusedBeforeAnythingIsTouched) {
  Roll roll;
  auto run = roll.NewRun();
  roll.world.Kill(kTwo);
  const auto result = roll.Drive(std::move(run));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kRefused);
  EXPECT_TRUE(roll.agents.calls.empty());
}

TEST(RollTest, AnUnreachableAgentsServerIsNeverTouched) {
  Roll roll(5);
  auto run = roll.NewRun();
  roll.agents.agent(kTwo).reachable = false;
  const auto result = roll.Drive(std::move(run));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(result->state.outcome_text, testing::HasSubstr("server 2"));
  EXPECT_TRUE(roll.Proceeded().empty());
}

TEST(RollTest, CtrlCStopsAtASafePointAndTheRunIsResumable) {
  Roll roll;
  roll.stop = [&] { return roll.Proceeded().size() == 1; };
  const auto stopped = roll.Drive(roll.NewRun());
  ASSERT_TRUE(stopped) << stopped.error().message();
  EXPECT_TRUE(stopped->interrupted);
  EXPECT_EQ(roll.Versions(), "3.9.4 3.8.4 3.8.4");
  roll.stop = [] { return false; };
  roll.agents.Pass(milliseconds(4'000));
  const auto resumed = roll.Resume(RunGoal::kForward);
  ASSERT_TRUE(resumed) << resumed.error().message();
  EXPECT_EQ(resumed->state.outcome, RunOutcome::kSucceeded) << resumed->state.outcome_text;
}

TEST(RollTest, AnInterruptedRunIsRolledBackInReverseOrder) {
  Roll roll;
  roll.stop = [&] { return roll.Proceeded().size() == 2; };
  ASSERT_TRUE(roll.Drive(roll.NewRun())->interrupted);
  ASSERT_EQ(roll.Versions(), "3.9.4 3.9.4 3.8.4");
  roll.stop = [] { return false; };
  roll.agents.Pass(milliseconds(4'000));
  const auto back = roll.Resume(RunGoal::kBack);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->state.outcome, RunOutcome::kRolledBack) << back->state.outcome_text;
  EXPECT_THAT(roll.Proceeded(), ElementsAre("1", "2", "2", "1"));
  EXPECT_EQ(roll.Versions(), "3.8.4 3.8.4 3.8.4");
}

}  // namespace
}  // namespace zoowarden::sim
