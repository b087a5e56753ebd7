#include "agent/adopt/java_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kMain = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

std::vector<std::string> CommandLine(std::vector<std::string> options) {
  options.insert(options.begin(), "java");
  options.insert(options.end(), {kMain, "/opt/zk/conf/zoo.cfg"});
  return options;
}

TEST(JavaFindingsTest, WhatTheScriptWritesItselfIsNotTakenAndNothingElseIsLost) {
  const auto found = ReadJavaOptions(CommandLine({"-Dzookeeper.log.dir=/var/log/zk",
                                                  "-Dzookeeper.log.file=zk.log",
                                                  "-Dzookeeper.root.logger=INFO,CONSOLE",
                                                  "-Dzookeeper.datadir.autocreate=false",
                                                  "-XX:+HeapDumpOnOutOfMemoryError",
                                                  "-XX:OnOutOfMemoryError=kill -9 %p",
                                                  "-cp",
                                                  "/opt/zk/lib/a.jar:/opt/zk/conf:",
                                                  "-Xmx1000m",
                                                  "-XX:+UseG1GC",
                                                  "-Xmx2g",
                                                  "--add-opens",
                                                  "java.base/java.lang=ALL-UNNAMED",
                                                  "-Djute.maxbuffer=4194304"}));
  EXPECT_EQ(found.java.heap, "2g");
  EXPECT_THAT(found.java.options,
              ElementsAre("-XX:+UseG1GC",
                          "--add-opens=java.base/java.lang=ALL-UNNAMED",
                          "-Djute.maxbuffer=4194304"));
  EXPECT_THAT(found.class_path, ElementsAre("/opt/zk/lib/a.jar", "/opt/zk/conf", ""));
  EXPECT_EQ(found.log_directory, "/var/log/zk");
  EXPECT_THAT(found.notes, IsEmpty());
}

TEST(JavaFindingsTest, TheValueOfASecretStaysOnTheServer) {
  const auto found = ReadJavaOptions(
      CommandLine({"-Xmx1g", "-Dzookeeper.ssl.keyStore.password=hunter2", "-Da.password=x y"}));
  EXPECT_THAT(found.java.options, ElementsAre("-Dzookeeper.ssl.keyStore.password=@kept-on-server"));
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_THAT(found.notes[0], testing::Not(HasSubstr("x y")));
}

TEST(JavaFindingsTest, WhatConfigJavaCannotSayIsNamed) {
  const auto found =
      ReadJavaOptions(CommandLine({"-Xmx1g",
                                   "-javaagent:/opt/jmx.jar=7000",
                                   "-Dname=two words",
                                   "-Dcom.sun.management.jmxremote",
                                   "-Dcom.sun.management.jmxremote.local.only=false"}));
  EXPECT_THAT(found.java.options, IsEmpty());
  EXPECT_THAT(found.notes,
              ElementsAre(HasSubstr("-javaagent:/opt/jmx.jar=7000"),
                          HasSubstr("-Dname=two words"),
                          HasSubstr("local JMX is on")));
}

TEST(JavaFindingsTest, ALoggerThatSomebodyChoseIsNamed) {
  for (const char* usual : {"INFO,CONSOLE", "INFO,ROLLINGFILE"}) {
    const std::string option = std::string("-Dzookeeper.root.logger=") + usual;
    EXPECT_THAT(ReadJavaOptions(CommandLine({"-Xmx1g", option})).notes, IsEmpty()) << usual;
  }
  const auto found =
      ReadJavaOptions(CommandLine({"-Xmx1g", "-Dzookeeper.root.logger=DEBUG,SYSLOG"}));
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("the root logger is DEBUG,SYSLOG")));
  EXPECT_THAT(found.java.options, IsEmpty());
}

TEST(JavaFindingsTest, RemoteJmxWasAskedForAndIsKept) {
  const auto found = ReadJavaOptions(CommandLine(
      {"-Xmx1g", "-Dcom.sun.management.jmxremote", "-Dcom.sun.management.jmxremote.port=9999"}));
  EXPECT_EQ(found.java.options.size(), 2U);
  EXPECT_THAT(found.notes, IsEmpty());
}

TEST(JavaFindingsTest, AHeapInBytesIsKeptAsAnOptionAndNoHeapIsNamed) {
  EXPECT_THAT(ReadJavaOptions(CommandLine({"-Xmx1073741824"})).java.options,
              ElementsAre("-Xmx1073741824"));
  EXPECT_THAT(ReadJavaOptions(CommandLine({})).notes, ElementsAre(HasSubstr("no -Xmx")));
}

}  // namespace
}  // namespace zoowarden::agent
