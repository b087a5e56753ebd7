#include "agent/service/surroundings.h"

#include "sys/files.h"
#include "tests/unit/agent/service/config_below.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

namespace zoowarden::agent {
namespace {

class SurroundingsTest : public ::testing::Test {
 protected:
  SurroundingsTest()
      : scratch_(sys::TempDir::Create("/tmp", "zw-around-").value()),
        config_(ConfigBelow(scratch_.path())) {}
  [[nodiscard]] std::string Reason() const {
    const auto checked = CheckSurroundings(config_);
    return checked ? "" : checked.error().reason();
  }

  sys::TempDir scratch_;
  config::AgentConfig config_;
};

TEST_F(SurroundingsTest, DirectoriesThatCanBeMadeAreInOrder) { EXPECT_EQ(Reason(), ""); }

TEST_F(SurroundingsTest, AUserOrAJavaThatIsNotThereIsNamed) {
  config_.instance.user = "no-such-user";
  EXPECT_EQ(Reason(), "agent.no_user");
  config_.instance.user = "root";
  config_.instance.java_home = scratch_.path();
  EXPECT_EQ(Reason(), "agent.no_java");
}

TEST_F(SurroundingsTest, ADirectoryThatCannotBeMadeIsNamed) {
  config_.state_directory = scratch_.path() / "file/state";
  ASSERT_TRUE(sys::WriteFileAtomically(scratch_.path() / "file", "", 0600));
  EXPECT_EQ(Reason(), "agent.not_writable");
}

// As the package makes it, for a ZooKeeper that runs as another user.
TEST_F(SurroundingsTest, ALogDirectoryThatZooKeeperCannotWriteIsNamedWithWhatToType) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can look on behalf of another user";
  }
  const std::filesystem::path logs = config_.instance.log_directory;
  config_.instance.user = "nobody";
  std::filesystem::permissions(scratch_.path(), std::filesystem::perms(0755));
  EXPECT_EQ(Reason(), "") << "it is made";
  ASSERT_TRUE(sys::EnsureDirectory(logs, 0750));
  EXPECT_EQ(Reason(), "") << "it is empty and becomes the user's";
  ASSERT_TRUE(sys::WriteFileAtomically(logs / "old", "", 0600));
  EXPECT_EQ(Reason(), "agent.not_writable");
  ASSERT_EQ(::chown(logs.c_str(), 2, 2), 0);
  EXPECT_EQ(Reason(), "agent.not_writable");
  EXPECT_NE(CheckSurroundings(config_).error().message().find("chown nobody: " + logs.native()),
            std::string::npos);
  ASSERT_EQ(::chown(logs.c_str(), ::getpwnam("nobody")->pw_uid, 0), 0);
  EXPECT_EQ(Reason(), "");
}

}  // namespace
}  // namespace zoowarden::agent
