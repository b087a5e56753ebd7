#include "core/operation_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace zoowarden::core {
namespace {

using model::OperationState;

// Written out again from the design, state by state: every pair that is not here is refused.
const std::map<std::string, std::map<std::string, std::string>> kDesign = {
    {"idle", {{"begin", "staging"}}},
    {"staging", {{"stage_done", "staged"}, {"stage_failed", "idle"}, {"close", "idle"}}},
    {"staged", {{"proceed", "stopping"}, {"close", "idle"}}},
    {"stopping",
     {{"stopped", "switching"}, {"permit_refused", "staged"}, {"stop_failed", "rolling_back"}}},
    {"switching", {{"switched", "starting"}, {"switch_failed", "rolling_back"}}},
    {"starting", {{"started", "verifying"}, {"start_failed", "rolling_back"}}},
    {"verifying",
     {{"commit", "committed"},
      {"roll_back", "rolling_back"},
      {"standalone", "rolling_back"},
      {"deadline_down", "rolling_back"},
      {"deadline_not_down", "unconfirmed"},
      {"close", "idle"}}},
    {"unconfirmed",
     {{"commit", "committed"},
      {"roll_back", "rolling_back"},
      {"standalone", "rolling_back"},
      {"proceed", "switching"},
      {"close", "idle"}}},
    {"committed", {{"begin", "staging"}, {"close", "idle"}}},
    {"rolling_back",
     {{"old_restored", "restarting_old"},
      {"permit_refused", "unconfirmed"},
      {"restore_failed", "needs_operator"}}},
    {"restarting_old", {{"old_started", "verifying_old"}, {"old_start_failed", "needs_operator"}}},
    {"verifying_old",
     {{"old_proved", "rolled_back"},
      {"old_start_failed", "needs_operator"},
      {"old_deadline", "needs_operator"},
      {"old_standalone", "needs_operator"}}},
    {"rolled_back", {{"begin", "staging"}, {"close", "idle"}}},
    {"needs_operator",
     {{"roll_back", "rolling_back"},
      {"commit", "committed"},
      {"proceed", "switching"},
      {"close", "idle"}}},
};

std::string Expected(OperationState state, OperationEvent event) {
  const auto& row = kDesign.at(std::string(model::OperationStateName(state)));
  const auto found = row.find(std::string(OperationEventName(event)));
  return found == row.end() ? "refused" : found->second;
}

TEST(OperationTableTest, EveryStateAnswersEveryEventAsDesigned) {
  ASSERT_EQ(AllOperationStates().size(), kDesign.size());
  for (const OperationState state : AllOperationStates()) {
    for (const OperationEvent event : AllOperationEvents()) {
      const auto next = NextState(state, event);
      EXPECT_EQ(next ? model::OperationStateName(*next) : "refused", Expected(state, event))
          << model::OperationStateName(state) << " + " << OperationEventName(event);
    }
  }
}

TEST(OperationTableTest, NamesOfStatesAndEventsAreUniqueAndParseBack) {
  std::set<std::string_view> events;
  for (const OperationEvent event : AllOperationEvents()) {
    EXPECT_NE(OperationEventName(event), "unnamed");
    EXPECT_TRUE(events.insert(OperationEventName(event)).second);
  }
  for (const OperationState state : AllOperationStates()) {
    EXPECT_EQ(model::ParseOperationState(model::OperationStateName(state)), state);
  }
  EXPECT_EQ(model::ParseOperationState("defragmenting"), std::nullopt);
}

TEST(OperationTableTest, OnlyTheControllerCommits) {
  for (const OperationTransition& transition : OperationTransitions()) {
    if (transition.to == OperationState::kCommitted) {
      EXPECT_EQ(transition.event, OperationEvent::kCommit);
    }
  }
}

TEST(OperationTableTest, EveryStateReachesAnEnd) {
  std::set<OperationState> ends = {OperationState::kIdle};
  for (std::size_t round = 0; round < AllOperationStates().size(); ++round) {
    for (const OperationTransition& transition : OperationTransitions()) {
      if (ends.contains(transition.to)) {
        ends.insert(transition.from);
      }
    }
  }
  EXPECT_EQ(ends.size(), AllOperationStates().size());
}

TEST(OperationTableTest, AnUnknownNameIsNeverStartedAgain) {
  EXPECT_EQ(SafeStateForUnknownName(/*process_alive=*/true), OperationState::kNeedsOperator);
  EXPECT_EQ(SafeStateForUnknownName(/*process_alive=*/false), OperationState::kRollingBack);
}

}  // namespace
}  // namespace zoowarden::core
