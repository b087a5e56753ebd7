#include "tests/contract/plugin/plugin_fixture.h"

#include <signal.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace zoowarden::plugin {
namespace {

using std::chrono::milliseconds;

const SourceRequest kRequest = {.ensemble = "lab", .path = "/x", .command = {}};
const std::string kGood =
    "echo '{\"protocol\": 1, \"settings\": {\"tickTime\": {\"value\": \"2000\", \"origin\": "
    "\"s\"}}}'\n";

TEST_F(PluginTest, AWellBehavedScriptIsTaken) {
  const auto values = RunSource(Script("cat > /dev/null\n" + kGood), kRequest);
  ASSERT_TRUE(values) << values.error().message();
  EXPECT_EQ(*values, (SourceValues{{"tickTime", {"2000", "s"}}}));
}

TEST_F(PluginTest, OneThatNeverReadsItsRequestIsTakenToo) {
  EXPECT_EQ(ReasonOf(RunSource(Script(kGood), kRequest)), "taken");
}

TEST_F(PluginTest, OnlyDeclaredVariablesReachIt) {
  ::setenv("ZOOWARDEN_PLUGIN_TOKEN", "yes", 1);
  ::setenv("ZOOWARDEN_PKI", "secret", 1);
  const auto values = RunSource(Script("test -z \"$ZOOWARDEN_PKI\" || exit 1\n"
                                       "test \"$ZOOWARDEN_PLUGIN_TOKEN\" = yes || exit 2\n" +
                                       kGood),
                                kRequest);
  EXPECT_EQ(ReasonOf(values), "taken");
  ::unsetenv("ZOOWARDEN_PLUGIN_TOKEN");
  ::unsetenv("ZOOWARDEN_PKI");
}

TEST_F(PluginTest, AnExitCodeIsAFailureWithItsLastWords) {
  const auto values =
      RunSource(Script(kGood + "echo first >&2; echo 'no \033[31mvault' >&2; exit 3\n"), kRequest);
  EXPECT_EQ(ReasonOf(values), "plugin.failed");
  EXPECT_EQ(values.error().message(), "plugin 'script': ended with exit code 3: no ?[31mvault");
}

TEST_F(PluginTest, ACrashIsNamed) {
  const auto values = RunSource(Script(kGood + "kill -SEGV $$\n"), kRequest);
  EXPECT_EQ(ReasonOf(values), "plugin.crashed");
}

TEST_F(PluginTest, GarbageIsNamed) {
  EXPECT_EQ(ReasonOf(RunSource(Script("echo loading...\n" + kGood), kRequest)), "plugin.garbage");
  EXPECT_EQ(ReasonOf(RunSource(Script("exit 0\n"), kRequest)), "plugin.garbage");
  EXPECT_EQ(ReasonOf(RunSource(Script(kGood + kGood), kRequest)), "plugin.garbage");
}

TEST_F(PluginTest, AnotherProtocolIsNamed) {
  EXPECT_EQ(ReasonOf(RunSource(Script("echo '{\"protocol\": 2, \"settings\": {}}'\n"), kRequest)),
            "plugin.wrong_protocol");
}

TEST_F(PluginTest, EndlessOutputIsCutOffAndThePluginKilled) {
  EXPECT_EQ(ReasonOf(RunSource(Script("exec yes\n"), kRequest)), "plugin.too_much_output");
  EXPECT_EQ(ReasonOf(RunSource(Script("exec yes >&2\n"), kRequest)), "plugin.too_much_output");
}

bool IsAlive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(stat), {}};
  const auto state = text.rfind(") ");
  return state != std::string::npos && text[state + 2] != 'Z';
}

// Killing is not waiting: an orphan is gone when its parent, init, says so.
bool DiesSoon(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (IsAlive(pid)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

TEST_F(PluginTest, AHangEndsAtTheDeadlineWithEverythingItStarted) {
  const auto values =
      RunSource(Script("sleep 1000 & echo $! > " + (Directory() / "child").string() + "\nwait\n",
                       milliseconds(1000)),
                kRequest);
  EXPECT_EQ(ReasonOf(values), "plugin.timed_out");
  pid_t child = 0;
  std::ifstream(Directory() / "child") >> child;
  ASSERT_GT(child, 0);
  EXPECT_TRUE(DiesSoon(child));
}

TEST_F(PluginTest, WhatItLeavesBehindIsKilledWhenItEndsByItself) {
  const auto values =
      RunSource(Script("sleep 1000 & echo $! > " + (Directory() / "child").string() + "\n" + kGood),
                kRequest);
  EXPECT_EQ(ReasonOf(values), "taken");
  pid_t child = 0;
  std::ifstream(Directory() / "child") >> child;
  ASSERT_GT(child, 0);
  EXPECT_TRUE(DiesSoon(child));
}

TEST_F(PluginTest, WhatIsNoProgramCannotStart) {
  const Plugin data = {.name = "data", .executable = Write("data", "no program", 0755)};
  EXPECT_EQ(ReasonOf(RunSource(data, kRequest)), "plugin.cannot_start");
  const Plugin gone = {.name = "gone", .executable = Directory() / "gone"};
  EXPECT_EQ(ReasonOf(RunSource(gone, kRequest)), "plugin.cannot_start");
}

TEST_F(PluginTest, AnUnknownNameListsWhatThereIs) {
  Write("zoowarden-plugin-b", "#!/bin/sh\n", 0755);
  Write("zoowarden-plugin-a", "#!/bin/sh\n", 0755);
  Write("zoowarden-plugin-c", "#!/bin/sh\n", 0755);
  const auto found = FindPlugin("b", {"/nonexistent", Directory()});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->executable, Directory() / "zoowarden-plugin-b");
  const auto unknown = FindPlugin("vault", {Directory()});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().reason(), "plugin.not_found");
  EXPECT_EQ(unknown.error().message(), "no plugin 'vault' is installed, there are: a, b, c");
  EXPECT_FALSE(FindPlugin("../b", {Directory()}));
}

}  // namespace
}  // namespace zoowarden::plugin
