#include "controller/cli/text_diff.h"

#include <gtest/gtest.h>

namespace zoowarden::controller {
namespace {

TEST(TextDiffTest, SameLinesGiveNothing) {
  EXPECT_EQ(UnifiedDiff({"a", "b"}, {"a", "b"}), "");
  EXPECT_EQ(UnifiedDiff({}, {}), "");
}

TEST(TextDiffTest, FromAndToNothing) {
  EXPECT_TRUE(UnifiedDiff({}, {"a"}).ends_with(" @@\n+a\n"));
  EXPECT_TRUE(UnifiedDiff({"a"}, {}).ends_with(" @@\n-a\n"));
}

}  // namespace
}  // namespace zoowarden::controller
