#include "agent/service/surroundings.h"

#include "sys/files.h"
#include "tests/unit/agent/service/config_below.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace zoowarden::agent
