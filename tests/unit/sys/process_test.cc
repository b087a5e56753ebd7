#include "sys/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace zoowarden::sys {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A child that waits for a signal.
class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      while (true) {
        ::pause();
      }
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { Reap(); }

  void Reap() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(ProcessTest, ReadsItself) {
  const auto self = ReadProcess(::getpid());
  ASSERT_TRUE(self) << self.error().message();
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->group, ::getpgrp());
  EXPECT_EQ(self->user, ::geteuid());
  EXPECT_TRUE(self->alive());
  ASSERT_FALSE(self->command_line.empty());
  EXPECT_NE(self->command_line[0].find("sys_test"), std::string::npos);
  EXPECT_GT(self->name.start_time, 0U);
}

TEST(ProcessTest, ListsItself) {
  const auto pids = ListProcesses();
  ASSERT_TRUE(pids);
  EXPECT_TRUE(std::binary_search(pids->begin(), pids->end(), ::getpid()));
}

TEST(ProcessTest, AMissingProcessIsNotFound) {
  Child child;
  const pid_t pid = child.pid();
  child.Reap();
  const auto info = ReadProcess(pid);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().reason(), "process.not_found");
}

TEST(ProcessTest, TheBootIdIsTheSameAsLongAsTheMachineIsUp) {
  ASSERT_TRUE(BootId());
  EXPECT_EQ(BootId()->size(), 36U);
  EXPECT_EQ(BootId().value(), BootId().value());
}

TEST(PidFdTest, SignalsAndSeesTheExitBeforeReaping) {
  const Child child;
  const auto info = ReadProcess(child.pid());
  ASSERT_TRUE(info);
  const auto held = PidFd::Open(info->name);
  ASSERT_TRUE(held) << held.error().message();
  EXPECT_FALSE(held->WaitForExit(milliseconds(0)).value());
  ASSERT_TRUE(held->Signal(SIGTERM));
  EXPECT_TRUE(held->WaitForExit(seconds(30)).value());
  const auto dead = ReadProcess(child.pid());
  ASSERT_TRUE(dead);
  EXPECT_FALSE(dead->alive());
  EXPECT_TRUE(dead->command_line.empty());
}

TEST(PidFdTest, RefusesAPidThatNowBelongsToAnotherProcess) {
  const Child child;
  auto name = ReadProcess(child.pid())->name;
  name.start_time -= 1;
  const auto held = PidFd::Open(name);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code(), base::ErrorCode::kNotFound);
}

TEST(PidFdTest, SignallingAReapedProcessIsNotFound) {
  Child child;
  const auto held = PidFd::Open(ReadProcess(child.pid())->name);
  ASSERT_TRUE(held);
  child.Reap();
  const auto status = held->Signal(SIGTERM);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), base::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zoowarden::sys
