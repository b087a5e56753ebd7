#include "tests/unit/core/operation_step_values.h"

#include <gtest/gtest.h>

#include <string>

namespace zoowarden::core {
namespace {

using model::Broadcast;
using model::Mode;
using model::OperationState;
using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST(StoppingTest, AMemberThatCouldNotBeStartedAgainIsNotStopped) {
  Reality hidden = Running("old");
  hidden.permit_valid = true;
  EXPECT_EQ(DecideStep(Record(OperationState::kStopping), hidden, kNow).act,
            OperationAct::kSignalStop);
  hidden.processes_visible = false;
  const OperationStep step = DecideStep(Record(OperationState::kStopping), hidden, kNow);
  EXPECT_EQ(step.act, OperationAct::kNone);
  EXPECT_EQ(Said(step), "permit_refused");
  EXPECT_EQ(step.reason, "stop.processes_hidden");
}

TEST(HiddenTest, WhatPassesInAMomentIsWaitedForAndNothingIsDoneMeanwhile) {
  for (const OperationState state : {OperationState::kStopping,
                                     OperationState::kSwitching,
                                     OperationState::kStarting,
                                     OperationState::kRollingBack,
                                     OperationState::kRestartingOld}) {
    Reality hidden = Gone("old");
    hidden.processes_visible = false;
    hidden.hidden_since = kNow;
    const OperationStep early = DecideStep(Record(state), hidden, kNow + seconds(9));
    EXPECT_EQ(Said(early), "nothing") << static_cast<int>(state);
    EXPECT_EQ(early.act, OperationAct::kNone);
    const OperationStep late = DecideStep(Record(state), hidden, kNow + kHiddenPatience);
    EXPECT_NE(late.reason.find("processes_hidden"), std::string::npos) << late.reason;
  }
}

TEST(StoppingTest, AnAbsentProcessIsProofOnlyWhereProcessesAreVisible) {
  Reality reality = Gone("old");
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kStopping), reality, kNow)), "stopped");
  reality.processes_visible = false;
  reality.processes_problem = "process 41 may not be looked at";
  const OperationStep blind = DecideStep(Record(OperationState::kStopping), reality, kNow);
  EXPECT_EQ(Said(blind), "stop_failed");
  EXPECT_EQ(blind.reason, "stop.processes_hidden");
  EXPECT_NE(blind.detail.find(reality.processes_problem), std::string::npos) << blind.detail;
}

// Reason, what it is about, and what to do, of those that a person has to end.
TEST(SentencesTest, WhatAPersonHasToEndNamesProcessOrServerAndTheNextStep) {
  Reality hidden = Gone("old");
  hidden.processes_visible = false;
  struct Row {
    OperationState state;
    Reality reality;
    model::Instant now;
    const char* reason;
    const char* object;
  };
  const Row rows[] = {
      {OperationState::kStopping, hidden, kNow, "stop.processes_hidden", "this agent"},
      {OperationState::kSwitching, Running("old"), kNow, "switch.process_appeared", "process 11"},
      {OperationState::kStarting, Running("old"), kNow, "start.other_process", "process 11"},
      {OperationState::kVerifying, Running("new"), kDeadline, "verify.unconfirmed", "the server"},
      {OperationState::kVerifying,
       Running("new", Mode::kStandalone),
       kNow,
       "start.standalone",
       "the server"},
  };
  for (const Row& row : rows) {
    const auto step = DecideStep(Record(row.state), row.reality, row.now);
    EXPECT_EQ(step.reason, row.reason);
    EXPECT_EQ(step.act, OperationAct::kNone) << row.reason;
    EXPECT_NE(step.detail.find(row.object), std::string::npos) << step.detail;
    EXPECT_NE(step.detail.find("; "), std::string::npos) << step.detail;
  }
}

TEST(SwitchingTest, SwitchesOnceAndNeverUnderAProcess) {
  EXPECT_EQ(DecideStep(Record(OperationState::kSwitching), Gone("old"), kNow).act,
            OperationAct::kSwitchToNew);
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kSwitching), Gone("new"), kNow)), "switched");
  EXPECT_EQ(Said(DecideStep(Record(OperationState::kSwitching), Running("old"), kNow)),
            "switch_failed");
  Reality hidden = Gone("old");
  hidden.processes_visible = false;
  const OperationStep blind = DecideStep(Record(OperationState::kSwitching), hidden, kNow);
  EXPECT_EQ(Said(blind), "switch_failed");
  EXPECT_EQ(blind.reason, "start.processes_hidden");
}

TEST(SwitchingTest, ACurrentThatCannotBeReadIsNotNoGeneration) {
  Reality reality = Gone("");
  reality.current_problem = "input/output error";
  OperationRecord removal = Record(OperationState::kSwitching);
  removal.to.clear();
  EXPECT_EQ(DecideStep(removal, reality, kNow).act, OperationAct::kSwitchToNew);
  OperationRecord first = Record(OperationState::kRollingBack);
  first.from.clear();
  EXPECT_EQ(DecideStep(first, reality, kNow).act, OperationAct::kSwitchToOld);
  reality.switched = true;
  EXPECT_EQ(Said(DecideStep(removal, reality, kNow)), "switch_failed");
  EXPECT_EQ(Said(DecideStep(first, reality, kNow)), "restore_failed");
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
  reality.launch_error = base::Error(base::ErrorCode::kUnavailable, "start.locked", "busy");
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
  reality.restart = Restart::kBySupervisor;
  reality.restart_text = "systemd restarted it";
  const OperationStep forward = DecideStep(Record(OperationState::kStarting), reality, kNow);
  EXPECT_EQ(Said(forward), "started");
  EXPECT_EQ(forward.reason, "start.restarted");
  EXPECT_EQ(forward.detail, "systemd restarted it");
  reality.process->generation = "old";
  const OperationStep back = DecideStep(Record(OperationState::kRestartingOld), reality, kNow);
  EXPECT_EQ(Said(back), "old_started");
  EXPECT_EQ(back.reason, "");
}

TEST(StartingTest, ASupervisorThatCannotBeAskedIsWaitedForAndThenVouchesForNothing) {
  Reality reality = Running("new");
  reality.restart = Restart::kUnknown;
  reality.launched = kNow;
  const auto record = Record(OperationState::kStarting);
  EXPECT_EQ(Said(DecideStep(record, reality, kNow + seconds(9))), "nothing");
  const OperationStep step = DecideStep(record, reality, kNow + kLaunchPatience);
  EXPECT_EQ(Said(step), "started");
  EXPECT_EQ(step.reason, "start.not_vouched_for");
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

TEST(SeveralProcessesTest, AreNoStartAndNoStop) {
  Reality reality = Running("new");
  reality.several = true;
  const OperationStep start = DecideStep(Record(OperationState::kStarting), reality, kNow);
  EXPECT_EQ(Said(start), "start_failed");
  EXPECT_EQ(start.reason, "start.two_processes");
  EXPECT_FALSE(ServesInQuorum(reality));
  reality.mode = Mode::kNotServing;
  reality.quorum_connection = false;
  EXPECT_FALSE(IsDown(Record(OperationState::kVerifying), reality, kDeadline));
  reality.permit_valid = true;
  const OperationStep stop = DecideStep(Record(OperationState::kStopping), reality, kNow);
  EXPECT_EQ(Said(stop), "permit_refused");
  EXPECT_EQ(stop.reason, "start.two_processes");
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
  const OperationRecord record = Record(OperationState::kVerifying);
  EXPECT_EQ(Said(DecideStep(record, reality, kDeadline)), "deadline_not_down");
  reality.restart = Restart::kBySupervisor;
  const OperationStep step = DecideStep(record, reality, kDeadline);
  EXPECT_EQ(Said(step), "deadline_down");
  EXPECT_EQ(step.reason, "start.restarted");
  reality.quorum_connection = true;
  EXPECT_EQ(Said(DecideStep(record, reality, kDeadline)), "deadline_not_down");
}

TEST(VerifyingTest, ASupervisorThatCannotBeAskedMakesNothingDown) {
  Reality reality = Running("new", Mode::kNotServing);
  reality.process->started_by_operation = "";
  reality.restart = Restart::kUnknown;
  const auto record = Record(OperationState::kVerifying);
  EXPECT_EQ(Said(DecideStep(record, reality, kDeadline)), "deadline_not_down");
  // What the journal names as started by the operation needs nobody to vouch for it.
  reality.process->started_by_operation = record.operation_id;
  EXPECT_EQ(Said(DecideStep(record, reality, kDeadline)), "deadline_down");
  reality.proved = true;
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

}  // namespace
}  // namespace zoowarden::core
