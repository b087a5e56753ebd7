#include "core/operation_facts.h"

#include "tests/support/generated_part.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace zoowarden::core {
namespace {

TEST(OperationFactsTest, EveryStateHasOneEntryInTheTablesOrder) {
  const auto states = AllOperationStates();
  const auto facts = AllOperationStateFacts();
  ASSERT_EQ(facts.size(), states.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    EXPECT_EQ(facts[i].state, states[i]) << i;
    EXPECT_FALSE(facts[i].server.empty()) << model::OperationStateName(states[i]);
    EXPECT_EQ(facts[i].action.empty(), facts[i].checks.empty())
        << model::OperationStateName(states[i]) << " must look before it acts";
  }
}

TEST(OperationFactsTest, EveryEventHasOneEntryInTheTablesOrder) {
  const auto events = AllOperationEvents();
  const auto facts = AllOperationEventFacts();
  ASSERT_EQ(facts.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(facts[i].event, events[i]) << i;
    EXPECT_FALSE(facts[i].meaning.empty()) << OperationEventName(events[i]);
  }
}

TEST(OperationFactsTest, ThePageIsNotStale) {
  std::ifstream file(ZOOWARDEN_OPERATION_PAGE);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto fresh = test::WithGenerated(page, PrintOperationTables());
  ASSERT_TRUE(fresh) << ZOOWARDEN_OPERATION_PAGE << " has lost its markers";
  EXPECT_EQ(page, *fresh) << "docs/operation-states.md is stale; regenerate it: ./x docs";
}

}  // namespace
}  // namespace zoowarden::core
