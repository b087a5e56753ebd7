#include "model/ensemble.h"

#include <gtest/gtest.h>

namespace zoowarden::model {
namespace {

// Stored in run records and written by people: never change them.
TEST(EnsembleTest, NamesOfVerdictsAndHookPointsAreFrozen) {
  EXPECT_EQ(OverBudgetName(OverBudget::kHalt), "halt");
  EXPECT_EQ(OverBudgetName(OverBudget::kRollback), "rollback");
  EXPECT_EQ(HookPointName(HookPoint::kBeforeRun), "before_run");
  EXPECT_EQ(HookPointName(HookPoint::kBeforeStep), "before_step");
  EXPECT_EQ(HookPointName(HookPoint::kAfterStep), "after_step");
  EXPECT_EQ(HookPointName(HookPoint::kAfterRun), "after_run");
}

TEST(EnsembleTest, NamesAreReadBackAndOthersAreNone) {
  for (const auto verdict : {OverBudget::kHalt, OverBudget::kRollback}) {
    EXPECT_EQ(ParseOverBudget(OverBudgetName(verdict)), verdict);
  }
  for (const auto point : {HookPoint::kBeforeRun,
                           HookPoint::kBeforeStep,
                           HookPoint::kAfterStep,
                           HookPoint::kAfterRun}) {
    EXPECT_EQ(ParseHookPoint(HookPointName(point)), point);
  }
  EXPECT_EQ(ParseOverBudget("rollback_all"), std::nullopt);
  EXPECT_EQ(ParseHookPoint("before"), std::nullopt);
}

}  // namespace
}  // namespace zoowarden::model
