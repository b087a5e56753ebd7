// What a run measures of its clients and whom it tells, with the real loop on modelled servers.
#include "tests/sim/roll_command.h"

namespace zoowarden::sim {
namespace {

using core::RunOutcome;
using std::chrono::milliseconds;

TEST(FeltTest, TheLeadersElectionIsTheLongestGap) {
  Roll roll;
  const auto leader = roll.world.leader();
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  const auto& impact = result->state.impact;
  EXPECT_EQ(impact.longest.server, leader);
  // An election takes 400 ms here, and a write is tried every 200 ms.
  EXPECT_GE(impact.longest.lasted, milliseconds(200));
  EXPECT_LE(impact.longest.lasted, milliseconds(600));
  EXPECT_GT(impact.writes, 30U);
  EXPECT_EQ(impact.controllers, 1);
  EXPECT_EQ(impact.unmeasured, milliseconds(0));
}

TEST(FeltTest, AnAgentThatIsSilentIsNoGap) {
  Roll roll;
  roll.agents.on_tick = [&] {
    for (const auto& server : roll.spec.servers) {
      roll.agents.agent(server.id).reachable = roll.world.now().count() % 4'000 > 700;
    }
  };
  roll.world.server({1}).log_lag = Time(0);
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_GT(result->state.impact.unmeasured, milliseconds(500));
  EXPECT_LE(result->state.impact.longest.lasted, milliseconds(600));
}

// Of a controller whose run was taken over while it was frozen.
TEST(FeltTest, WritesOfAControllerThatLostTheRunAreRefused) {
  Roll roll;
  const auto old = controller::AcquireRun(roll.agents, roll.clock, {.run_id = "r", .holder = "a"});
  ASSERT_TRUE(old);
  SimWriteStream writes(roll.agents, roll.world);
  writes.Follow(*old, {{1}, {2}, {3}});
  roll.agents.Pass(milliseconds(1'000));
  EXPECT_GT(writes.Take()->committed, 3U);
  ASSERT_TRUE(controller::AcquireRun(
      roll.agents, roll.clock, {.run_id = "r", .holder = "b", .take_over = true}));
  static_cast<void>(writes.Take());
  roll.agents.Pass(milliseconds(1'000));
  const auto seen = writes.Take();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->committed, 0U);
  EXPECT_EQ(seen->longest, milliseconds(0));
  EXPECT_GT(seen->unmeasured, milliseconds(500));
}

TEST(FeltTest, NothingIsWrittenWhenNobodyFollowsAnyMore) {
  Roll roll;
  const auto run = controller::AcquireRun(roll.agents, roll.clock, {.run_id = "r", .holder = "a"});
  ASSERT_TRUE(run);
  roll.writes.Follow(*run, {{1}});
  roll.agents.Pass(controller::ThreadedWriteStream::kUnfollowed + milliseconds(100));
  static_cast<void>(roll.writes.Take());
  roll.agents.Pass(milliseconds(2'000));
  EXPECT_EQ(roll.writes.Take()->committed, 0U);
}

TEST(FeltTest, HooksThatTakeLongKeepTheLeaseAndAreToldOnce) {
  Roll roll;
  roll.spec.hooks = {{.name = "drain", .command = {"/drain"}, .timeout = milliseconds(60'000)}};
  roll.hooks.takes = milliseconds(20'000);
  roll.agents.on_tick = [&] {
    for (const auto& server : roll.spec.servers) {
      const auto view = roll.agents.agent(server.id).lease().Get();
      ASSERT_TRUE(view.owner.epoch == 0 || view.left > milliseconds(0));
    }
  };
  const auto run = roll.NewRun();
  const auto identity =
      controller::AcquireRun(roll.agents, roll.clock, {.run_id = "run1", .holder = "h"});
  ASSERT_TRUE(identity);
  const auto result = roll.DriveHeld(*identity, run);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_EQ(roll.hooks.called,
            (std::vector<std::string>{"run1/before_step/1/forward",
                                      "run1/before_step/2/forward",
                                      "run1/before_step/3/forward"}));
}

TEST(FeltTest, AResumedRunOwesTheHooksWhatItHasNotTold) {
  Roll roll;
  roll.spec.hooks = {{.name = "told", .when = model::HookPoint::kAfterStep, .command = {"/told"}}};
  roll.hooks.takes = milliseconds(5'000);
  roll.stop = [&] { return !roll.hooks.called.empty(); };
  const auto cut = roll.Drive(roll.NewRun());
  ASSERT_TRUE(cut && cut->interrupted);
  roll.stop = [] { return false; };
  roll.agents.Pass(milliseconds(6'000));
  static_cast<void>(roll.hooks.Take());  // what the controller before had begun
  const auto result = roll.Resume(core::RunGoal::kForward);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_EQ(roll.hooks.called,
            (std::vector<std::string>{"run1/after_step/1/forward",
                                      "run1/after_step/1/forward",
                                      "run1/after_step/2/forward",
                                      "run1/after_step/3/forward"}));
}

using FeltCommandTest = RollCommandTest;

TEST_F(FeltCommandTest, TheLastLineSaysWhatClientsFelt) {
  const auto done = Upgrade();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.out.find("; clients: longest write gap 0."), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("(in the step of server 3), 1 election, connections unknown before"),
            std::string::npos)
      << done.out;
}

TEST_F(FeltCommandTest, OverTheBudgetTheRunHaltsAndResumingAcceptsIt) {
  auto text = before_;
  text.replace(
      text.find("soak: 2s"), 8, "soak: 2s, client_impact: {max_write_gap: 100ms, then: halt}");
  Write("ensemble.yaml", text);
  const auto done = Upgrade({"-o", "json"});
  EXPECT_EQ(done.code, 10) << done.err;
  const auto document = controller::Document::FromJson(done.out);
  ASSERT_TRUE(document) << done.out;
  EXPECT_EQ(std::get<std::string>(document->Find("outcome_reason")->value()), "impact.over_budget");
  EXPECT_NE(document->Find("impact"), nullptr);
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4") << "the election is in the last step";
  const auto resumed = Run({"resume", "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST_F(FeltCommandTest, OverTheBudgetTheRunGoesBackWhereThePolicySaysSo) {
  auto text = before_;
  text.replace(
      text.find("soak: 2s"), 8, "soak: 2s, client_impact: {max_write_gap: 100ms, then: rollback}");
  Write("ensemble.yaml", text);
  const auto done = Upgrade();
  EXPECT_EQ(done.code, 6) << done.err;
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_NE(done.err.find("client_impact allows 0.10 s"), std::string::npos) << done.err;
}

// A record comes from the agents: no program is run because it names one.
TEST_F(FeltCommandTest, OnTheWayBackOnlyHooksOfThisMachineAreTold) {
  const std::string told = "hooks: [{name: told, when: after_step, command: [/bin/true]}]\n";
  Write("ensemble.yaml", before_ + told);
  InterruptAnUpgrade();
  const auto calls = roll_.hooks.called.size();
  Write("ensemble.yaml", before_);
  const auto back = Run({"rollback", "--yes"});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_NE(back.err.find("other `hooks:` than ensemble.yaml has now: none is told"),
            std::string::npos)
      << back.err;
  EXPECT_EQ(roll_.hooks.called.size(), calls);
}

TEST_F(FeltCommandTest, GoingForwardWithOtherHooksIsRefused) {
  const std::string told = "hooks: [{name: told, when: after_step, command: [/bin/true]}]\n";
  Write("ensemble.yaml", before_ + told);
  InterruptAnUpgrade();
  Write("ensemble.yaml", before_);
  const auto refused = Run({"resume", "--yes"});
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("other `hooks:`"), std::string::npos) << refused.err;
}

TEST_F(FeltCommandTest, AHookThatCannotRunIsRefusedBeforeAnything) {
  Write("ensemble.yaml",
        before_ + "hooks: [{name: drain, when: before_step, command: [./nothing]}]\n");
  const auto done = Upgrade();
  EXPECT_EQ(done.code, 2) << done.err;
  EXPECT_NE(done.err.find("hook 'drain' of ensemble.yaml cannot be run"), std::string::npos)
      << done.err;
  EXPECT_TRUE(roll_.Proceeded().empty());
}

}  // namespace
}  // namespace zoowarden::sim
