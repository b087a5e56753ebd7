#include "tests/unit/controller/cli/run_fixture.h"

namespace zoowarden::controller {
namespace {

RunEvent Event(std::uint64_t sequence, const std::string& kind, const std::string& text) {
  return {.epoch = 2,
          .sequence = sequence,
          .time_ms = 1'700'000'000'250,
          .kind = kind,
          .server = {1},
          .text = text};
}

// Something happens in each pause.
class SleepingClock final : public sys::Clock {
 public:
  [[nodiscard]] std::chrono::milliseconds BootTime() override { return clock_.BootTime(); }
  [[nodiscard]] std::chrono::milliseconds WallTime() override { return clock_.WallTime(); }
  void SleepFor(std::chrono::milliseconds duration) override {
    clock_.SleepFor(duration);
    happens(++slept_);
  }
  std::function<void(int)> happens = [](int) {};

 private:
  sys::ManualClock clock_;
  int slept_ = 0;
};

class AttachTest : public RunsTest {
 protected:
  void SetUp() override {
    RunsTest::SetUp();
    clock_ = &sleeping_;
  }
  void HeldBy(const std::string& run_id, int left_ms) {
    words_.leases = {{{1},
                      Lease{.epoch = {2},
                            .holder = "zoowarden://lab/operator " + run_id,
                            .run_id = run_id,
                            .left = std::chrono::milliseconds(left_ms)}}};
  }
  static auto NoAnswer() { return base::Fail(base::ErrorCode::kUnavailable, "no answer"); }
  SleepingClock sleeping_;
};

TEST_F(AttachTest, ARunThatHasEndedIsToldWithItsExitCode) {
  auto record = Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kRolledBack), 2, 2);
  record.events = {Event(1, "gate_failed", "server 1: never joined")};
  Store(record);
  const auto outcome = Run({"attach", "r-1"});
  EXPECT_EQ(outcome.code, 6) << outcome.err;
  EXPECT_NE(outcome.err.find("gate_failed        server 1: never joined"), std::string::npos);
  EXPECT_NE(outcome.err.find("run r-1 was rolled back"), std::string::npos);
}

TEST_F(AttachTest, WhatHappensMeanwhileIsToldOnceUntilTheEnd) {
  auto record = Record(File("r-1", 1'700'000'000'000), 2, 1);
  record.events = {Event(1, "run_started", "off we go")};
  Store(record);
  HeldBy("r-1", 900);
  auto later = Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded), 2, 2);
  later.events = {record.events.front(), Event(2, "run_succeeded", "all new")};
  sleeping_.happens = [&](int slept) {
    if (slept == 2) {
      Store(later);
    }
  };
  const auto outcome = Run({"attach"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto first = outcome.err.find("off we go");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(outcome.err.find("off we go", first + 1), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("all new"), std::string::npos);
}

TEST_F(AttachTest, ARunThatNobodyCarriesOutIsSaidToBeInterrupted) {
  Store(Record(File("r-1", 1'700'000'000'000), 2, 1));
  HeldBy("r-1", 0);
  const auto outcome = Run({"attach", "r-1"});
  EXPECT_EQ(outcome.code, 130);
  EXPECT_NE(outcome.err.find("`zoowarden resume r-1` goes on"), std::string::npos) << outcome.err;
}

// A controller has a majority of the agents: one that is alone without it proves nothing.
TEST_F(AttachTest, AMinorityWithoutALeaseDoesNotSayThatNobodyCarriesItOut) {
  Store(Record(File("r-1", 1'700'000'000'000), 2, 1));
  HeldBy("r-1", 0);
  words_.leases.push_back({{2}, NoAnswer()});
  words_.leases.push_back({{3}, NoAnswer()});
  const auto outcome = Run({"attach", "r-1"});
  EXPECT_EQ(outcome.code, 9) << outcome.err;
  EXPECT_EQ(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
}

TEST_F(AttachTest, WhenNoAgentAnswersItIsSaidAndEndsInTime) {
  Store(Record(File("r-1", 1'700'000'000'000), 2, 1));
  words_.leases = {{{1}, NoAnswer()}, {{2}, NoAnswer()}, {{3}, NoAnswer()}};
  const auto began = sleeping_.BootTime();
  const auto outcome = Run({"attach", "r-1"});
  EXPECT_EQ(outcome.code, 9);
  const std::string said = "warning: too few agents answer to tell what becomes of run r-1";
  const auto first = outcome.err.find(said);
  EXPECT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(said, first + 1), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("for a minute"), std::string::npos);
  EXPECT_LE(sleeping_.BootTime() - began, std::chrono::seconds(61));
}

// Looked at from a machine that has no record of its own.
TEST_F(AttachTest, ALookThatFindsNoRecordIsNotTheEnd) {
  const auto begun = Record(File("r-1", 1'700'000'000'000), 2, 1);
  AgentsHave({begun});
  HeldBy("r-1", 900);
  sleeping_.happens = [&](int slept) {
    if (slept == 2) {
      words_.records = {{{1}, NoAnswer()}};
      words_.record = {{{1}, NoAnswer()}};
      words_.leases = {{{1}, NoAnswer()}};
    } else if (slept == 20) {
      words_.records.clear();
      words_.record.clear();
      AgentsHave(
          {Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded), 2, 2)});
    }
  };
  const auto outcome = Run({"attach", "r-1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("looking on"), std::string::npos) << outcome.err;
}

TEST_F(AttachTest, WithoutAnOpenRunThereIsNothingToShow) {
  Store(Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded), 2, 1));
  const auto outcome = Run({"attach"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("no run is open"), std::string::npos) << outcome.err;
  EXPECT_NE(Run({"attach", "r-9"}).err.find("there is no run 'r-9'"), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::controller
