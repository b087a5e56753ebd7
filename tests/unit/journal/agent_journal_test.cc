#include "journal/agent_journal.h"

#include "journal/database.h"
#include "sys/files.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace zoowarden::journal {
namespace {

OperationRow AnOperation(std::string id, std::string state) {
  return {.operation_id = std::move(id),
          .run_id = "r1",
          .epoch = 7,
          .sequence = 3,
          .kind = "restart",
          .from_generation = "aaaa",
          .to_generation = "bbbb",
          .state = std::move(state),
          .outcome = "",
          .outcome_reason = "",
          .proved = true,
          .started_pid = 4242,
          .started_time = 99'000'000'000,
          .deadline_ms = 123'456,
          .boot_id = "boot",
          .payload_json = R"({"a":1})"};
}

TransitionRow ATransition(std::string to) {
  return {.time_ms = 1,
          .operation_id = "o1",
          .from_state = "staged",
          .event = "proceed",
          .to_state = std::move(to),
          .detail = "permit p1"};
}

RecordedCall ACall(std::string outcome) {
  return {.key = {.run_id = "r1", .epoch = 7, .operation_id = "o1", .sequence = 3},
          .method = "/zoowarden.v1.OperateService/Proceed",
          .outcome = std::move(outcome)};
}

class AgentJournalTest : public ::testing::Test {
 protected:
  AgentJournalTest() : journal_(OpenAgentJournalInMemory().value()) {}
  std::unique_ptr<AgentJournal> journal_;
};

TEST_F(AgentJournalTest, BeginsEmpty) {
  EXPECT_EQ(journal_->LastOperation().value(), std::nullopt);
  EXPECT_EQ(journal_->LoadLease().value(), LeaseRow{});
  EXPECT_EQ(journal_->LoadProved().value(), std::nullopt);
}

TEST_F(AgentJournalTest, GivesBackEveryFieldOfAnOperation) {
  const OperationRow row = AnOperation("o1", "staged");
  ASSERT_TRUE(journal_->Commit({.operation = row}));
  EXPECT_EQ(journal_->FindOperation("o1").value(), row);
  OperationRow changed = row;
  changed.state = "stopping";
  changed.run_id = "r2";
  changed.epoch = std::numeric_limits<std::uint64_t>::max();
  changed.outcome = "it failed";
  changed.outcome_reason = "start.timeout";
  changed.proved = false;
  ASSERT_TRUE(journal_->Commit({.operation = changed}));
  EXPECT_EQ(journal_->FindOperation("o1").value(), changed);
}

TEST_F(AgentJournalTest, TheLastOperationIsTheOneThatBeganLast) {
  ASSERT_TRUE(journal_->Commit({.operation = AnOperation("o2", "idle")}));
  ASSERT_TRUE(journal_->Commit({.operation = AnOperation("o1", "idle")}));
  ASSERT_TRUE(journal_->Commit({.operation = AnOperation("o2", "committed")}));
  EXPECT_EQ(journal_->LastOperation().value()->operation_id, "o1");
}

TEST_F(AgentJournalTest, TransitionsKeepTheirOrder) {
  ASSERT_TRUE(journal_->Commit({.transition = ATransition("stopping")}));
  ASSERT_TRUE(journal_->Commit({.transition = ATransition("switching")}));
  TransitionRow other = ATransition("x");
  other.operation_id = "o2";
  ASSERT_TRUE(journal_->Commit({.transition = other}));
  EXPECT_EQ(journal_->ListTransitions("o1").value(),
            (std::vector{ATransition("stopping"), ATransition("switching")}));
}

TEST_F(AgentJournalTest, ARepeatedCallFindsTheRecordedOutcome) {
  const std::string bytes("\0\xff binary", 9);
  EXPECT_EQ(journal_->FindCall(ACall("").key).value(), std::nullopt);
  ASSERT_TRUE(journal_->Commit({.call = ACall(bytes)}));
  const auto found = journal_->FindCall(ACall("").key);
  ASSERT_TRUE(found.value());
  EXPECT_EQ((*found)->outcome, bytes);
  EXPECT_EQ((*found)->method, "/zoowarden.v1.OperateService/Proceed");
}

TEST_F(AgentJournalTest, EveryPartOfTheKeyCounts) {
  ASSERT_TRUE(journal_->Commit({.call = ACall("x")}));
  CallKey key = ACall("").key;
  key.sequence = 4;
  EXPECT_EQ(journal_->FindCall(key).value(), std::nullopt);
  key = ACall("").key;
  key.epoch = 8;
  EXPECT_EQ(journal_->FindCall(key).value(), std::nullopt);
  key = ACall("").key;
  key.operation_id = "o2";
  EXPECT_EQ(journal_->FindCall(key).value(), std::nullopt);
}

TEST_F(AgentJournalTest, AChangeIsAllOrNothing) {
  ASSERT_TRUE(journal_->Commit({.call = ACall("first")}));
  const auto again = journal_->Commit({.operation = AnOperation("o1", "stopping"),
                                       .transition = ATransition("stopping"),
                                       .call = ACall("second")});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "journal.call_recorded");
  EXPECT_EQ(journal_->LastOperation().value(), std::nullopt);
  EXPECT_TRUE(journal_->ListTransitions("o1")->empty());
  EXPECT_EQ((*journal_->FindCall(ACall("").key))->outcome, "first");
}

TEST_F(AgentJournalTest, TheEpochNeverGoesDown) {
  const LeaseRow lease{.epoch = 5, .holder = "a", .run_id = "r1", .text = "t"};
  ASSERT_TRUE(journal_->SaveLease(lease, {}));
  EXPECT_EQ(journal_->SaveLease({.epoch = 4, .holder = "a"}, {}).error().reason(),
            "journal.lower_epoch");
  EXPECT_EQ(journal_->LoadLease().value(), lease);
}

TEST_F(AgentJournalTest, TheSameEpochIsTheSameHoldersOnly) {
  ASSERT_TRUE(journal_->SaveLease({.epoch = 5, .holder = "a", .text = "held"}, {}));
  EXPECT_FALSE(journal_->SaveLease({.epoch = 5, .holder = "b"}, {}));
  ASSERT_TRUE(journal_->SaveLease({.epoch = 5, .holder = "a", .text = "released"}, {}));
  EXPECT_EQ(journal_->LoadLease()->text, "released");
  ASSERT_TRUE(journal_->SaveLease({.epoch = 6, .holder = "b"}, {}));
}

// tests/fixtures/journal: written by the program of schema version 3, before values had copies.
TEST(AgentJournalFileTest, AJournalOfVersionThreeIsTakenOverWhole) {
  const auto directory = sys::TempDir::Create("/tmp", "zw-journal-").value();
  const auto path = directory.path() / "journal.db";
  std::filesystem::copy_file(ZOOWARDEN_FIXTURES "/journal/agent-journal-v3.db", path);
  for (int opened = 0; opened < 2; ++opened) {
    const auto journal = OpenAgentJournal(path, {.lived_here = true});
    ASSERT_TRUE(journal) << journal.error().message();
    const auto last = (*journal)->LastOperation().value().value();
    EXPECT_EQ(last.state, "needs_operator");
    EXPECT_EQ(last.outcome_reason, "rollback.deadline");
    EXPECT_EQ(last.started_pid, 4711);
    EXPECT_EQ((*journal)->ListTransitions("o1")->size(), 1U);
    const CallKey begin{.run_id = "r1", .epoch = 3, .operation_id = "o1", .sequence = 7};
    EXPECT_EQ((*journal)->FindCall(begin).value().value().outcome, R"({"state":"staging"})");
    EXPECT_EQ((*journal)->LoadLease()->epoch, 3U);
    EXPECT_EQ((*journal)->LoadProved().value(),
              (ProvedRow{.zxid = 0x500000007, .device = 9, .boot_id = "boot", .file_system = ""}));
    EXPECT_EQ((*journal)->runs().ListEvents("r1")->size(), 1U);
  }
}

TEST_F(AgentJournalTest, TheProvedZxidNeverGoesDown) {
  ASSERT_TRUE(journal_->SaveProved({.zxid = 0x900000001, .device = 1, .boot_id = "a"}));
  ASSERT_TRUE(journal_->SaveProved({.zxid = 5, .device = 2, .boot_id = "b"}));
  EXPECT_EQ(journal_->LoadProved().value(),
            (ProvedRow{.zxid = 0x900000001, .device = 2, .boot_id = "b"}));
}

TEST_F(AgentJournalTest, KeepsCopiesOfRuns) {
  const RunRow run{.run_id = "r1", .ensemble = "lab", .position = {1, 1}, .state_json = "{}"};
  ASSERT_TRUE(journal_->runs().Put(run, {}));
  EXPECT_EQ(journal_->runs().Find("r1").value(), run);
}

TEST(AgentJournalFileTest, EverythingIsThereAfterOpeningAgain) {
  auto directory = sys::TempDir::Create("/tmp", "zw-journal-");
  ASSERT_TRUE(directory);
  const auto path = directory->path() / "journal.db";
  {
    const auto journal = OpenAgentJournal(path);
    ASSERT_TRUE(journal) << journal.error().message();
    ASSERT_TRUE((*journal)->Commit({.operation = AnOperation("o1", "staged")}));
    ASSERT_TRUE((*journal)->SaveLease({.epoch = 5, .holder = "a"}, {}));
  }
  const auto journal = OpenAgentJournal(path);
  ASSERT_TRUE(journal) << journal.error().message();
  EXPECT_EQ((*journal)->LastOperation().value(), AnOperation("o1", "staged"));
  EXPECT_EQ((*journal)->LoadLease()->epoch, 5U);
}

}  // namespace
}  // namespace zoowarden::journal
