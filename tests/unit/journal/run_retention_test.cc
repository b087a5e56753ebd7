#include "journal/run_retention.h"

#include "journal/agent_journal.h"
#include "journal/run_store.h"
#include "sys/files.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace zoowarden::journal {
namespace {

using std::chrono::hours;
using Ids = std::vector<std::string>;

constexpr std::int64_t kDay = 24LL * 3'600 * 1'000;

// "n days before the newest".
RunFate Fate(const std::string& id, int days, const std::string& outcome = "succeeded") {
  return {.run_id = id,
          .created_ms = 1'000 * kDay - days * kDay,
          .ended = !outcome.empty(),
          .outcome = outcome};
}

std::vector<RunFate> Many(int count, const std::string& outcome = "succeeded") {
  std::vector<RunFate> runs;
  for (int i = 0; i < count; ++i) {
    runs.push_back(Fate("r" + std::to_string(i), i, outcome));
  }
  return runs;
}

TEST(RunRetentionTest, TheNewestStayUpToTheirNumber) {
  EXPECT_EQ(RunsToForget(Many(14), {.most = 12}), (Ids{"r12", "r13"}));
  EXPECT_EQ(RunsToForget(Many(12), {.most = 12}), Ids{});
  EXPECT_EQ(RunsToForget({}, {}), Ids{});
}

TEST(RunRetentionTest, AgeCountsFromTheMiddleOfTheTenNewestWhichStayWhateverTheirAge) {
  const RunRetention keep{.most = 100, .age = hours(24 * 6)};
  EXPECT_EQ(RunsToForget(Many(14), keep), (Ids{"r12", "r13"}));
  auto old = Many(10);
  for (std::size_t i = 1; i < old.size(); ++i) {
    old[i].created_ms -= 5'000 * kDay;
  }
  EXPECT_EQ(RunsToForget(old, keep), Ids{});
}

// A control machine is a year ahead, or a year behind.
TEST(RunRetentionTest, AWrongClockForgetsNothing) {
  constexpr int kYear = 365;
  for (const int wrong : {-kYear, kYear}) {
    auto runs = Many(20);
    for (int newest = 0; newest < 4; ++newest) {
      runs.insert(runs.begin() + newest, Fate("wrong", wrong));
      EXPECT_EQ(RunsToForget(runs, {}), Ids{}) << wrong << " " << newest;
    }
    for (int later = 0; later < 30; ++later) {
      runs.insert(runs.begin(), Fate("later", -1));
      EXPECT_EQ(RunsToForget(runs, {}), Ids{}) << wrong << " " << later;
    }
  }
}

TEST(RunRetentionTest, WhatIsOpenStaysAndSoDoTheNewest) {
  for (const auto* outcome : {"", "halted", "stuck", "something of a later program"}) {
    auto runs = Many(14, outcome);
    EXPECT_EQ(RunsToForget(runs, {.most = 1}), Ids{}) << outcome;
    runs[3].settles = runs[3].ended = true;
    runs[3].outcome = "succeeded";
    EXPECT_EQ(RunsToForget(runs, {.most = 1}), Ids{"r3"})
        << outcome << ": one server is not the ensemble";
    runs[5] = Fate("r5", 5, "rolled_back");
    const auto forgotten = RunsToForget(runs, {.most = 1});
    EXPECT_EQ(forgotten.size(), 10U) << outcome << ": a later run has closed those before it";
    EXPECT_EQ(std::count(forgotten.begin(), forgotten.end(), "r4"), 0) << outcome;
    EXPECT_EQ(std::count(forgotten.begin(), forgotten.end(), "r6"), 1) << outcome;
  }
}

TEST(RunRetentionTest, StartingMembersClosesNothingAndIsClosed) {
  auto runs = Many(4);
  runs[0].starts = runs[2].starts = true;
  runs[1] = Fate("r1", 1, "refused");
  runs[3] = Fate("r3", 3, "halted");
  EXPECT_EQ(RunsToForget(runs, {.most = 1}), (Ids{"r1", "r2"}));
}

TEST(RunRetentionTest, RefusedRunsCloseNothingAndAreClosed) {
  auto runs = Many(4, "refused");
  runs[3] = Fate("r3", 3, "halted");
  EXPECT_EQ(RunsToForget(runs, {.most = 1}), (Ids{"r1", "r2"}));
}

class StoredRetentionTest : public ::testing::Test {
 protected:
  void Put(int number, const std::string& state, const RunRetention& keep) {
    const auto id = "r" + std::to_string(number);
    ASSERT_TRUE(journal_->PutRun({.run_id = id,
                                  .ensemble = "lab",
                                  .created_ms = number * kDay,
                                  .position = {1, 1},
                                  .state_json = state},
                                 {{.position = {1, 1}, .kind = "run_started"}},
                                 keep,
                                 {}));
  }
  [[nodiscard]] Ids Kept() const {
    Ids ids;
    const auto runs = journal_->runs().List().value();
    for (const auto& run : runs) {
      ids.push_back(run.run_id);
    }
    return ids;
  }

  static constexpr const char* kDone = R"({"state":{"phase":"ended","outcome":"succeeded"}})";
  static constexpr const char* kOpen = R"({"state":{"phase":"rolling","outcome":"open"}})";
  std::unique_ptr<AgentJournal> journal_ = OpenAgentJournalInMemory().value();
};

TEST_F(StoredRetentionTest, ANewRecordTakesThePlaceOfTheOldestWithItsEvents) {
  for (int i = 1; i <= 5; ++i) {
    Put(i, kDone, {.most = 3});
  }
  EXPECT_EQ(Kept(), (Ids{"r5", "r4", "r3"}));
  EXPECT_TRUE(journal_->runs().ListEvents("r2")->empty());
  EXPECT_EQ(journal_->runs().ListEvents("r3")->size(), 1U);
}

TEST_F(StoredRetentionTest, WhatIsHalfRolledStaysWhenMembersWereStarted) {
  constexpr const char* kHalted = R"({"state":{"phase":"ended","outcome":"halted"}})";
  Put(1, kHalted, {.most = 1});
  for (const auto* how : {"repair", "restart"}) {
    Put(how[2] == 'p' ? 2 : 3,
        R"({"state":{"phase":"ended","outcome":"succeeded","servers":[{"id":1},{"id":2,")" +
            std::string(how) + R"(":true}]}})",
        {.most = 1});
  }
  EXPECT_EQ(Kept(), (Ids{"r3", "r1"}));
  Put(4, kDone, {.most = 1});
  EXPECT_EQ(Kept(), Ids{"r4"});
}

TEST_F(StoredRetentionTest, WhatItCannotReadItKeeps) {
  for (const auto* state : {kOpen, "no json", "{}", R"({"state":{"phase":5}})", "[]"}) {
    static int number = 1;
    Put(number++, state, {.most = 1});
  }
  EXPECT_EQ(Kept().size(), 5U);
}

TEST_F(StoredRetentionTest, ARecordThatComesLateIsNotForgottenAtOnce) {
  Put(5, kDone, {.most = 2});
  Put(4, kDone, {.most = 2});
  Put(1, kOpen, {.most = 2});
  EXPECT_EQ(Kept(), (Ids{"r5", "r4", "r1"})) << "somebody goes on with it";
  Put(1, kDone, {.most = 2});
  EXPECT_EQ(Kept(), (Ids{"r5", "r4", "r1"})) << "only a new record makes room";
  Put(6, kDone, {.most = 2});
  EXPECT_EQ(Kept(), (Ids{"r6", "r5"}));
}

}  // namespace
}  // namespace zoowarden::journal
