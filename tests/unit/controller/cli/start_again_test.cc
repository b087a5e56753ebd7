#include "controller/cli/start_again.h"

#include "sys/files.h"
#include "sys/subprocess.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

namespace zoowarden::controller {
namespace {

namespace fs = std::filesystem;

// What this program is to do when a test has begun it again: "stand still", "look".
constexpr const char* kTask = "ZOOWARDEN_START_AGAIN_TEST";

class StartAgainTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Task() == "stand still") {
      ::raise(SIGSTOP);
    }
    // Beside the program, for hard links to it.
    auto directory = sys::TempDir::Create(own_.parent_path(), "again.");
    ASSERT_TRUE(directory) << directory.error().message();
    directory_ = std::make_unique<sys::TempDir>(std::move(*directory));
  }
  void TearDown() override {
    if (begun_ > 0) {
      End();
    }
  }

  static std::string Task() {
    const char* task = std::getenv(kTask);
    return task == nullptr ? "" : task;
  }
  static std::string Name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  static std::vector<std::string> OnlyThisTest() {
    return {"--gtest_filter=StartAgainTest." + Name()};
  }
  // Of each test its own, as they may run at the same time.
  static std::vector<std::string> Words() { return {"--run-id", "r-" + Name()}; }
  void Begin(const fs::path& program, std::vector<std::string> arguments) {
    const auto words = Words();
    arguments.insert(arguments.end(), words.begin(), words.end());
    const auto pid =
        sys::StartDetached({.executable = program,
                            .arguments = std::move(arguments),
                            .environment = {"PATH=/usr/bin:/bin", Entry("stand still")},
                            .log = directory_->path() / "log"});
    ASSERT_TRUE(pid) << pid.error().message();
    begun_ = *pid;
  }
  void End() {
    ::kill(-begun_, SIGKILL);
    ::waitpid(begun_, nullptr, 0);
    begun_ = 0;
  }
  static std::string Entry(const std::string& task) { return std::string(kTask) + "=" + task; }

  fs::path own_ = fs::read_symlink("/proc/self/exe");
  std::unique_ptr<sys::TempDir> directory_;
  pid_t begun_ = 0;
};

TEST_F(StartAgainTest, AProcessIsFoundByTheWordsItWasBegunWith) {
  Begin(own_, OnlyThisTest());
  const auto found = FindStartedWith(Words());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid, begun_);
  EXPECT_FALSE(FindStartedWith({"--run-id", "r-8"}));
  EXPECT_FALSE(FindStartedWith({Words()[1], "--run-id"}));
  End();
  EXPECT_TRUE(found->ended());
  EXPECT_FALSE(FindStartedWith(Words()));
}

TEST_F(StartAgainTest, AnotherProgramWithTheWordsIsNotTaken) {
  Begin("/bin/sh", {"-c", "kill -STOP $$"});
  EXPECT_FALSE(FindStartedWith(Words()));
}

TEST_F(StartAgainTest, AProcessWhoseFileWasReplacedIsStillFound) {
  if (Task() == "look") {
    ASSERT_TRUE(FindStartedWith(Words()));
    return;
  }
  const auto program = directory_->path() / "zoowarden";
  fs::create_hard_link(own_, program);
  Begin(program, OnlyThisTest());
  EXPECT_FALSE(FindStartedWith(Words()));  // a program of another name
  fs::remove(program);
  fs::create_hard_link(own_, program);
  const auto looked = sys::RunProgram({.executable = program,
                                       .arguments = OnlyThisTest(),
                                       .environment = {"PATH=/usr/bin:/bin", Entry("look")},
                                       .timeout = std::chrono::seconds(60)});
  ASSERT_TRUE(looked) << looked.error().message();
  EXPECT_EQ(looked->exit_code, 0) << looked->output;
}

}  // namespace
}  // namespace zoowarden::controller
