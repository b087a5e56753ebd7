#include "agent/adopt/script_start.h"

#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;

class ScriptStartTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    root_ = scratch().string();
    for (const char* file : {"zk/bin/zkServer.sh",
                             "zk/lib/zookeeper-3.8.4.jar",
                             "zk/lib/zookeeper-jute-3.8.4.jar",
                             "zk/conf/zoo.cfg",
                             "etc/zoo.cfg"}) {
      fs::create_directories((scratch() / file).parent_path());
      Write(scratch() / file, "");
    }
  }

  StartedProcess Started(const std::string& conf, std::vector<std::string> environment) {
    return {.command_line = {"java",
                             "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                             conf + "/zoo.cfg"},
            .class_path = {root_ + "/zk/bin/../build/classes",
                           root_ + "/zk/bin/../lib/zookeeper-jute-3.8.4.jar",
                           root_ + "/zk/bin/../lib/zookeeper-3.8.4.jar",
                           conf,
                           ""},
            .environment = std::move(environment),
            .directory = "/home/somebody",
            .data_directory = "/data"};
  }

  std::string root_;
};

TEST_F(ScriptStartTest, TheDefaultStartNeedsOnlyTheConfigurationAsItWasSpelled) {
  const auto start = ScriptStartOf(Started(root_ + "/zk/bin/../conf", {"PATH=/bin", "USER=op"}));
  ASSERT_TRUE(start) << start.error().message();
  EXPECT_THAT(
      start->words,
      ElementsAre(root_ + "/zk/bin/zkServer.sh", "start", root_ + "/zk/bin/../conf/zoo.cfg"));
  EXPECT_THAT(start->environment, ElementsAre("PATH=/bin", "USER=op"));
  EXPECT_EQ(start->directory, "/home/somebody");
  EXPECT_EQ(start->pid_file, "/data/zookeeper_server.pid");
}

TEST_F(ScriptStartTest, AnotherConfDirectoryIsNamedAsItWas) {
  const auto by_option = ScriptStartOf(Started(root_ + "/etc", {}));
  ASSERT_TRUE(by_option);
  EXPECT_THAT(by_option->words,
              ElementsAre(root_ + "/zk/bin/zkServer.sh",
                          "--config",
                          root_ + "/etc",
                          "start",
                          root_ + "/etc/zoo.cfg"));
  const auto by_variable =
      ScriptStartOf(Started(root_ + "/etc", {"ZOOCFGDIR=" + root_ + "/etc", "ZOOPIDFILE=/run/zk"}));
  ASSERT_TRUE(by_variable);
  EXPECT_THAT(by_variable->words,
              ElementsAre(root_ + "/zk/bin/zkServer.sh", "start", root_ + "/etc/zoo.cfg"));
  EXPECT_EQ(by_variable->pid_file, "/run/zk");
}

TEST_F(ScriptStartTest, WhatTheScriptsAddedToVariablesIsTakenOffAgain) {
  const auto start = ScriptStartOf(Started(root_ + "/zk/conf",
                                           {"SERVER_JVMFLAGS=-Xmx1000m -Dmine=1",
                                            "CLIENT_JVMFLAGS=-Xmx256m ",
                                            "JVMFLAGS=-Xmx1000m -Dmine=1 -Dtyped=2",
                                            "CLASSPATH=/zk/a.jar:" + root_ + "/zk/conf:/mine.jar",
                                            "SHLVL=2",
                                            "_=/usr/bin/env",
                                            "NOTIFY_SOCKET=/run/x"}));
  ASSERT_TRUE(start);
  EXPECT_THAT(start->environment,
              ElementsAre("CLASSPATH=/mine.jar", "JVMFLAGS=-Dtyped=2", "SERVER_JVMFLAGS=-Dmine=1"));
}

TEST_F(ScriptStartTest, WhatAFileSetsIsLeftToTheFile) {
  auto process = Started(root_ + "/zk/conf", {"SERVER_JVMFLAGS=-Xmx1000m -Dof.the.file=1"});
  process.set_by_files = {"SERVER_JVMFLAGS"};
  const auto start = ScriptStartOf(process);
  ASSERT_TRUE(start);
  EXPECT_THAT(start->environment, testing::IsEmpty());
}

TEST_F(ScriptStartTest, AStartWithoutTheScriptIsRefusedByName) {
  const auto process = Started(root_ + "/zk/conf", {});
  fs::remove(root_ + "/zk/bin/zkServer.sh");
  const auto start = ScriptStartOf(process);
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().reason(), "adopt.unknown_launcher");
}

TEST(StartFileTest, WhatIsPrintedIsReadBackAndAnythingElseIsNotTheSame) {
  const ScriptStart start{.words = {"/opt/zk server/zkServer.sh", "start", "a\nb"},
                          .environment = {"A=1", "EMPTY=", "N=x\ny"},
                          .directory = "/",
                          .pid_file = "/data/p"};
  const std::string text = PrintStart(start);
  EXPECT_EQ(ParseStart(text), start);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(ParseStart(std::string_view(text).substr(0, size)), start) << size;
  }
  EXPECT_FALSE(ParseStart(""));
  EXPECT_FALSE(ParseStart("zoowarden start 2" + text.substr(17)));
}

}  // namespace
}  // namespace zoowarden::agent
