// Fencing, idempotence and the checks before a call is obeyed.
#include "tests/unit/agent/runner_fixture.h"

namespace zoowarden::agent {
namespace {

using model::OperationState;

class RunnerCallsTest : public test::RunnerFixture {
 protected:
  static std::string ReasonOf(const base::Result<OperationState>& reply) {
    return reply ? "accepted" : reply.error().reason();
  }
};

TEST_F(RunnerCallsTest, ARepeatedCallReturnsTheRecordedOutcomeAndDoesNothing) {
  BeginAndStage();
  const std::string permit = PermitId();
  const CallIdentity call = NextCall();
  ASSERT_TRUE(runner->Proceed(call, permit).has_value());
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  const auto states = journal.States();

  const auto repeated = runner->Proceed(call, permit);
  ASSERT_TRUE(repeated.has_value());
  EXPECT_EQ(*repeated, OperationState::kStopping);
  EXPECT_EQ(journal.States(), states);

  Restart();  // the record outlives the process
  EXPECT_TRUE(runner->Proceed(call, permit).has_value());
  EXPECT_EQ(runner->state(), OperationState::kVerifying);
}

TEST_F(RunnerCallsTest, ARepeatedRefusalStaysARefusal) {
  const CallIdentity call = NextCall();
  EXPECT_EQ(ReasonOf(runner->Commit(call)), "operation.unknown");
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  EXPECT_EQ(ReasonOf(runner->Commit(call)), "operation.unknown");
}

TEST_F(RunnerCallsTest, ASequenceOfAnotherMethodIsRefused) {
  BeginAndStage();
  CallIdentity call = NextCall();
  call.sequence = 1;  // the begin's
  EXPECT_EQ(ReasonOf(runner->Close(call)), "call.sequence_reused");
}

TEST_F(RunnerCallsTest, ALowerEpochIsRefusedEverywhere) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  journal.fence.owner = {.run_id = "run-2", .epoch = 8, .holder = "operator/run-2/b"};
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "fence.stale_epoch");
  EXPECT_EQ(ReasonOf(runner->RollBack(NextCall(), "")), "fence.stale_epoch");
  EXPECT_EQ(ReasonOf(runner->Close(NextCall())), "fence.stale_epoch");
  EXPECT_EQ(PermitId(), "refused: fence.stale_epoch");
  EXPECT_EQ(runner->state(), OperationState::kVerifying);

  run = journal.fence.owner;  // the new holder may
  EXPECT_TRUE(runner->Commit(NextCall()).has_value());
}

TEST_F(RunnerCallsTest, AnEqualEpochOfAnotherHolderIsRefused) {
  BeginAndStage();
  run.holder = "operator/run-1/other";
  EXPECT_EQ(ReasonOf(runner->Close(NextCall())), "fence.stale_epoch");
}

TEST_F(RunnerCallsTest, AnEpochThatWasNeverAcquiredHereIsRefused) {
  run.epoch = 9;
  EXPECT_EQ(ReasonOf(Begin()), "fence.not_acquired");
}

TEST_F(RunnerCallsTest, APermitOfAnOlderEpochCannotBeUsedByANewer) {
  BeginAndStage();
  const std::string permit = PermitId();
  run.epoch = 8;
  journal.fence.owner = run;
  EXPECT_EQ(ReasonOf(runner->Proceed(NextCall(), permit)), "permit.unknown");
  EXPECT_EQ(runner->state(), OperationState::kStaged);
}

TEST_F(RunnerCallsTest, OneOperationAtATime) {
  BeginAndStage();
  operation = "op-2";
  EXPECT_EQ(ReasonOf(Begin()), "operation.in_progress");
}

TEST_F(RunnerCallsTest, AFinishedOperationMakesRoomForTheNext) {
  BeginAndStage();
  ASSERT_TRUE(runner->Close(NextCall()).has_value());
  EXPECT_EQ(ReasonOf(Begin()), "operation.id_reused");
  operation = "op-2";
  EXPECT_EQ(ReasonOf(Begin()), "accepted");
}

TEST_F(RunnerCallsTest, APlanForAnotherCurrentGenerationIsRefused) {
  const auto reply = runner->Begin(
      NextCall(), {.stage = {.existing_generation = "new"}, .from_generation = "older"});
  EXPECT_EQ(ReasonOf(reply), "operation.other_generation");
}

// The way back of a run is an operation of its own, to what is on the server; it must stay open.
TEST_F(RunnerCallsTest, WhereTheHostRefusesOnlyWhatIsThereAlreadyIsBegun) {
  host.begin_error =
      base::Error(base::ErrorCode::kFailedPrecondition, "directory.owner", "somebody's");
  const auto reply =
      runner->Begin(NextCall(), {.stage = {.expected_digest = "new"}, .from_generation = "old"});
  EXPECT_EQ(ReasonOf(reply), "directory.owner");
  EXPECT_EQ(journal.operation.operation_id, "");
  BeginAndStage();
  ProceedWithPermit();
  EXPECT_TRUE(StepUntil(OperationState::kVerifying));
}

TEST_F(RunnerCallsTest, WhereTheHostRefusesARemovalIsBegunAndMayGoBack) {
  host.begin_error =
      base::Error(base::ErrorCode::kFailedPrecondition, "directory.owner", "somebody's");
  const auto reply = runner->Begin(NextCall(), {.kind = kRemoveKind, .from_generation = "old"});
  ASSERT_EQ(ReasonOf(reply), "accepted");
  ASSERT_TRUE(StepUntil(OperationState::kStaged));
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  EXPECT_EQ(ReasonOf(runner->RollBack(NextCall(), "")), "accepted");
}

TEST_F(RunnerCallsTest, AnUnknownKindIsRefusedByName) {
  const auto reply = runner->Begin(
      NextCall(),
      {.kind = "drain", .stage = {.existing_generation = "new"}, .from_generation = "old"});
  EXPECT_EQ(ReasonOf(reply), "operation.unknown_kind");
}

TEST_F(RunnerCallsTest, ARepeatedPermitRequestGetsTheSamePermitWithLessTime) {
  BeginAndStage();
  const CallIdentity call = NextCall();
  const auto first = runner->RequestPermit(call);
  clock.Advance(std::chrono::seconds(2));
  const auto second = runner->RequestPermit(call);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(first->valid, model::kPermitLife);
  EXPECT_EQ(second->valid, model::kPermitLife - std::chrono::seconds(2));
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(runner->RequestPermit(call).error().reason(), "permit.expired");
}

}  // namespace
}  // namespace zoowarden::agent
