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
const std::set<OperationState> kOnTheWayBackOnly = {OperationState::kRollingBack,
                                                    OperationState::kRestartingOld,
                                                    OperationState::kVerifyingOld,
                                                    OperationState::kRolledBack};

// Of the states that act, one by one: what has no action there, and what the forward case is.
const std::set<std::string> kWithoutThisAction = {
    "removal/forward/staging/error",       "removal/forward/staging/hang",
    "removal/rollback/staging/error",      "removal/rollback/staging/hang",
    "first/forward/stopping/error",        "first/forward/stopping/hang",
    "first/rollback/stopping/error",       "first/rollback/stopping/hang",
    "removal/forward/starting/error",      "removal/forward/starting/hang",
    "removal/rollback/starting/error",     "removal/rollback/starting/hang",
    "first/rollback/restarting_old/error", "first/rollback/restarting_old/hang",
    "upgrade/rollback/stopping/error",     "removal/rollback/stopping/error",
    "upgrade/rollback/switching/error",    "first/rollback/switching/error",
    "removal/rollback/switching/error",    "upgrade/rollback/starting/error",
    "first/rollback/starting/error"};

bool IsKill(Fault fault) { return fault == Fault::kKilledBefore || fault == Fault::kKilledAfter; }

// By what the states are, without the rules of cases.cc.
bool CanBe(const Case& c) {
  const bool forward = c.direction == Direction::kForward;
  const bool passes =
      forward ? !kOnTheWayBackOnly.contains(c.state) : c.state != OperationState::kCommitted;
  const bool acts = !kWithoutAction.contains(c.state) && !kWithoutThisAction.contains(c.Name());
  return passes && (IsKill(c.fault) || acts);
}

// Of every state, fault, direction and kind: a rule that is too wide, or a case that is lost, is
// named.
TEST(CrashCasesTest, EveryCombinationIsACaseOrCannotBe) {
  std::size_t impossible = 0;
  for (const Case& combination : AllCombinations()) {
    EXPECT_EQ(!Impossible(combination), CanBe(combination)) << combination.Name();
    impossible += Impossible(combination) ? 1U : 0U;
  }
  EXPECT_EQ(AllCombinations().size(), core::AllOperationStates().size() * 4 * 2 * 3);
  EXPECT_EQ(impossible, 129U);
  EXPECT_EQ(GenerateCases().size(), AllCombinations().size() - impossible);
}

// I6: the states that the agent passes in its case are compared with the expected ones.
TEST(CrashCasesTest, AKilledCaseEndsAsTheSameWithoutAKillAndAsItsDirectionSays) {
  for (const Case& c : GenerateCases()) {
    const std::string wanted = c.direction == Direction::kForward ? "committed" : "rolled_back";
    EXPECT_EQ(StatesWithoutFault(c).back(), wanted) << c.Name();
    if (IsKill(c.fault)) {
      EXPECT_EQ(ExpectedStates(c).back(), wanted) << c.Name();
    }
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
