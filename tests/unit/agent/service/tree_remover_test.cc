#include "agent/service/tree_remover.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{20};

class TreeRemoverTest : public testing::Test {
 protected:
  [[nodiscard]] sys::TempDir Tree() {
    auto tree = sys::TempDir::Create(scratch_.path(), ".old-");
    std::ofstream(tree->path() / "file") << "x";
    return *std::move(tree);
  }
  [[nodiscard]] std::ptrdiff_t Left() const {
    return std::distance(fs::directory_iterator(scratch_.path()), {});
  }

  sys::TempDir scratch_ = *sys::TempDir::Create("/tmp", "zw-remover-");
};

TEST_F(TreeRemoverTest, WhoHandsATreeOverDoesNotWaitUntilItIsGone) {
  std::promise<void> disk;
  const auto answers = disk.get_future().share();
  std::promise<void> all_gone;
  int gone = 0;
  TreeRemover remover([&](sys::TempDir tree) {
    answers.wait();
    { const sys::TempDir deleted = std::move(tree); }
    if (++gone == 2) {
      all_gone.set_value();
    }
  });
  remover.Take(Tree());
  remover.Take(Tree());
  EXPECT_EQ(Left(), 2);
  disk.set_value();
  ASSERT_EQ(all_gone.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(Left(), 0);
}

// Whoever lacks the room that a tree still takes.
TEST_F(TreeRemoverTest, IsWaitedForUntilAllHasGoneButNotLonger) {
  std::promise<void> disk;
  const auto answers = disk.get_future().share();
  TreeRemover remover([&](sys::TempDir tree) {
    answers.wait();
    const sys::TempDir gone = std::move(tree);
  });
  EXPECT_FALSE(remover.Wait(kPatience));
  remover.Take(Tree());
  remover.Take(Tree());
  EXPECT_TRUE(remover.Wait(std::chrono::milliseconds(1)));
  EXPECT_EQ(Left(), 2);
  disk.set_value();
  EXPECT_TRUE(remover.Wait(kPatience));
  EXPECT_EQ(Left(), 0);
  EXPECT_FALSE(remover.Wait(kPatience));
}

// What is left then goes when the agent starts again; who waits for it does not wait for that.
TEST_F(TreeRemoverTest, WhoWaitsDoesNotOutwaitAStop) {
  std::promise<void> begun;
  std::promise<void> disk;
  const auto answers = disk.get_future().share();
  TreeRemover remover([&](sys::TempDir tree) {
    begun.set_value();
    answers.wait();
    const sys::TempDir gone = std::move(tree);
  });
  remover.Take(Tree());
  ASSERT_EQ(begun.get_future().wait_for(kPatience), std::future_status::ready);
  remover.Take(Tree());
  remover.Stop();
  disk.set_value();
  static_cast<void>(remover.Wait(kPatience));
  EXPECT_EQ(Left(), 1);
  EXPECT_FALSE(remover.Wait(kPatience));
}

TEST_F(TreeRemoverTest, AnAgentThatEndsWaitsForOneTreeAndLeavesTheOthersToTheNext) {
  std::promise<void> begun;
  std::promise<void> disk;
  const auto answers = disk.get_future().share();
  std::optional<TreeRemover> remover;
  remover.emplace([&](sys::TempDir tree) {
    begun.set_value();
    answers.wait();
    const sys::TempDir gone = std::move(tree);
  });
  remover->Take(Tree());
  ASSERT_EQ(begun.get_future().wait_for(kPatience), std::future_status::ready);
  remover->Take(Tree());
  remover->Take(Tree());
  remover->Stop();
  disk.set_value();
  remover.reset();
  EXPECT_EQ(Left(), 2);
}

TEST_F(TreeRemoverTest, AnIdleAgentHasNoThreadForIt) {
  const auto threads = [] { return std::distance(fs::directory_iterator("/proc/self/task"), {}); };
  const auto before = threads();
  TreeRemover remover;
  EXPECT_EQ(threads(), before);
  for (int i = 0; i < 2; ++i) {
    remover.Take(Tree());
    const auto ends = std::chrono::steady_clock::now() + kPatience;
    while (Left() > 0 || threads() > before) {
      ASSERT_LT(std::chrono::steady_clock::now(), ends);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

TEST_F(TreeRemoverTest, OneThatNeverHadAnythingToDoEnds) {
  std::optional<TreeRemover> remover;
  remover.emplace();
  remover.reset();
  EXPECT_EQ(Left(), 0);
}

}  // namespace
}  // namespace zoowarden::agent
