#include "agent/operation/durable_journal.h"

#include "agent/operation/lease_keeper.h"
#include "journal/agent_journal.h"
#include "sys/manual_clock.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

class DurableJournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<journal::AgentJournal> file = *journal::OpenAgentJournalInMemory();
  DurableOperationJournal journal{*file};
  CallIdentity call{.run = {.run_id = "run-1", .epoch = 4, .holder = "me"},
                    .operation_id = "op-1",
                    .sequence = 9};
};

TEST_F(DurableJournalTest, BeforeTheFirstOperationThereIsAnEmptyOne) {
  const auto loaded = journal.LoadOperation();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_TRUE(loaded->operation_id.empty());
}

TEST_F(DurableJournalTest, EveryFieldOfAnOperationComesBack) {
  const StoredOperation saved{.operation_id = "op-1",
                              .run_id = "run-1",
                              .epoch = 4,
                              .kind = "remove",
                              .state = "verifying",
                              .from = "aaaa",
                              .to = "bbbb",
                              .proved = true,
                              .made_data = true,
                              .deadline = std::chrono::milliseconds(123456),
                              .boot_id = "boot",
                              .step_timeout = std::chrono::seconds(40),
                              .stop_timeout = std::chrono::seconds(20),
                              .started = {.pid = 77, .start_time = 5000000000},
                              .started_by = "op-1",
                              .served = {.pid = 78, .start_time = 6000000000},
                              .intended = {.pid = 75, .start_time = 3000000000},
                              .intended_at = std::chrono::milliseconds(998),
                              .signalled = {.pid = 76, .start_time = 4000000000},
                              .signalled_at = std::chrono::milliseconds(999),
                              .failure = "it said \"no\"",
                              .failure_reason = "verify.deadline",
                              .transitions = 6,
                              .changes = 9};
  ASSERT_TRUE(journal.Save({.operation = &saved}).has_value());
  const auto loaded = journal.LoadOperation();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->state, saved.state);
  EXPECT_EQ(loaded->from + loaded->to, "aaaabbbb");
  EXPECT_TRUE(loaded->proved);
  EXPECT_TRUE(loaded->made_data);
  EXPECT_EQ(loaded->kind, "remove");
  EXPECT_EQ(loaded->deadline, saved.deadline);
  EXPECT_EQ(loaded->boot_id, saved.boot_id);
  EXPECT_EQ(loaded->step_timeout, saved.step_timeout);
  EXPECT_EQ(loaded->stop_timeout, saved.stop_timeout);
  EXPECT_EQ(loaded->started, saved.started);
  EXPECT_EQ(loaded->started_by, saved.started_by);
  EXPECT_EQ(loaded->served, saved.served);
  EXPECT_EQ(loaded->intended, saved.intended);
  EXPECT_EQ(loaded->intended_at, saved.intended_at);
  EXPECT_EQ(loaded->signalled, saved.signalled);
  EXPECT_EQ(loaded->signalled_at, saved.signalled_at);
  EXPECT_EQ(loaded->failure, saved.failure);
  EXPECT_EQ(loaded->failure_reason, saved.failure_reason);
  EXPECT_EQ(loaded->transitions, saved.transitions);
  EXPECT_EQ(loaded->changes, saved.changes);
}

// As the first released program wrote it: without a record of what was only intended.
TEST_F(DurableJournalTest, AnOperationOfAnOlderProgramHasNoIntent) {
  const journal::OperationChange older{
      .operation = journal::OperationRow{
          .operation_id = "op-1",
          .state = "stopping",
          .payload_json =
              R"({"signalled_at_ms":999,"signalled_pid":76,"signalled_time":4000000000,)"
              R"("started_by":"","step_timeout_ms":40000,"stop_timeout_ms":20000,"transitions":3})"}};
  ASSERT_TRUE(file->Commit(older).has_value());
  const auto loaded = journal.LoadOperation();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->intended, ProcessIdentity{});
  EXPECT_FALSE(loaded->made_data);
  EXPECT_EQ(loaded->signalled, (ProcessIdentity{.pid = 76, .start_time = 4000000000}));
  EXPECT_EQ(loaded->transitions, 3);
  EXPECT_EQ(loaded->changes, 3U);
  EXPECT_EQ(loaded->served, ProcessIdentity{});
}

TEST_F(DurableJournalTest, OutcomesKeepTheirStateOrTheirError) {
  EXPECT_FALSE(journal.FindOutcome(call)->has_value());
  ASSERT_TRUE(journal
                  .Save({.call = &call,
                         .outcome = RecordedOutcome{.method = "proceed",
                                                    .state = model::OperationState::kStopping}})
                  .has_value());
  const auto kept = *journal.FindOutcome(call);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->method, "proceed");
  EXPECT_EQ(kept->state, model::OperationState::kStopping);
  EXPECT_FALSE(kept->error.has_value());

  call.sequence = 10;
  const base::Error refusal(
      base::ErrorCode::kFailedPrecondition, "permit.unknown", "not \"yours\"");
  ASSERT_TRUE(
      journal
          .Save({.call = &call, .outcome = RecordedOutcome{.method = "proceed", .error = refusal}})
          .has_value());
  const auto refused = *journal.FindOutcome(call);
  ASSERT_TRUE(refused && refused->error);
  EXPECT_EQ(refused->error->code(), refusal.code());
  EXPECT_EQ(refused->error->reason(), refusal.reason());
  EXPECT_EQ(refused->error->message(), refusal.message());
}

TEST_F(DurableJournalTest, TheFenceAndItsReleaseComeBack) {
  sys::ManualClock clock;
  auto lease = *LeaseKeeper::Open(journal, clock, std::chrono::seconds(15));
  ASSERT_TRUE(lease.Acquire(call.run, false).has_value());
  EXPECT_EQ(journal.LoadFence()->owner, call.run);
  EXPECT_FALSE(journal.LoadFence()->released);
  ASSERT_TRUE(lease.Release(call.run).has_value());
  EXPECT_TRUE(journal.LoadFence()->released);
}

}  // namespace
}  // namespace zoowarden::agent
