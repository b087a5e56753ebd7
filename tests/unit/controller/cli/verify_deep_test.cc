#include "controller/cli/verify_deep.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

using ::testing::HasSubstr;

TEST(VerifyDeepTest, EachKindOfFindingHasItsReason) {
  DeepVerdict deep;
  deep.servers = {{1}, {2}, {3}};
  deep.trees.differences = {
      {.path = "/a", .aspect = core::Aspect::kData, .odd = {{2}}, .text = "/a differs"},
      {.path = "/b", .aspect = core::Aspect::kAccess, .odd = {{1}, {2}}, .text = "/b differs"}};
  deep.trees.root_hidden = {{3}};
  std::vector<core::Problem> problems;
  AddProblems(deep, problems);
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].reason, "znode_differs");
  EXPECT_EQ(problems[0].server, model::ServerId{2});
  EXPECT_EQ(problems[1].reason, "access_differs");
  EXPECT_EQ(problems[1].server, std::nullopt);
  EXPECT_EQ(problems[2].reason, "tree_hidden");
  EXPECT_EQ(problems[2].server, model::ServerId{3});
  EXPECT_THAT(problems[2].text, HasSubstr("server 3: / may not be read"));
}

TEST(VerifyDeepTest, WhyAComparisonIsNotCompleteIsSaid) {
  DeepVerdict deep;
  deep.trees.complete = true;
  EXPECT_THAT(DeepText(deep), HasSubstr("compared in"));
  deep.trees.complete = false;
  EXPECT_THAT(DeepText(deep), HasSubstr("before it was STOPPED"));
  deep.trees.root_hidden = {{3}};
  EXPECT_THAT(DeepText(deep), HasSubstr("the rest is HIDDEN"));
}

}  // namespace
}  // namespace zoowarden::controller
