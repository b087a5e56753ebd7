// One server settled as a person said; whole commands are in tests/sim/settle_command_test.cc.
#include "tests/unit/core/fake_ensemble.h"

#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using model::OperationState;
using testing::FakeEnsemble;

class RunSettleTest : public ::testing::Test {
 protected:
  RunSettleTest() { ensemble_.At(1).generation = "new"; }

  void Wait(OperationState state, const std::string& to = "new") {
    ensemble_.At(1).operation = {.operation_id = "op",
                                 .run_id = "another run",
                                 .state = state,
                                 .from_generation = "old",
                                 .to_generation = to};
  }
  void Settle(SettleVerb verb) {
    ensemble_.state.phase = RunPhase::kSettling;
    ensemble_.state.goal = verb == SettleVerb::kRollBack ? RunGoal::kBack : RunGoal::kForward;
    ensemble_.state.attempt = model::ServerId{1};
    ensemble_.state.settlement = Settlement{.verb = verb, .server = {1}, .operation_id = "op"};
  }
  std::string Outcome() {
    EXPECT_TRUE(ensemble_.Drive());
    return ensemble_.state.outcome_reason;
  }

  FakeEnsemble ensemble_{3, 3};
};

TEST_F(RunSettleTest, ConfirmingTakesGoodRoundsAndOneCall) {
  Wait(OperationState::kUnconfirmed);
  Settle(SettleVerb::kConfirm);
  EXPECT_EQ(Outcome(), "settle.done");
  EXPECT_EQ(ensemble_.log, std::vector<std::string>{"commit 1"});
}

TEST_F(RunSettleTest, ARemovedServerIsConfirmedWhenItIsDownAndNotBefore) {
  Wait(OperationState::kUnconfirmed, /*to=*/"");
  Settle(SettleVerb::kConfirm);
  EXPECT_EQ(Outcome(), "settle.not_proved");
  EXPECT_TRUE(ensemble_.log.empty());
  ensemble_.Crash(1);
  ensemble_.memory = {};
  ensemble_.state.outcome = RunOutcome::kNone;
  Settle(SettleVerb::kConfirm);
  EXPECT_EQ(Outcome(), "settle.done");
}

TEST_F(RunSettleTest, AnotherOperationThanThePersonSawIsNotTouched) {
  Wait(OperationState::kNeedsOperator);
  ensemble_.At(1).operation.operation_id = "another";
  Settle(SettleVerb::kClose);
  EXPECT_EQ(Outcome(), "settle.moved");
  EXPECT_TRUE(ensemble_.log.empty());
}

TEST_F(RunSettleTest, ACheckThatVetoesKeepsItUnconfirmed) {
  Wait(OperationState::kUnconfirmed);
  ensemble_.state.has_checks = true;
  ensemble_.check_passes = false;
  Settle(SettleVerb::kConfirm);
  EXPECT_EQ(Outcome(), "settle.vetoed");
  EXPECT_TRUE(ensemble_.log.empty());
}

TEST_F(RunSettleTest, ARetryStartsNothingBesideAProcessThatRuns) {
  Wait(OperationState::kNeedsOperator);
  Settle(SettleVerb::kRetry);
  EXPECT_EQ(Outcome(), "settle.still_runs");
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRefused);
  EXPECT_NE(ensemble_.state.outcome_text.find("server 1 still has process"), std::string::npos);
  EXPECT_NE(ensemble_.state.outcome_text.find("; end it first"), std::string::npos);
  EXPECT_TRUE(ensemble_.log.empty());
}

TEST_F(RunSettleTest, ARetryStartsNothingWhereProcessesAreHidden) {
  Wait(OperationState::kNeedsOperator);
  ensemble_.Crash(1);
  ensemble_.hides_processes.insert(1);
  Settle(SettleVerb::kRetry);
  EXPECT_EQ(Outcome(), "settle.processes_hidden");
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRefused);
  EXPECT_NE(ensemble_.state.outcome_text.find("the agent of server 1"), std::string::npos);
  EXPECT_NE(ensemble_.state.outcome_text.find("; give it that right"), std::string::npos);
  EXPECT_TRUE(ensemble_.log.empty());
}

TEST_F(RunSettleTest, GoingBackEndsAsRolledBack) {
  Wait(OperationState::kUnconfirmed);
  Settle(SettleVerb::kRollBack);
  EXPECT_EQ(Outcome(), "settle.rolled_back");
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_NE(ensemble_.state.outcome_text.find("server 1, operation op: rolled_back"),
            std::string::npos)
      << ensemble_.state.outcome_text;
}

TEST_F(RunSettleTest, AnAgentThatRefusesIsNotAskedForEver) {
  Wait(OperationState::kNeedsOperator);
  ensemble_.refuses.insert(1);
  Settle(SettleVerb::kClose);
  EXPECT_EQ(Outcome(), "agent.refuses");
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRefused);
}

TEST_F(RunSettleTest, APermitThatExpiresLeadsToTheNextOneAndNotForEver) {
  Wait(OperationState::kUnconfirmed);
  ensemble_.expiring_permits = 100;
  Settle(SettleVerb::kRollBack);
  EXPECT_EQ(Outcome(), "permit.refused");
  EXPECT_EQ(ensemble_.Generations(), "new old old");
}

}  // namespace
}  // namespace zoowarden::core
