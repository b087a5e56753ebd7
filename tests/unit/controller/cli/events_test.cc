#include "controller/cli/event_tail.h"
#include "tests/unit/controller/cli/run_fixture.h"

namespace zoowarden::controller {
namespace {

class EventsTest : public RunsTest {
 protected:
  void SetUp() override {
    RunsTest::SetUp();
    auto old = Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded), 1, 1);
    old.events = {{.epoch = 1,
                   .sequence = 1,
                   .time_ms = 1'700'000'000'250,
                   .kind = "run_started",
                   .text = "first\x1b[2J"}};
    Store(old);
    auto young = Record(File("r-2", 1'700'000'100'000), 2, 1);
    young.events = {{.epoch = 2,
                     .sequence = 1,
                     .time_ms = 1'700'000'100'250,
                     .kind = "proceed",
                     .server = {2},
                     .text = "second"}};
    Store(young);
  }
};

TEST_F(EventsTest, AreOneLineEachAndTheOldestRunIsFirst) {
  const auto outcome = Run({"events"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "2023-11-14T22:13:20Z  r-1            run_started: first?[2J\n"
            "2023-11-14T22:15:00Z  r-2  server 2  proceed: second\n");
}

TEST_F(EventsTest, OfOneRunAsJsonAreOneObjectALine) {
  EXPECT_EQ(Run({"events", "r-2", "-o", "json"}).out,
            R"({"schema_version":1,"run":"r-2","epoch":2,"sequence":1,)"
            R"("time":"2023-11-14T22:15:00.250Z","time_ms":1700000100250,"kind":"proceed",)"
            R"("server":2,"text":"second","evidence":null})"
            "\n");
}

TEST_F(EventsTest, WhatCannotBeSeenIsSaid) {
  words_.records = {
      {{1}, base::Fail(base::ErrorCode::kUnavailable, "server 1: connection refused")},
      {{2}, std::vector<RunRecord>{{.run_id = "r-3", .state_json = "{"}}}};
  const auto outcome = Run({"events"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("second"), std::string::npos);
  EXPECT_NE(outcome.err.find("warning: events may be missing: server 1: connection refused\n"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("warning: events may be missing: the copy of run r-3 (server 2)"),
            std::string::npos)
      << outcome.err;
}

TEST_F(EventsTest, OfAnUnknownRunAreAnError) {
  const auto outcome = Run({"events", "r-9"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("there is no run 'r-9'"), std::string::npos);
}

TEST(EventTailTest, GivesEachEventOnceInWhateverOrderCopiesArrive) {
  EventTail tail;
  KnownRun run;
  run.record.run_id = "r-1";
  run.record.events = {{.epoch = 1, .sequence = 2, .kind = "b"}};
  EXPECT_EQ(tail.Take(run).size(), 1U);
  run.record.events = {{.epoch = 1, .sequence = 1, .kind = "a"},
                       {.epoch = 1, .sequence = 2, .kind = "b"},
                       {.epoch = 2, .sequence = 1, .kind = "c"}};
  const auto fresh = tail.Take(run);
  ASSERT_EQ(fresh.size(), 2U);
  EXPECT_EQ(fresh[0].kind, "a");
  EXPECT_EQ(fresh[1].kind, "c");
  run.record.run_id = "r-2";
  EXPECT_EQ(tail.Take(run).size(), 3U) << "another run has numbers of its own";
}

}  // namespace
}  // namespace zoowarden::controller
