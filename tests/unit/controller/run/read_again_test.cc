// How often and what of the trees is read again.
#include "tests/unit/controller/run/modelled_trees.h"

#include <algorithm>

namespace zoowarden::controller {
namespace {

using model::ServerId;

class ReadAgainTest : public testing::Test {
 protected:
  // Member 2 shows other data in all of them.
  void Differ(int znodes, const std::string& filling, std::uint32_t data_bytes) {
    trees_.Create("/quiet", 0);
    for (int i = 0; i < znodes; ++i) {
      trees_.Create(Quiet(i) + filling, 1);
    }
    trees_.Write([data_bytes](ModelledTrees::Nodes& nodes, model::Zxid) {
      for (auto& [path, facts] : nodes) {
        facts.data_bytes = data_bytes;
      }
    });
    trees_.ApplyAll();
    trees_.damage[ServerId{2}] = [](ModelledTrees::Nodes& nodes) {
      for (auto& [path, facts] : nodes) {
        facts.data_crc ^= 1U;
      }
    };
    options_.most_differences = 100'000;
  }

  ModelledTrees trees_{4, 1};
  TreeVerifyOptions options_ = OptionsFor(3);
  sys::ManualClock clock_;
};

TEST_F(ReadAgainTest, OnlyTheMembersThatAreComparedAreAsked) {
  Differ(3, "", 1);
  EXPECT_FALSE(Verify(trees_, options_, clock_).differences.empty());
  ASSERT_FALSE(trees_.asked.empty());
  for (const auto& asked : trees_.asked) {
    EXPECT_EQ(asked.servers, options_.servers);
  }
}

TEST_F(ReadAgainTest, NoFasterThanAllowed) {
  Differ(250, "", 1);
  options_.znodes_per_second = 100;
  const auto began = clock_.BootTime();
  EXPECT_EQ(Verify(trees_, options_, clock_).differences.size(), 252U);
  std::size_t paths = 0;
  for (const auto& asked : trees_.asked) {
    EXPECT_LE(asked.paths, 100U);
    paths += asked.paths;
  }
  EXPECT_GE(paths, 2 * 252U);
  EXPECT_GE(clock_.BootTime() - began, std::chrono::milliseconds(10 * paths));
}

TEST_F(ReadAgainTest, WhatIsStoppedIsNotReadOnceMore) {
  Differ(250, "", 1);
  options_.znodes_per_second = 100;
  bool stopped = false;
  trees_.on_read = [&stopped] { stopped = true; };
  options_.stop_requested = [&stopped] { return stopped; };
  const auto verdict = Verify(trees_, options_, clock_);
  EXPECT_EQ(trees_.asked.size(), 1U);
  EXPECT_FALSE(verdict.complete);
  EXPECT_EQ(verdict.unsettled, 0U) << "nobody has judged them";
}

TEST_F(ReadAgainTest, LongPathsAreReadAgainSooner) {
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  const std::string filling(20'000, 'a');
  Differ(120, filling, 1);
  EXPECT_EQ(Verify(trees_, options_, clock_).differences.size(), 122U);
  std::size_t most = 0;
  for (const auto& asked : trees_.asked) {
    most = std::max(most, asked.bytes);
  }
  EXPECT_GE(most, kMiB);
  EXPECT_LE(most, kMiB + filling.size() + 100);
}

TEST_F(ReadAgainTest, LargeDataIsReadAgainSooner) {
  Differ(20, "", 200'000);
  EXPECT_EQ(Verify(trees_, options_, clock_).differences.size(), 22U);
  for (const auto& asked : trees_.asked) {
    EXPECT_LE(asked.paths, 6U);
  }
}

}  // namespace
}  // namespace zoowarden::controller
