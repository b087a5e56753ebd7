#include "controller/cli/verify_deep.h"

#include "tests/unit/controller/cli/fake_world.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

using ::testing::HasSubstr;

class VerifyTest : public CommandLineTest {};

TEST_F(VerifyTest, OneThatIsInterruptedLetsTheEnsembleGo) {
  words_.leases = {{{1}, Lease{}}, {{2}, Lease{}}, {{3}, Lease{}}};
  EXPECT_EQ(Run({"verify"}).code, 1);  // no canary could be committed
  EXPECT_EQ(words_.released, 1);
  bool watched = false;
  interrupted_ = [&] { return watched = true; };
  EXPECT_EQ(Run({"verify"}).code, 130);
  EXPECT_TRUE(watched);
  EXPECT_EQ(words_.released, 2);
}

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
