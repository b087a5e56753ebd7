// Runs in which something fails: whose fault it is, what goes back, and what is left alone.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace zoowarden::core {
namespace {

using model::OnFailure;
using model::OperationState;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeEnsemble;
using ::testing::HasSubstr;
using testing::Id;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Start;

// Until server `id` runs the new generation and is being judged.
::testing::AssertionResult DriveToVerifying(FakeEnsemble& ensemble, std::uint32_t id) {
  return ensemble.DriveUntil([&] { return ensemble.Logged("proceed " + std::to_string(id)); })
             ? ::testing::AssertionSuccess()
             : ::testing::AssertionFailure() << "server " << id << " was never stopped";
}

TEST(RunFailureTest, AServerThatDiesAtItsStartGoesBackAndSoDoesEverybody) {
  for (const auto start : {Start::kDies, Start::kNeverJoins}) {
    FakeEnsemble ensemble(3, 1);
    ensemble.starts[1] = start;  // the leader, last of all
    ASSERT_TRUE(ensemble.Drive());
    EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
    EXPECT_EQ(ensemble.Generations(), "old old old");
    EXPECT_TRUE(ensemble.state.done.empty());
  }
}

TEST(RunFailureTest, RollingBackIsTheReverseOrderWithTheLeaderLast) {
  FakeEnsemble ensemble(5, 5);
  ensemble.starts[4] = Start::kDies;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.goal == RunGoal::kBack; }));
  ensemble.MoveLeader(3);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(),
              ElementsAre("proceed 1",
                          "proceed 2",
                          "proceed 3",
                          "proceed 4",
                          "down roll_back 4",
                          "proceed 2",
                          "proceed 1",
                          "proceed 3"));
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("server 4 failed"));
}

TEST(RunFailureTest, GoingBackUsesWhatIsOnTheServersAndStagesNothing) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts[3] = Start::kDies;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.Count("stage"), 3U);
  EXPECT_EQ(ensemble.Count("begin"), 1U);
}

TEST(RunFailureTest, RollbackServerLeavesTheOthersAndHalts) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.on_failure = OnFailure::kRollbackServer;
  ensemble.starts[3] = Start::kDies;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.Generations(), "old new old");
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("by policy the others stay"));
}

TEST(RunFailureTest, RollbackServerOnTheFirstServerIsAllOld) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.on_failure = OnFailure::kRollbackServer;
  ensemble.starts[2] = Start::kDies;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble.Generations(), "old old old");
}

TEST(RunFailureTest, HaltLeavesEverythingAsItIs) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.on_failure = OnFailure::kHalt;
  ensemble.starts[3] = Start::kDies;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "gate.failed");
  EXPECT_THAT(ensemble.log, Not(Contains(HasSubstr("roll_back"))));
}

TEST(RunFailureTest, AServerThatDiesInsideItsSoakGoesBack) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.soak = std::chrono::milliseconds(30'000);
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  const auto until = ensemble.now + std::chrono::milliseconds(20'000);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.now >= until; }));
  ensemble.Crash(2);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "down roll_back 2"));
}

TEST(RunFailureTest, ARestartByAnotherHandFailsTheGateAndGoesBackWithAPermit) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  ensemble.Boot(2);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "roll_back 2"));
  EXPECT_EQ(ensemble.Count("request_permit 2"), 2U);
}

TEST(RunFailureTest, AVetoTakesTheServerBackWithAPermit) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.has_checks = true;
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  ensemble.check_passes = false;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("roll_back 2"); }));
  ensemble.check_passes = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("check 'smoke' vetoed: exit 1"));
}

TEST(RunFailureTest, ChecksAreNotAskedOnTheWayBack) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.has_checks = true;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  ensemble.check_passes = false;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack) << ensemble.state.outcome_text;
  EXPECT_EQ(ensemble.Generations(), "old old old");
}

TEST(RunFailureTest, AVetoThatNeverEndsAtTheEndGoesBackByPolicy) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.has_checks = true;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kFinalCheck; }));
  ensemble.check_passes = false;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.goal == RunGoal::kBack; }));
  ensemble.check_passes = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble.Generations(), "old old old");
}

TEST(RunFailureTest, AChangedServerThatDiesBeforeTheEndGoesBackWithEverybody) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kFinalCheck; }));
  ensemble.Crash(2);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble.Generations(), "old old old");
}

TEST(RunFailureTest, AFrozenMemberAtTheEndHalts) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kFinalCheck; }));
  ensemble.At(2).frozen = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "final_check.failed");
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("the final verification failed: server 2"));
  EXPECT_EQ(ensemble.Generations(), "new new new");
}

// It leads back to what ensemble.yaml does not say.
TEST(RunFailureTest, TheFinalVerificationNamesTheRunAndNotTheFile) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts = {{3, Start::kNeverJoins}};
  ASSERT_TRUE(ensemble.DriveUntil([&] {
    return ensemble.state.goal == RunGoal::kBack && ensemble.state.phase == RunPhase::kFinalCheck;
  }));
  ensemble.At(2).generation = "new";  // by another hand
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome_reason, "final_check.failed");
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("server 2 runs "));
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr(", the run leads to "));
  EXPECT_THAT(ensemble.state.outcome_text, Not(HasSubstr("ensemble.yaml")));
}

struct Trouble {
  std::string what;
  std::function<void(FakeEnsemble&)> begins;
  std::function<void(FakeEnsemble&)> ends;
};

std::vector<Trouble> TroublesOfServer3() {
  return {{"frozen",
           [](FakeEnsemble& e) { e.At(3).frozen = true; },
           [](FakeEnsemble& e) { e.At(3).frozen = false; }},
          {"dead", [](FakeEnsemble& e) { e.Crash(3); }, [](FakeEnsemble& e) { e.Boot(3); }},
          {"silent",
           [](FakeEnsemble& e) { e.At(3).answers = false; },
           [](FakeEnsemble& e) { e.At(3).answers = true; }}};
}

// Actual:   2 is healthy on the new generation, 3 is in trouble.
// Expected: nothing else is stopped, 2 is left alone, the run halts.
TEST(RunFailureTest, AnotherMembersTroubleStopsNobodyAndHalts) {
  for (const auto& trouble : TroublesOfServer3()) {
    FakeEnsemble ensemble(3, 1);
    ASSERT_TRUE(DriveToVerifying(ensemble, 2)) << trouble.what;
    trouble.begins(ensemble);
    ASSERT_TRUE(ensemble.Drive()) << trouble.what;
    EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted) << trouble.what;
    EXPECT_EQ(ensemble.state.outcome_reason, "gate.after_start") << trouble.what;
    EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2")) << trouble.what;
    EXPECT_EQ(ensemble.Generations(), "old new old") << trouble.what;
  }
}

TEST(RunFailureTest, TroubleThatEndsInTimeIsWaitedFor) {
  for (const auto& trouble : TroublesOfServer3()) {
    FakeEnsemble ensemble(3, 1);
    ASSERT_TRUE(DriveToVerifying(ensemble, 2)) << trouble.what;
    trouble.begins(ensemble);
    const auto until = ensemble.now + std::chrono::milliseconds(15'000);
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.now >= until; })) << trouble.what;
    trouble.ends(ensemble);
    ASSERT_TRUE(ensemble.Drive()) << trouble.what;
    EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << trouble.what;
  }
}

// A short trouble long after an earlier one gets its own patience.
TEST(RunFailureTest, EachGateHasItsOwnPatience) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.soak = std::chrono::milliseconds(60'000);
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  for (int i = 0; i < 3; ++i) {
    ensemble.At(3).frozen = true;
    auto until = ensemble.now + std::chrono::milliseconds(15'000);
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.now >= until; }));
    ensemble.At(3).frozen = false;
    until = ensemble.now + std::chrono::milliseconds(15'000);
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.now >= until; }));
  }
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
}

TEST(RunFailureTest, AGateThatOpensAndClosesForEverHalts) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  for (int i = 0; i < 1'000 && ensemble.state.phase != RunPhase::kEnded; ++i) {
    ensemble.At(3).frozen = i % 4 == 3;
    ensemble.Step();
  }
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "gate.unstable");
}

// Actual:   2's new release never joins, and 3 dies meanwhile.
// Expected: 2 goes back all the same: it is down and counts for nothing.
TEST(RunFailureTest, ADownServerGoesBackWithoutAQuorum) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts[2] = Start::kNeverJoins;
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  ensemble.Crash(3);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.At(2).generation, "old");
  EXPECT_TRUE(ensemble.At(2).alive);
}

TEST(RunFailureTest, TheServersOwnSilentAgentHaltsTheRun) {
  FakeEnsemble ensemble(5, 1);
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  ensemble.At(2).answers = false;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "agent.silent");
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2"));
  EXPECT_EQ(ensemble.state.attempt, Id(2));
}

TEST(RunFailureTest, GoingBackThatFailsIsStuckAndNamesTheServer) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts[3] = Start::kDies;
  ensemble.old_fails = {3};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kStuck);
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("server 3 needs an operator"));
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("server 2 3.9.4 (new, follower"));
}

TEST(RunFailureTest, AServerThatCannotBeTakenBackAmongTheDoneIsStuck) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts[3] = Start::kDies;
  ensemble.old_fails = {2};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kStuck);
  EXPECT_EQ(ensemble.state.outcome_reason, "rollback.failed");
}

TEST(RunFailureTest, PermitsToGoBackAreBoundedToo) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.has_checks = true;
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  ensemble.check_passes = false;
  ensemble.expiring_permits = 1'000;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "permit.refused");
  EXPECT_EQ(ensemble.Generations(), "old new old");
}

TEST(RunFailureTest, AnAgentThatRefusesToCommitHaltsTheRun) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  ensemble.refuses = {2};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "agent.refuses");
  EXPECT_LE(ensemble.Count("commit 2"), 7U);
}

TEST(RunFailureTest, AnAgentThatRefusesToGoBackHaltsTheRun) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts[2] = Start::kDies;
  ASSERT_TRUE(DriveToVerifying(ensemble, 2));
  ensemble.refuses = {2};
  ASSERT_TRUE(ensemble.Drive(50));
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "agent.refuses");
}

// The answer to a stop was lost: it may yet come about while the permit lives.
TEST(RunFailureTest, NobodyElseIsStoppedWhileALostStopMayYetComeAbout) {
  FakeEnsemble ensemble(5, 1);
  ensemble.round_time = std::chrono::milliseconds(50);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("request_permit 2"); }));
  const auto round = ensemble.Observe();
  auto decision = Decide(ensemble.state, ensemble.memory, {.round = round, .now = ensemble.now});
  ASSERT_EQ(decision.actions.size(), 1U);
  ASSERT_EQ(decision.actions[0].kind, ActionKind::kProceed);
  std::vector<Event> events;
  NoteResult(decision.state,
             decision.memory,
             decision.actions[0],
             base::Fail(base::ErrorCode::kUnavailable, "connection reset"),
             events);
  ensemble.state = decision.state;
  ensemble.memory = decision.memory;
  const auto lost = ensemble.now;
  ensemble.MoveLeader(2);  // so that another server is next
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Count("proceed") > 0; }));
  EXPECT_FALSE(ensemble.Logged("proceed 2"));
  EXPECT_GT(ensemble.now - lost, model::kPermitLife);
}

TEST(RunFailureTest, AnAgentThatWentOnByItselfIsNoFailure) {
  FakeEnsemble ensemble(3, 1);
  const auto overtaken = base::Status(base::Fail(
      base::ErrorCode::kFailedPrecondition, "operation.wrong_state", "it is idle already"));
  std::vector<Event> events;
  for (const auto kind : {ActionKind::kRollBack, ActionKind::kClose}) {
    NoteResult(ensemble.state, ensemble.memory, {.kind = kind, .server = {2}}, overtaken, events);
  }
  EXPECT_THAT(events, IsEmpty());
  NoteResult(ensemble.state,
             ensemble.memory,
             {.kind = ActionKind::kProceed, .server = {2}},
             overtaken,
             events);
  EXPECT_EQ(events.size(), 1U);
}

// A fifth server's stop would keep the quorum; two at once are refused all the same.
TEST(RunFailureTest, AnotherRunsUnfinishedOperationBlocksEveryStop) {
  FakeEnsemble ensemble(5, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kRolling; }));
  auto& operation = ensemble.At(4).operation;
  operation = {.operation_id = "other-1", .run_id = "other"};
  operation.state = OperationState::kRollingBack;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
}

}  // namespace
}  // namespace zoowarden::core
