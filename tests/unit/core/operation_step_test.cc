#include "core/operation_step.h"

#include <gtest/gtest.h>

#include <string>

namespace zoowarden::core {
namespace {

using model::Broadcast;
using model::Mode;
using model::OperationState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kNow{100};
constexpr seconds kDeadline{130};

OperationRecord Record(OperationState state) {
  return {.operation_id = "op-1",
          .state = state,
          .from = "old",
          .to = "new",
          .proved = false,
          .deadline = kDeadline,
          .stop_timeout = seconds(20)};
}

Reality Running(const std::string& generation, Mode mode = Mode::kFollower) {
  Reality reality;
  reality.processes_visible = true;
  reality.process = model::Process{.pid = 11,
                                   .start_time = 5,
                                   .generation = generation,
                                   .started_by_operation = generation == "new" ? "op-1" : ""};
  reality.current = generation;
  reality.member_looked = true;
  reality.mode = mode;
  reality.quorum_connection = mode == Mode::kFollower;
  return reality;
}

Reality Gone(const std::string& current) {
  Reality reality;
  reality.processes_visible = true;
  reality.current = current;
  return reality;
}

// The member could not be looked at: its configuration or its sockets cannot be read.
Reality NotLooked(const std::string& generation) {
  Reality reality = Running(generation);
  reality.member_looked = false;
  reality.mode = Mode::kUnknown;
  reality.quorum_connection = false;
  return reality;
}

std::string Said(const OperationStep& step) {
  return step.event ? std::string(OperationEventName(*step.event)) : std::string("nothing");
}

TEST(StoppingTest, AServingMemberIsSignalledWithAPermitOnly) {
  Reality reality = Running("old");
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kStopping), reality, kNow)), "permit_refused");
  reality.permit_valid = true;
  EXPECT_EQ(DecideStep(Record(OperationState::kStopping), reality, kNow).act,
            OperationAct::kSignalStop);
}

TEST(StoppingTest, AnExpiredPermitLeavesTheMemberServing) {
  const auto step = DecideStep(Record(OperationState::kStopping), Running("old"), kNow);
  EXPECT_EQ(step.act, OperationAct::kNone);
  EXPECT_EQ(step.reason, "permit.expired");
}

TEST(StoppingTest, OneThatIsNoLongerServingIsWaitedForUntilTheDeadline) {
  const Reality reality = Running("old", Mode::kNotServing);
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kStopping), reality, kNow)), "nothing");
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kStopping), reality, kDeadline)),
            "permit_refused");
}

TEST(StoppingTest, OneThatMayHaveBeenSignalledIsGivenTimeToExitAndIsNeverKilled) {
  Reality reality = Running("old");
  reality.stop_intended = kNow;
  OperationRecord record = Record(OperationState::kStopping);
  record.stop_timeout = seconds(45);
  for (auto now = kNow; now < kNow + record.stop_timeout; now += seconds(1)) {
    EXPECT_EQ(Said(DecideStep(record, reality, now)), "nothing");
    EXPECT_EQ(DecideStep(record, reality, now).act, OperationAct::kNone);
  }
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + record.stop_timeout)), "permit_refused");
}

TEST(StoppingTest, TheTimeToExitIsNeitherNoneNorEndless) {
  Reality reality = Running("old");
  reality.stop_intended = kNow;
  OperationRecord record = Record(OperationState::kStopping);
  record.stop_timeout = seconds(0);
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + kShortestSignalDoubt - milliseconds(1))),
            "nothing");
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + kShortestSignalDoubt)), "permit_refused");
  record.stop_timeout = std::chrono::hours(1);
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + kLongestSignalDoubt)), "permit_refused");
}

TEST(StoppingTest, OneThatDoesNotServeIsNotSaidToBeLeftServing) {
  const auto record = Record(OperationState::kStopping);
  const auto silent = DecideStep(record, Running("old", Mode::kNotServing), kDeadline);
  EXPECT_EQ(Said(silent), "permit_refused");
  EXPECT_EQ(silent.detail.find("left serving"), std::string::npos) << silent.detail;
  const auto serving = DecideStep(record, Running("old"), kDeadline);
  EXPECT_NE(serving.detail.find("left serving"), std::string::npos) << serving.detail;
}

TEST(StoppingTest, OneThatCannotBeLookedAtIsNeverSignalledWithoutAPermit) {
  const auto record = Record(OperationState::kStopping);
  EXPECT_EQ(Said(DecideStep(record, NotLooked("old"), kNow)), "nothing");
  EXPECT_EQ(DecideStep(record, NotLooked("old"), kNow).act, OperationAct::kNone);
  const auto step = DecideStep(record, NotLooked("old"), kDeadline);
  EXPECT_EQ(Said(step), "permit_refused");
  EXPECT_EQ(step.detail.find("left serving"), std::string::npos) << step.detail;
}

TEST(StoppingTest, SigkillFollowsOnlyAfterTheStopTimeoutOfASignalledStop) {
  Reality reality = Running("old");
  reality.stop_signalled = kNow;
  const auto record = Record(OperationState::kStopping);
  EXPECT_EQ(DecideStep(record, reality, kNow + seconds(19)).act, OperationAct::kNone);
  EXPECT_EQ(DecideStep(record, reality, kNow + seconds(20)).act, OperationAct::kKill);
  const auto end = DecideStep(record, reality, kNow + seconds(20) + kKillPatience);
  EXPECT_EQ(Said(end), "stop_failed");
  EXPECT_EQ(end.reason, "stop.survived_kill");
}

TEST(StoppingTest, AnAbsentProcessIsProofOnlyWhereProcessesAreVisible) {
  Reality reality = Gone("old");
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kStopping), reality, kNow)), "stopped");
  reality.processes_visible = false;
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kStopping), reality, kNow)), "stop_failed");
}

TEST(SwitchingTest, SwitchesOnceAndNeverUnderAProcess) {
  EXPECT_EQ(DecideStep(Record(OperationState::kSwitching), Gone("old"), kNow).act,
            OperationAct::kSwitchToNew);
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kSwitching), Gone("new"), kNow)), "switched");
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kSwitching), Running("old"), kNow)),
            "switch_failed");
}

TEST(StartingTest, LaunchesOnceAndWaitsForItsProcess) {
  Reality reality = Gone("new");
  const auto record = Record(OperationState::kStarting);
  EXPECT_EQ(DecideStep(record, reality, kNow).act, OperationAct::kLaunch);
  reality.launched = kNow;
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + seconds(9))), "nothing");
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + kLaunchPatience)), "start_failed");
  EXPECT_EQ(Said(DecideStep(record, Running("new"), kNow)), "started");
}

TEST(StartingTest, ALockThatTheEndedProcessStillHoldsIsTriedAgain) {
  Reality reality = Gone("new");
  reality.launched = kNow;
  reality.launch_locked = true;
  const auto record = Record(OperationState::kStarting);
  EXPECT_EQ(DecideStep(record, reality, kNow + seconds(9)).act, OperationAct::kLaunch);
  const auto step = DecideStep(record, reality, kNow + kLaunchPatience);
  EXPECT_EQ(Said(step), "start_failed");
  EXPECT_EQ(step.reason, "start.locked");
}

TEST(StartingTest, AForeignProcessIsNeverStartedOver) {
  const auto step = DecideStep(Record(OperationState::kStarting), Running(""), kNow);
  EXPECT_EQ(Said(step), "start_failed");
  EXPECT_EQ(step.reason, "start.other_process");
}

TEST(StartingTest, WhatASupervisorRestartedIsNamedAndAnOldGenerationThatRunsWillDo) {
  Reality reality = Running("new");
  reality.restarted = "systemd restarted it";
  const OperationStep forward = DecideStep(Record(OperationState::kStarting), reality, kNow);
  EXPECT_EQ(Said(forward), "started");
  EXPECT_EQ(forward.reason, "start.restarted");
  reality.process->generation = "old";
  const OperationStep back = DecideStep(Record(OperationState::kRestartingOld), reality, kNow);
  EXPECT_EQ(Said(back), "old_started");
  EXPECT_EQ(back.reason, "");
}

TEST(StartingTest, WhereProcessesAreHiddenNothingIsStarted) {
  Reality reality = Gone("new");
  reality.processes_visible = false;
  const auto step = DecideStep(Record(OperationState::kStarting), reality, kNow);
  EXPECT_EQ(step.act, OperationAct::kNone);
  EXPECT_EQ(step.reason, "start.processes_hidden");
}

TEST(StartingTest, ARemovalStartsNothing) {
  OperationRecord record = Record(OperationState::kStarting);
  record.to.clear();
  EXPECT_EQ(Said(DecideStep(record, Gone(""), kNow)), "started");
}

TEST(VerifyingTest, AServingMemberIsParkedAtTheDeadlineNotTakenBack) {
  const auto record = Record(OperationState::kVerifying);
  EXPECT_EQ(Said(DecideStep(record, Running("new"), kNow)), "nothing");
  EXPECT_EQ(Said(DecideStep(record, Running("new"), kDeadline)), "deadline_not_down");
}

TEST(VerifyingTest, DownAtTheDeadlineGoesBack) {
  const auto record = Record(OperationState::kVerifying);
  EXPECT_EQ(Said(DecideStep(record, Gone("new"), kNow)), "nothing");
  EXPECT_EQ(Said(DecideStep(record, Gone("new"), kDeadline)), "deadline_down");
  EXPECT_EQ(Said(DecideStep(record, Running("new", Mode::kNotServing), kDeadline)),
            "deadline_down");
}

TEST(VerifyingTest, OneThatCannotBeLookedAtIsParkedAtTheDeadline) {
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kVerifying), NotLooked("new"), kDeadline)),
            "deadline_not_down");
}

TEST(VerifyingTest, ACrashLoopIsDownThoughASupervisorStartedItsLastProcess) {
  Reality reality = Running("new", Mode::kNotServing);
  reality.process->started_by_operation = "";
  OperationRecord record = Record(OperationState::kVerifying);
  record.proved = true;  // by the process that has died since
  EXPECT_EQ(Said(DecideStep(record, reality, kDeadline)), "deadline_not_down");
  reality.restarted = "systemd restarted it";
  const OperationStep step = DecideStep(record, reality, kDeadline);
  EXPECT_EQ(Said(step), "deadline_down");
  EXPECT_EQ(step.reason, "start.restarted");
  reality.quorum_connection = true;
  EXPECT_EQ(Said(DecideStep(record, reality, kDeadline)), "deadline_not_down");
}

TEST(VerifyingTest, StandaloneIsEndedAtOnceAlsoWhenUnconfirmed) {
  for (const auto state : {OperationState::kVerifying, OperationState::kUnconfirmed}) {
    EXPECT_EQ(Said(DecideStep(Record(state), Running("new", Mode::kStandalone), kNow)),
              "standalone");
  }
}

TEST(VerifyingTest, AnUnconfirmedMemberWaitsForTheController) {
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kUnconfirmed), Running("new"), kDeadline)),
            "nothing");
}

TEST(RollingBackTest, AMemberThatMayServeTakesAPermit) {
  Reality reality = Running("new");
  const auto record = Record(OperationState::kRollingBack);
  EXPECT_EQ(Said(DecideStep(record, reality, kDeadline)), "permit_refused");
  reality.permit_valid = true;
  EXPECT_EQ(DecideStep(record, reality, kDeadline).act, OperationAct::kSignalStop);
}

TEST(RollingBackTest, OneThatMayHaveBeenSignalledIsGivenTimeToExit) {
  Reality reality = Running("new");
  reality.stop_intended = kNow;
  const auto record = Record(OperationState::kRollingBack);
  const auto step = DecideStep(record, reality, kNow + record.stop_timeout - milliseconds(1));
  EXPECT_EQ(Said(step), "nothing");
  EXPECT_EQ(step.act, OperationAct::kNone);
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + record.stop_timeout)), "permit_refused");
}

TEST(RollingBackTest, OneThatCannotBeLookedAtWaitsForAPermitUnconfirmed) {
  const auto step = DecideStep(Record(OperationState::kRollingBack), NotLooked("new"), kDeadline);
  EXPECT_EQ(Said(step), "permit_refused");
  EXPECT_EQ(step.act, OperationAct::kNone);
}

TEST(RollingBackTest, ADownOrStandaloneProcessTakesNone) {
  const auto record = Record(OperationState::kRollingBack);
  EXPECT_EQ(DecideStep(record, Running("new", Mode::kNotServing), kDeadline).act,
            OperationAct::kSignalStop);
  EXPECT_EQ(DecideStep(record, Running("new", Mode::kStandalone), kNow).act,
            OperationAct::kSignalStop);
}

TEST(RollingBackTest, AForeignProcessIsNotTouched) {
  const auto step = DecideStep(Record(OperationState::kRollingBack), Running("third"), kDeadline);
  EXPECT_EQ(Said(step), "restore_failed");
  EXPECT_EQ(step.act, OperationAct::kNone);
}

TEST(RollingBackTest, SwitchesBackOnlyWhenTheNewProcessIsGone) {
  const auto record = Record(OperationState::kRollingBack);
  EXPECT_EQ(DecideStep(record, Gone("new"), kNow).act, OperationAct::kSwitchToOld);
  EXPECT_EQ(Said(DecideStep(record, Gone("old"), kNow)), "old_restored");
}

TEST(VerifyingOldTest, EndsWhenTheOldGenerationServesOrItsTimeIsOver) {
  const auto record = Record(OperationState::kVerifyingOld);
  EXPECT_EQ(Said(DecideStep(record, Running("old"), kNow)), "old_proved");
  EXPECT_EQ(Said(DecideStep(record, Running("old", Mode::kNotServing), kNow)), "nothing");
  EXPECT_EQ(Said(DecideStep(record, Running("old", Mode::kNotServing), kDeadline)), "old_deadline");
}

TEST(VerifyingOldTest, AStandaloneIsStoppedAtOnceAndLeftToTheOperatorStopped) {
  const auto record = Record(OperationState::kVerifyingOld);
  Reality reality = Running("old", Mode::kStandalone);
  const auto stop = DecideStep(record, reality, kNow);
  EXPECT_EQ(stop.act, OperationAct::kSignalStop);
  EXPECT_EQ(Said(stop), "nothing");
  EXPECT_EQ(stop.reason, "rollback.standalone");
  EXPECT_EQ(DecideStep(record, reality, kDeadline).act, OperationAct::kSignalStop);

  reality.stop_intended = kNow;
  reality.stop_signalled = kNow;
  EXPECT_EQ(DecideStep(record, reality, kNow + seconds(19)).act, OperationAct::kNone);
  EXPECT_EQ(DecideStep(record, reality, kNow + seconds(20)).act, OperationAct::kKill);
  const auto survived = DecideStep(record, reality, kNow + seconds(20) + kKillPatience);
  EXPECT_EQ(Said(survived), "old_standalone");
  EXPECT_EQ(survived.reason, "stop.survived_kill");
  EXPECT_NE(survived.detail.find("standalone"), std::string::npos) << survived.detail;

  Reality gone = Gone("old");
  gone.stop_intended = kNow;
  const auto end = DecideStep(record, gone, kNow);
  EXPECT_EQ(Said(end), "old_standalone");
  EXPECT_EQ(end.reason, "rollback.standalone");
}

TEST(VerifyingOldTest, AStopThatOnlyAnEarlierLifeCanHaveSentIsFollowedToItsEnd) {
  const auto record = Record(OperationState::kVerifyingOld);
  Reality dying = Running("old", Mode::kNotServing);
  dying.stop_intended = kNow;
  EXPECT_EQ(Said(DecideStep(record, dying, kNow)), "nothing");
  const auto alive = DecideStep(record, dying, kDeadline);
  EXPECT_EQ(Said(alive), "old_standalone");
  EXPECT_EQ(alive.reason, "rollback.standalone");
  EXPECT_EQ(alive.detail.find("was stopped"), std::string::npos) << alive.detail;
  EXPECT_NE(alive.detail.find("process 11"), std::string::npos) << alive.detail;

  Reality hidden = Gone("old");
  hidden.processes_visible = false;
  hidden.stop_intended = kNow;
  EXPECT_EQ(Said(DecideStep(record, hidden, kNow)), "nothing");
  const auto unseen = DecideStep(record, hidden, kDeadline);
  EXPECT_EQ(Said(unseen), "old_standalone");
  EXPECT_EQ(unseen.detail.find("was stopped"), std::string::npos) << unseen.detail;
}

TEST(VerifyingOldTest, AnotherGenerationThatServesDoesNotProveTheOldOne) {
  const auto record = Record(OperationState::kVerifyingOld);
  EXPECT_EQ(Said(DecideStep(record, Running("third"), kNow)), "nothing");
  EXPECT_EQ(Said(DecideStep(record, Running("third"), kDeadline)), "old_deadline");
}

TEST(IsDownTest, NeedsEveryOneOfItsConditions) {
  const auto record = Record(OperationState::kVerifying);
  const Reality down = Running("new", Mode::kNotServing);
  EXPECT_TRUE(IsDown(record, down, kDeadline));
  EXPECT_FALSE(IsDown(record, down, kDeadline - milliseconds(1)));

  OperationRecord proved = record;
  proved.proved = true;
  EXPECT_FALSE(IsDown(proved, down, kDeadline));

  Reality foreign = down;
  foreign.process->started_by_operation = "op-0";
  EXPECT_FALSE(IsDown(record, foreign, kDeadline));

  Reality connected = down;
  connected.quorum_connection = true;
  EXPECT_FALSE(IsDown(record, connected, kDeadline));

  EXPECT_FALSE(IsDown(record, Running("new", Mode::kFollower), kDeadline));
  EXPECT_FALSE(IsDown(record, NotLooked("new"), kDeadline));

  Reality hidden = Gone("new");
  hidden.processes_visible = false;
  EXPECT_FALSE(IsDown(record, hidden, kDeadline));
}

TEST(ServesInQuorumTest, AModeAloneIsNotEnoughWhereBroadcastSaysNo) {
  Reality reality = Running("new");
  EXPECT_TRUE(ServesInQuorum(reality));
  reality.broadcast = Broadcast::kNo;
  EXPECT_FALSE(ServesInQuorum(reality));
  EXPECT_FALSE(ServesInQuorum(Running("new", Mode::kStandalone)));
  EXPECT_FALSE(ServesInQuorum(Running("new", Mode::kNotServing)));
  EXPECT_FALSE(ServesInQuorum(Gone("new")));
}

TEST(DecideStepTest, StatesThatWaitForTheControllerDoNothing) {
  for (const auto state : {OperationState::kIdle,
                           OperationState::kStaging,
                           OperationState::kStaged,
                           OperationState::kCommitted,
                           OperationState::kRolledBack,
                           OperationState::kNeedsOperator}) {
    const auto step = DecideStep(Record(state), Gone("old"), kDeadline);
    EXPECT_FALSE(step.event.has_value());
    EXPECT_EQ(step.act, OperationAct::kNone);
  }
}

}  // namespace
}  // namespace zoowarden::core
