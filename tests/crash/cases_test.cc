#include "tests/crash/cases.h"

#include "core/operation_table.h"

#include <gtest/gtest.h>

#include <set>

namespace zoowarden::crash {
namespace {

using model::OperationState;

// They wait for the controller: there is no action that could fail or hang.
const std::set<OperationState> kWithoutAction = {OperationState::kIdle,
                                                 OperationState::kStaged,
                                                 OperationState::kCommitted,
                                                 OperationState::kRolledBack,
                                                 OperationState::kNeedsOperator};

TEST(CrashCasesTest, EveryStateHasACaseOfEveryFaultItCanMeet) {
  std::set<std::pair<OperationState, Fault>> covered;
  for (const Case& combination : AllCombinations()) {
    if (!Impossible(combination)) {
      covered.insert({combination.state, combination.fault});
    }
  }
  for (const OperationState state : core::AllOperationStates()) {
    EXPECT_TRUE(covered.contains({state, Fault::kKilledBefore}))
        << model::OperationStateName(state);
    EXPECT_TRUE(covered.contains({state, Fault::kKilledAfter})) << model::OperationStateName(state);
    const bool acts = !kWithoutAction.contains(state);
    EXPECT_EQ(covered.contains({state, Fault::kError}), acts) << model::OperationStateName(state);
    EXPECT_EQ(covered.contains({state, Fault::kHang}), acts) << model::OperationStateName(state);
  }
}

// A case of a state that no controller of this suite would ever reach would test nothing: a new
// state needs its way in cases.cc, or its reason.
TEST(CrashCasesTest, EveryCaseComesThroughItsState) {
  for (const Case& c : GenerateCases()) {
    const auto states = ExpectedStates(c);
    const std::string state(model::OperationStateName(c.state));
    EXPECT_NE(std::find(states.begin(), states.end(), state), states.end()) << c.Name();
  }
}

TEST(CrashCasesTest, EveryExpectedStepIsInTheTableAndEveryCaseEnds) {
  for (const Case& c : GenerateCases()) {
    const auto states = ExpectedStates(c);
    ASSERT_LT(states.size(), static_cast<std::size_t>(core::kMaxTransitions)) << c.Name();
    std::string from = "idle";
    for (const std::string& to : states) {
      bool known = false;
      for (const core::OperationTransition& transition : core::OperationTransitions()) {
        known = known || (model::OperationStateName(transition.from) == from &&
                          model::OperationStateName(transition.to) == to);
      }
      EXPECT_TRUE(known) << c.Name() << ": " << from << " -> " << to;
      from = to;
    }
    EXPECT_TRUE(states.back() == "committed" || states.back() == "rolled_back") << c.Name();
  }
}

TEST(CrashCasesTest, NamesAreUniqueAndTheCoreIsFortyOfThem) {
  std::set<std::string> names;
  for (const Case& c : GenerateCases()) {
    EXPECT_TRUE(names.insert(c.Name()).second) << c.Name();
  }
  std::set<std::string> core;
  for (const Case& c : CoreCases()) {
    EXPECT_TRUE(names.contains(c.Name()));
    core.insert(c.Name());
  }
  EXPECT_EQ(core.size(), 40U);
}

}  // namespace
}  // namespace zoowarden::crash
