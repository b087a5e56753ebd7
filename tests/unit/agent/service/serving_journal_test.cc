// What the package's scripts ask before they take an agent away.
#include "agent/service/serving_journal.h"

#include "agent/operation/durable_journal.h"
#include "agent/service/instance.h"
#include "journal/agent_journal.h"
#include "sys/files.h"
#include "tests/unit/agent/service/config_below.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
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

// Root asks, when the package goes; an agent without root must find its journal its own.
TEST_F(OpenOperationTest, LeavesNoFileOfRootsBehind) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can ask on behalf of another user";
  }
  constexpr uid_t kAgent = 65534;
  fs::permissions(scratch_->path(), fs::perms(0755));
  Save("verifying");
  for (const auto& entry : fs::directory_iterator(Config().state_directory)) {
    ASSERT_EQ(::chown(entry.path().c_str(), kAgent, kAgent), 0);
  }
  ASSERT_EQ(::chown(Config().state_directory.c_str(), kAgent, kAgent), 0);
  EXPECT_EQ(Told(), "run1-1");
  for (const auto& entry : fs::directory_iterator(Config().state_directory)) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kAgent) << entry.path();
  }
}

}  // namespace
}  // namespace zoowarden::agent
