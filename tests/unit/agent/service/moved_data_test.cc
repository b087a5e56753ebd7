// What a person says of moved data at the agent's start counts before the operation goes on.
#include "agent/operation/durable_journal.h"
#include "agent/service/agent_core.h"
#include "journal/agent_journal.h"
#include "sys/files.h"
#include "sys/manual_clock.h"
#include "tests/unit/agent/service/config_below.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace zoowarden::agent {
namespace {

class MovedDataTest : public ::testing::Test {
 protected:
  // Of a member that has served. Its operation is in a state that is changed to a safe one as soon
  // as the operation is taken up.
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-moved-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    auto journal = OpenJournalOf(Config());
    ASSERT_TRUE(journal) << journal.error().message();
    ASSERT_TRUE((*journal)->SaveProved({.zxid = 0x100000005, .device = 1, .boot_id = "another"}));
    StoredOperation stored;
    stored.operation_id = "run1-1";
    stored.run_id = "run1";
    stored.kind = kRestartKind;
    stored.state = kLater;
    stored.to = "0123456789abcdef";
    stored.step_timeout = std::chrono::minutes(5);
    ASSERT_TRUE(DurableOperationJournal(**journal).Save({.operation = &stored}));
  }
  [[nodiscard]] config::AgentConfig Config() const { return ConfigBelow(scratch_->path()); }
  [[nodiscard]] std::string StoredState() const {
    const auto journal = OpenJournalOf(Config());
    EXPECT_TRUE(journal) << journal.error().message();
    return DurableOperationJournal(**journal).LoadOperation()->state;
  }

  static constexpr const char* kLater = "of_a_later_version";
  std::optional<sys::TempDir> scratch_;
  sys::ManualClock clock_;
};

// Actual: the data cannot be looked at, so that its being moved cannot be accepted.
// Expected: the agent does not start, and has not even taken up the operation, which its worker
// would go on with.
TEST_F(MovedDataTest, IsRefusedBeforeTheOperationIsTakenUp) {
  EXPECT_FALSE(AgentCore::Open(Config(), clock_, {.moved_data = true}));
  EXPECT_EQ(StoredState(), kLater);
  std::filesystem::create_directories(Config().instance.data_directory);
  EXPECT_TRUE(AgentCore::Open(Config(), clock_, {.moved_data = true}));
  EXPECT_NE(StoredState(), kLater);
}

}  // namespace
}  // namespace zoowarden::agent
