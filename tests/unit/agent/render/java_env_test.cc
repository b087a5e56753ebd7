#include "agent/render/java_env.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

TEST(JavaEnvTest, SetsHeapForBothWaysThatZkEnvReadsIt) {
  EXPECT_EQ(RenderJavaEnv({.heap = "1g", .options = {"-Dfoo=bar", "-XX:+UseG1GC"}}).value(),
            "# Written by Zoowarden.\n"
            "ZK_SERVER_HEAP=1024\n"
            "SERVER_JVMFLAGS='-Xmx1g -Dfoo=bar -XX:+UseG1GC'\n");
  EXPECT_EQ(RenderJavaEnv({}).value(), "# Written by Zoowarden.\n");
}

TEST(JavaEnvTest, QuotesForTheShell) {
  EXPECT_EQ(RenderJavaEnv({.heap = {}, .options = {"-Da='$x;&|<>\""}}).value(),
            "# Written by Zoowarden.\nSERVER_JVMFLAGS='-Da='\\''$x;&|<>\"'\n");
}

TEST(JavaEnvTest, RefusesWhatIsNoOption) {
  for (const char* option : {"",
                             "-",
                             "foo",
                             "@file",
                             "-Da=b c",
                             "-Da=b\nrm -rf /",
                             "-Da=`id`",
                             "-Da=$(id)",
                             "-Da=${x}",
                             "-cp",
                             "-jar",
                             "-XX:OnOutOfMemoryError=reboot",
                             "-Djava.class.path=/x",
                             "-Da=\xc3\xa4"}) {
    const auto text = RenderJavaEnv({.heap = {}, .options = {option}});
    ASSERT_FALSE(text) << option;
    EXPECT_EQ(text.error().reason(), "config.java_option") << option;
  }
}

TEST(JavaEnvTest, RefusesByNameWhatBringsCodeOrOptionsOfItsOwn) {
  for (const char* option : {"-javaagent:/tmp/a.jar",
                             "-agentpath:/tmp/a.so",
                             "-agentlib:jdwp=transport=dt_socket",
                             "-Xrunjdwp:transport=dt_socket",
                             "-Xbootclasspath:/tmp",
                             "-Xbootclasspath/a:/tmp/a.jar",
                             "-Xbootclasspath/p:/tmp/a.jar",
                             "--patch-module=java.base=/tmp/a.jar",
                             "--patch-module",
                             "--module-path=/tmp",
                             "--upgrade-module-path=/tmp",
                             "-XX:Flags=/tmp/flags",
                             "-XX:Flags",
                             "-XX:VMOptionsFile=/tmp/options",
                             "-XX:VMOptionsFile",
                             "@/tmp/arguments"}) {
    const auto text = RenderJavaEnv({.heap = {}, .options = {"-Dgood=1", option}});
    ASSERT_FALSE(text) << option;
    EXPECT_EQ(text.error().reason(), "config.java_option") << option;
    EXPECT_NE(text.error().message().find("'" + std::string(option) + "' would"), std::string::npos)
        << text.error().message();
  }
  EXPECT_TRUE(RenderJavaEnv({.heap = {}, .options = {"-Dmail=a@b", "-XX:+UseG1GC"}}));
}

TEST(JavaEnvTest, RefusesWhatIsNoHeap) {
  for (const char* heap : {"1", "m", "0m", "-1m", "1t", "1 g", "1g;id", "99999999999999999999m"}) {
    const auto text = RenderJavaEnv({.heap = heap, .options = {}});
    ASSERT_FALSE(text) << heap;
    EXPECT_EQ(text.error().reason(), "config.java_heap") << heap;
  }
}

}  // namespace
}  // namespace zoowarden::agent
