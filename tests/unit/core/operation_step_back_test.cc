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

TEST(RollingBackTest, WhereProcessesAreHiddenNothingIsSwitchedBack) {
  Reality hidden = Gone("new");
  hidden.processes_visible = false;
  const auto blind = DecideStep(Record(OperationState::kRollingBack), hidden, kNow);
  EXPECT_EQ(Said(blind), "restore_failed");
  EXPECT_EQ(blind.reason, "stop.processes_hidden");
}

TEST(RollingBackTest, WhatCouldNotBeStartedAgainIsNotStopped) {
  Reality hidden = Running("new");
  hidden.permit_valid = true;
  hidden.processes_visible = false;
  hidden.hidden_since = kNow;
  const auto record = Record(OperationState::kRollingBack);
  EXPECT_EQ(Said(DecideStep(record, hidden, kNow)), "nothing");
  const auto blind = DecideStep(record, hidden, kNow + kHiddenPatience);
  EXPECT_EQ(blind.act, OperationAct::kNone);
  EXPECT_EQ(blind.reason, "stop.processes_hidden");
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

  Reality proved = down;
  proved.proved = true;
  EXPECT_FALSE(IsDown(record, proved, kDeadline));

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
