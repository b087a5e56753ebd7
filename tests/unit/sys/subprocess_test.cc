#include "sys/subprocess.h"

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace zoowarden::sys {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Program Shell(std::string script) {
  return {.executable = "/bin/sh",
          .arguments = {"-c", std::move(script)},
          .environment = {"PATH=/usr/bin:/bin"},
          .timeout = seconds(30)};
}

TEST(SubprocessTest, GivesOutputErrorOutputAndExitCode) {
  const auto result = RunProgram(Shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->error_output, "err\n");
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->signal, 0);
  EXPECT_FALSE(result->succeeded());
}

TEST(SubprocessTest, FeedsInputAndOnlyTheGivenEnvironment) {
  ::setenv("ZW_SECRET", "leaked", 1);
  auto program = Shell("cat; echo \"[$ZW_GIVEN][$ZW_SECRET]\"");
  program.input = std::string(300'000, 'i');
  program.environment.emplace_back("ZW_GIVEN=yes");
  const auto result = RunProgram(program);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->output, program.input + "[yes][]\n");
}

TEST(SubprocessTest, InputThatNobodyReadsDoesNoHarm) {
  auto program = Shell("exit 0");
  program.input = std::string(1'000'000, 'i');
  EXPECT_TRUE(RunProgram(program)->succeeded());
}

TEST(SubprocessTest, ArgumentsAreNotInterpreted) {
  const auto result = RunProgram(
      {.executable = "/bin/echo", .arguments = {"a b", "$HOME;`id`"}, .timeout = seconds(30)});
  EXPECT_EQ(result->output, "a b $HOME;`id`\n");
}

TEST(SubprocessTest, StartsInTheDirectory) {
  auto program = Shell("pwd");
  program.directory = "/usr";
  EXPECT_EQ(RunProgram(program)->output, "/usr\n");
}

TEST(SubprocessTest, ASignalIsReported) {
  const auto result = RunProgram(Shell("kill -TERM $$"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signal, SIGTERM);
  EXPECT_EQ(result->exit_code, 143);
}

// The signal is sent when RunProgram returns; the kernel may take a moment to deliver it.
void ExpectEnds(std::string_view pid_text) {
  const auto pid = base::ParseUnsigned(base::Trim(pid_text));
  ASSERT_TRUE(pid) << pid_text;
  if (const auto left = ReadProcess(static_cast<pid_t>(*pid)); left && left->alive()) {
    const auto held = PidFd::Open(left->name);
    EXPECT_TRUE(!held || held->WaitForExit(seconds(30)).value());
  }
}

TEST(SubprocessTest, ATimeOutKillsTheWholeGroup) {
  auto directory = TempDir::Create("/tmp", "zw-sys-");
  ASSERT_TRUE(directory);
  const auto file = directory->path() / "pid";
  auto program = Shell("sleep 600 & echo $! >" + file.native() + "; wait");
  // A busy machine may not have started the shell in the shortest time.
  for (const int timeout : {50, 1000, 20'000}) {
    program.timeout = milliseconds(timeout);
    const auto result = RunProgram(program);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason(), "process.timed_out");
    if (const auto pid = ReadFile(file, 100); pid && !pid->empty()) {
      ExpectEnds(*pid);
      return;
    }
  }
  FAIL() << "the shell never started";
}

TEST(SubprocessTest, OneThatNobodyWaitsForIsKilled) {
  std::stop_source stop;
  auto program = Shell("exec sleep 600");
  program.timeout = seconds(500);
  program.stop = stop.get_token();
  stop.request_stop();
  const auto result = RunProgram(program);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "process.stopped");
}

TEST(SubprocessTest, DescendantsAreKilledByDefault) {
  // The background process holds stdout open; waiting for end of file would take ten minutes.
  const auto result = RunProgram(Shell("sleep 600 & echo $!"));
  ASSERT_TRUE(result);
  ExpectEnds(result->output);
}

TEST(SubprocessTest, ALauncherMayLeaveItsDaemon) {
  auto program = Shell("sleep 600 & echo $!");
  program.descendants = Descendants::kLeave;
  const auto result = RunProgram(program);
  ASSERT_TRUE(result);
  const auto pid = base::ParseUnsigned(base::Trim(result->output));
  ASSERT_TRUE(pid);
  const auto left = ReadProcess(static_cast<pid_t>(*pid));
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->alive());
  EXPECT_NE(left->group, ::getpgrp());
  EXPECT_TRUE(PidFd::Open(left->name)->Signal(SIGKILL));
}

TEST(SubprocessTest, OutputIsBounded) {
  auto program = Shell("cat /dev/zero");
  program.max_output = 100'000;
  const auto result = RunProgram(program);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "process.too_much_output");
}

// A sanitizer ends the process where memory is refused.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// What a program writes is kept in memory, of which the agent may be allowed too little.
TEST(SubprocessTest, WithoutMemoryForItsOutputTheProgramIsKilledAndTheLimitsAreNamed) {
  const auto run = [] {
    auto program = Shell("cat /dev/zero");
    program.max_output = 1U << 30U;
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (64U << 20U);
    const rlimit little{.rlim_cur = most, .rlim_max = most};
    ::setrlimit(RLIMIT_AS, &little);
    const auto result = RunProgram(program);
    std::fputs(result ? "ran" : result.error().reason().c_str(), stderr);
    std::fputs(result ? "" : (" " + result.error().message()).c_str(), stderr);
    std::fputs(::waitpid(-1, nullptr, WNOHANG) == -1 ? " and no child" : " and a child", stderr);
    std::_Exit(0);  // a leak check at exit needs what was taken away
  };
  EXPECT_EXIT(run(),
              ::testing::ExitedWithCode(0),
              "process.failed cannot run /bin/sh: .*; check limits of memory and processes and no "
              "child");
}
#endif

TEST(SubprocessTest, AProgramThatIsNotThereIsNamedAndLeavesNoZombie) {
  const auto result = RunProgram({.executable = "/nowhere/tool", .timeout = seconds(30)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), base::ErrorCode::kNotFound);
  EXPECT_NE(result.error().message().find("/nowhere/tool"), std::string::npos);
  const auto pids = ListProcesses();
  ASSERT_TRUE(pids);
  for (const pid_t pid : *pids) {
    if (const auto info = ReadProcess(pid); info && info->parent == ::getpid()) {
      ADD_FAILURE() << "child " << pid << " is left in state " << info->state;
    }
  }
}

TEST(SubprocessTest, PathIsNotSearched) {
  const auto result = RunProgram({.executable = "sh", .timeout = seconds(30)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), base::ErrorCode::kInvalidArgument);
}

TEST(SubprocessTest, DescriptorsAreNotInherited) {
  const int leak = ::open("/dev/null", O_RDONLY);
  ASSERT_GT(leak, 2);
  const auto result =
      RunProgram({.executable = "/bin/ls", .arguments = {"/proc/self/fd"}, .timeout = seconds(30)});
  ::close(leak);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "0\n1\n2\n3\n") << "3 is the directory that ls itself reads";
}

TEST(SubprocessTest, SignalMasksAndIgnoredSignalsAreNotInherited) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto handler = ::signal(SIGPIPE, SIG_IGN);
  const auto result = RunProgram({.executable = "/bin/grep",
                                  .arguments = {"-E", "SigBlk|SigIgn", "/proc/self/status"},
                                  .timeout = seconds(30)});
  ::signal(SIGPIPE, handler);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(SubprocessTest, AnUnknownUserIsRefused) {
  auto program = Shell("id");
  program.user = "no-such-user-here";
  const auto result = RunProgram(program);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "process.unknown_user");
}

TEST(SubprocessTest, RootMayRunAsAnotherUser) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  auto program = Shell("id -u; id -G");
  program.user = "nobody";
  const auto result = RunProgram(program);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->output, "65534\n65534\n");
}

// The caller's end is not waited for here: a session of its own is what makes the difference.
TEST(SubprocessTest, ADetachedProgramHasASessionAndALogOfItsOwn) {
  auto directory = TempDir::Create(testing::TempDir(), "detached.");
  ASSERT_TRUE(directory);
  const auto log = directory->path() / "log";
  const auto pid =
      StartDetached({.executable = "/bin/sh",
                     .arguments = {"-c", "cat; ps -o sid= -p $$; echo \"$ZW_GIVEN\" >&2"},
                     .environment = {"PATH=/usr/bin:/bin", "ZW_GIVEN=yes"},
                     .log = log});
  ASSERT_TRUE(pid) << pid.error().message();
  int status = 0;
  ASSERT_EQ(::waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(status, 0);
  const auto text = ReadFile(log, 1000).value();
  const auto lines = base::Split(text, '\n');
  EXPECT_EQ(base::Trim(lines.front()), std::to_string(*pid));
  EXPECT_EQ(lines.at(1), "yes");
  struct stat made {};
  ASSERT_EQ(::stat(log.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777U, 0600U);
}

TEST(SubprocessTest, ADetachedProgramThatIsNotThereIsAnError) {
  auto directory = TempDir::Create(testing::TempDir(), "detached.");
  ASSERT_TRUE(directory);
  const auto nothing =
      StartDetached({.executable = "/no/such/program", .log = directory->path() / "log"});
  ASSERT_FALSE(nothing);
  EXPECT_TRUE(nothing.error().Is(base::ErrorCode::kNotFound)) << nothing.error().message();
  EXPECT_FALSE(StartDetached({.executable = "/bin/true", .log = "/no/such/directory/log"}));
}

}  // namespace
}  // namespace zoowarden::sys
