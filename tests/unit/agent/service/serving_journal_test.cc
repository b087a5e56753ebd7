// What the package's scripts ask before they take an agent away.
#include "agent/service/serving_journal.h"

#include "agent/operation/durable_journal.h"
#include "agent/service/instance.h"
#include "journal/agent_journal.h"
#include "sys/files.h"
#include "tests/unit/agent/service/config_below.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

class OpenOperationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-open-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
  }
  [[nodiscard]] config::AgentConfig Config() const { return ConfigBelow(scratch_->path()); }
  void Save(const std::string& state) {
    const auto journal = OpenJournalOf(Config());
    ASSERT_TRUE(journal) << journal.error().message();
    StoredOperation stored;
    stored.operation_id = "run1-1";
    stored.run_id = "run1";
    stored.kind = kRestartKind;
    stored.state = state;
    ASSERT_TRUE(DurableOperationJournal(**journal).Save({.operation = &stored}));
  }
  // The operation, or "none", or why it cannot be told.
  [[nodiscard]] std::string Told() const {
    const auto open = LookForOpenOperation(Config());
    return !open ? open.error().reason() : *open ? (*open)->operation_id : "none";
  }

  std::optional<sys::TempDir> scratch_;
};

TEST_F(OpenOperationTest, AServerThatNeverHadAJournalHasNoneAndGetsNone) {
  EXPECT_EQ(Told(), "none");
  EXPECT_FALSE(fs::exists(Config().state_directory));
}

TEST_F(OpenOperationTest, IsOpenInEveryStateButTheFinishedOnes) {
  for (const char* state : {"staged",
                            "verifying",
                            "unconfirmed",
                            "verifying_old",
                            "needs_operator",
                            "of_a_later_version"}) {
    Save(state);
    EXPECT_EQ(Told(), "run1-1") << state;
  }
  for (const char* state : {"committed", "rolled_back", "idle"}) {
    Save(state);
    EXPECT_EQ(Told(), "none") << state;
  }
}

TEST_F(OpenOperationTest, CannotBeToldWhileTheAgentRunsOrWithoutItsJournal) {
  Save("verifying");
  const auto agent = OpenJournalOf(Config());
  ASSERT_TRUE(agent) << agent.error().message();
  EXPECT_EQ(Told(), "journal.in_use");
  fs::remove_all(Config().state_directory);
  fs::create_directories(Config().instance.generations);
  fs::create_symlink("0123456789abcdef", fs::path(Config().instance.generations) / "current");
  EXPECT_EQ(Told(), "journal.lost");
}

// Root asks, when the package goes, on behalf of an agent without root.
class OpenOperationOfAnotherTest : public OpenOperationTest {
 protected:
  static constexpr uid_t kAgent = 65534;

  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can ask on behalf of another user";
    }
    OpenOperationTest::SetUp();
    fs::permissions(scratch_->path(), fs::perms(0755));
    Save("verifying");
  }
  void GiveJournalTo(uid_t user) const {
    for (const auto& entry : fs::directory_iterator(Config().state_directory)) {
      ASSERT_EQ(::chown(entry.path().c_str(), user, user), 0);
    }
    ASSERT_EQ(::chown(Config().state_directory.c_str(), user, user), 0);
  }
  // In a program of its own, which gives its rights up.
  static bool Holds(const std::function<bool()>& what) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(what() ? 0 : 1);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
};

TEST_F(OpenOperationOfAnotherTest, LeavesNoFileOfRootsBehind) {
  GiveJournalTo(kAgent);
  EXPECT_TRUE(Holds([&] { return Told() == "run1-1"; }));
  for (const auto& entry : fs::directory_iterator(Config().state_directory)) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kAgent) << entry.path();
  }
}

// What that user wrote is read by a program that nothing is left of root's to.
TEST_F(OpenOperationOfAnotherTest, GivesRootUpForGood) {
  GiveJournalTo(kAgent);
  EXPECT_TRUE(Holds([&] {
    const std::array<gid_t, 1> of_root = {0};
    uid_t real = 0;
    uid_t effective = 0;
    uid_t saved = 0;
    return ::setgroups(of_root.size(), of_root.data()) == 0 && Told() == "run1-1" &&
           ::getresuid(&real, &effective, &saved) == 0 && real == kAgent && effective == kAgent &&
           saved == kAgent && ::seteuid(0) != 0;
  }));
  EXPECT_TRUE(Holds([&] {
    const std::array<gid_t, 1> of_root = {0};
    gid_t real = 0;
    gid_t effective = 0;
    gid_t saved = 0;
    std::array<gid_t, 64> groups{};
    const bool told = ::setgroups(of_root.size(), of_root.data()) == 0 && Told() == "run1-1" &&
                      ::getresgid(&real, &effective, &saved) == 0 && real != 0 && effective != 0 &&
                      saved != 0;
    const int count = ::getgroups(groups.size(), groups.data());
    return told && count >= 0 &&
           std::find(groups.begin(), groups.begin() + count, gid_t{0}) == groups.begin() + count;
  }));
}

TEST_F(OpenOperationOfAnotherTest, AUserWhomThisMachineDoesNotKnowIsSaidToBeOne) {
  GiveJournalTo(54321);
  EXPECT_TRUE(Holds([&] { return Told() == "agent.other_user"; }));
  // `runuser` could not become that one either.
  EXPECT_TRUE(Holds([&] {
    const std::string advice = LookForOpenOperation(Config()).error().message();
    return advice.find("runuser") == std::string::npos &&
           advice.find("useradd --system --uid 54321 NAME") != std::string::npos;
  }));
}

}  // namespace
}  // namespace zoowarden::agent
