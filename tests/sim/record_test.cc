// What is stored of a run, and when: first on a majority of agents, then here, and only then done.
#include "tests/sim/roll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::sim {
namespace {

using core::RunOutcome;
using std::chrono::milliseconds;
using testing::ElementsAreArray;

std::vector<std::string> Lines(const std::vector<controller::RunEvent>& events) {
  std::vector<std::string> lines;
  for (const auto& event : events) {
    lines.push_back(std::to_string(event.epoch) + "/" + std::to_string(event.sequence) + " " +
                    event.kind + " " + model::ToString(event.server) + " " + event.text);
  }
  return lines;
}

std::vector<std::string> Here(Roll& roll) { return Lines(roll.journal.Load("run1")->events); }
std::vector<std::string> There(Roll& roll, std::uint32_t id) {
  return Lines(roll.agents.agent({id}).records["run1"].events);
}

std::size_t CountPuts() {
  Roll roll;
  std::size_t puts = 0;
  roll.agents.before_put = [&] { ++puts; };
  EXPECT_TRUE(roll.Drive(roll.NewRun()));
  return puts;
}

TEST(RecordTest, EveryCopyTellsTheSameWhicheverRecordReachedTooFewAgents) {
  const auto puts = CountPuts();
  for (std::size_t at = 1; at < puts; ++at) {  // the first one begins the run or does not
    Roll roll;
    std::size_t count = 0;
    roll.agents.before_put = [&] { ++count; };
    roll.agents.stores = [&](model::ServerId id) { return count != at + 1 || id.value == 1; };
    const auto result = roll.Drive(roll.NewRun());
    ASSERT_TRUE(result) << result.error().message();
    ASSERT_EQ(result->state.outcome, RunOutcome::kSucceeded)
        << "put " << at << ": " << result->state.outcome_text;
    for (const std::uint32_t id : {1U, 2U, 3U}) {
      EXPECT_THAT(There(roll, id), ElementsAreArray(Here(roll))) << "put " << at;
    }
  }
}

TEST(RecordTest, WhatReachedTooFewAgentsIsNotHereAndNotDone) {
  Roll roll;
  bool few = false;
  std::vector<std::string> here;
  std::vector<std::string> called;
  std::size_t puts = 0;
  roll.agents.before_put = [&] {
    const auto& calls = roll.agents.calls;
    few = !calls.empty() && calls.back().starts_with("permit") && ++puts < 5;
    if (few && here.empty()) {
      here = Here(roll);
      called = calls;
    }
    if (few) {
      EXPECT_THAT(Here(roll), ElementsAreArray(here));
      EXPECT_THAT(calls, ElementsAreArray(called));
    }
  };
  roll.agents.stores = [&](model::ServerId id) { return !few || id.value == 1; };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_GE(puts, 5U);
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
}

TEST(RecordTest, AFullDiskHereStopsTheRunAndLosesNothing) {
  Roll roll;
  roll.agents.on_tick = [&] { roll.journal.full = roll.Proceeded().size() == 1; };
  const auto stopped = roll.Drive(roll.NewRun());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(roll.Proceeded().size(), 1U);
  roll.agents.on_tick = [] {};
  roll.journal.full = false;
  roll.agents.Pass(milliseconds(20'000));
  const auto resumed = roll.Resume(core::RunGoal::kForward);
  ASSERT_TRUE(resumed) << resumed.error().message();
  EXPECT_EQ(resumed->state.outcome, RunOutcome::kSucceeded) << resumed->state.outcome_text;
}

TEST(RecordTest, AControllerKilledWhileItStoresIsResumedWhoeverHasTheRecord) {
  struct Killed {};
  const auto puts = CountPuts();
  for (std::size_t at = 1; at < puts; ++at) {
    Roll roll;
    std::size_t count = 0;
    bool dead = false;
    roll.agents.before_put = [&] { ++count; };
    roll.agents.stores = [&](model::ServerId id) {
      // The agents are asked in order: the last one never hears of it.
      if (count == at + 1 && id.value == 2 && !dead) {
        dead = true;
        throw Killed{};
      }
      return true;
    };
    EXPECT_THROW(static_cast<void>(roll.Drive(roll.NewRun())), Killed);
    roll.agents.Pass(milliseconds(4'000));
    const auto resumed = roll.Resume(core::RunGoal::kForward);
    ASSERT_TRUE(resumed) << resumed.error().message();
    EXPECT_EQ(resumed->state.outcome, RunOutcome::kSucceeded)
        << "killed in put " << at << ": " << resumed->state.outcome_text;
    EXPECT_EQ(roll.Versions(), "3.9.4 3.9.4 3.9.4");
  }
}

TEST(RecordTest, EventsCarryWhatTheyWereConcludedFrom) {
  Roll roll;
  ASSERT_TRUE(roll.Drive(roll.NewRun()));
  std::map<std::string, std::string> evidence;
  const auto record = roll.journal.Load("run1");
  for (const auto& event : record->events) {
    evidence[event.kind] = event.json;
  }
  EXPECT_THAT(evidence["preflight_passed"], testing::HasSubstr(R"("canary":"0x)"));
  EXPECT_THAT(evidence["stop_intended"], testing::HasSubstr(R"("server 2":"proved: pid)"));
  EXPECT_THAT(evidence["gate_passed"], testing::HasSubstr(R"("durable_zxid":"0x)"));
  EXPECT_THAT(evidence["gate_passed"], testing::HasSubstr(R"("generation":"new")"));
  EXPECT_EQ(evidence["leader_changed"], R"({"from":"3","to":"2"})");
  EXPECT_EQ(evidence["rolled"], "");
}

TEST(RecordTest, WhatTheLastActionsCameToIsStored) {
  Roll roll;
  bool refused = false;
  roll.agents.before_call = [&](const std::string& method, model::ServerId id) {
    refused = refused || (method == "begin" && id.value == 2);
    roll.agents.agent(id).reachable = !refused || id.value != 2;
  };
  roll.stop = [&] { return refused; };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(result->interrupted);
  EXPECT_THAT(Here(roll), testing::Contains(testing::HasSubstr("stage_failed 2 cut off")));
}

}  // namespace
}  // namespace zoowarden::sim
