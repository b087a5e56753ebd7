// What is on disk must be what this server last served with, whoever starts it.
#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/launcher/exit_codes.h"
#include "agent/lifecycle/start_conditions.h"
#include "tests/unit/agent/mounted_images.h"
#include "tests/unit/agent/service/one_process_fixture.h"

#include <fstream>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// A snapshot is named by the last transaction in it, and begins and ends like this.
const std::string kSnapshot = "ZKSN" + std::string(60, '\0') + std::string("\0\0\0\x01/", 5);

// As systemd does at boot, or by Restart=: nobody has asked the agent.
class StartWithoutAgentTest : public OneProcessTest {
 protected:
  // "0", or the reason of a refusal.
  std::string Started() {
    const sys::Program program{.executable = FindLauncher().value(),
                               .arguments = {"--data",
                                             At("data"),
                                             "--current",
                                             At("generations/current"),
                                             "--log-dir",
                                             At("logs"),
                                             "start"},
                               .timeout = std::chrono::seconds(10),
                               .descendants = sys::Descendants::kLeave};
    sys::ProgramResult ran;
    // The last breath of a stand-in before, its `sleep`, may still hold the lock.
    EXPECT_TRUE(WaitUntil([&] {
      ran = sys::RunProgram(program).value();
      return ran.exit_code != kLaunchLocked;
    }));
    const bool refused = ran.exit_code == kLaunchRefused;
    return refused ? ran.error_output.substr(0, ran.error_output.find(':'))
                   : std::to_string(ran.exit_code);
  }
  void Prove(std::uint64_t zxid, std::uint64_t device) {
    ASSERT_TRUE(WriteStartConditions(
        At("generations"),
        {.data_log_directory = At("data"),
         .proved = ProvedBefore{
             .canary = {zxid}, .file_system = {.device = device}, .boot_id = host_->BootId()}}));
  }
  [[nodiscard]] std::uint64_t Device() const { return FileSystemOf(At("data"))->device; }
};

TEST_F(StartWithoutAgentTest, AmnesiacDataIsNotStarted) {
  Prove(0x100000005, Device() + 1);
  EXPECT_EQ(Started(), "start.other_device");
  Prove(0x100000005, Device());
  EXPECT_EQ(Started(), "start.data_missing");
  Write("data/version-2/snapshot.100000004", kSnapshot);
  EXPECT_EQ(Started(), "start.data_older");
  EXPECT_TRUE(Servers().empty());
  Write("data/version-2/snapshot.100000005", kSnapshot);
  EXPECT_EQ(Started(), "0");
  EXPECT_TRUE(WaitUntil([this] { return Servers().size() == 1; }));
}

TEST_F(StartWithoutAgentTest, AnotherServersDataOrAChangedReleaseIsNotStarted) {
  Write("data/myid", "2");
  EXPECT_EQ(Started(), "start.myid");
  Write("data/myid", "1");
  const fs::path release = fs::canonical(At("generations/current/release"));
  std::ofstream(release / "bin/zkServer.sh", std::ios::app) << "\n";
  EXPECT_EQ(Started(), "release.tree_changed");
  EXPECT_TRUE(Servers().empty());
}

TEST_F(StartWithoutAgentTest, ConditionsThatCannotBeReadAreNotTakenForNone) {
  Write("generations/start-conditions.json", "{");
  EXPECT_EQ(Started(), "start.conditions_damaged");
  Write("generations/start-conditions.json", R"({"format": 2})");
  EXPECT_EQ(Started(), "start.conditions_format");
  EXPECT_TRUE(Servers().empty());
}

// The data directory is a file system of its own, which has served.
class MountedDataTest : public StartWithoutAgentTest {
 protected:
  static constexpr std::uint64_t kServed = 0x100000005;

  void PrepareDisk() override {
    // Not in the directory of the tests, in which a refusal changes no byte.
    auto made = sys::TempDir::Create("/tmp", "zw-images-");
    ASSERT_TRUE(made) << made.error().message();
    disks_.emplace(std::move(*made));
    images_.emplace(disks_->path(), At("data"));
    if (const std::string why = images_->Make(); !why.empty()) {
      GTEST_SKIP() << why;
    }
    MountEmpty("a");
  }
  void SetUp() override {
    StartWithoutAgentTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    Write("data/version-2/snapshot.100000005", kSnapshot);
    const auto disk = FileSystemOf(At("data"));
    ASSERT_TRUE(disk && !disk->name.empty());
    ASSERT_TRUE(journal_->SaveProved({.zxid = kServed,
                                      .device = disk->device,
                                      .boot_id = host_->BootId(),
                                      .file_system = disk->name}));
    ASSERT_TRUE(WriteStartConditions(
        At("generations"),
        {.data_log_directory = At("data"),
         .proved =
             ProvedBefore{.canary = {kServed}, .file_system = *disk, .boot_id = host_->BootId()}}));
    ExpectStarts();
  }
  void TearDown() override {
    StartWithoutAgentTest::TearDown();
    images_.reset();
  }

  void MountEmpty(const std::string& name) {
    ASSERT_TRUE(images_->Mount(name));
    fs::remove(At("data/lost+found"));
  }
  // By the agent, and by a unit that has not asked it.
  void ExpectStarts() {
    EXPECT_TRUE(LaunchAndSee());
    KillServers();
    EXPECT_EQ(Started(), "0");
    EXPECT_TRUE(WaitUntil([this] { return Servers().size() == 1; }));
    KillServers();
  }
  void ExpectRefused(const std::string& reason) {
    EXPECT_EQ(Launch(), reason);
    EXPECT_EQ(Started(), reason);
    EXPECT_TRUE(Servers().empty());
  }

  std::optional<sys::TempDir> disks_;
  std::optional<test::MountedImages> images_;
};

TEST_F(MountedDataTest, IsNotStartedOnTheDirectoryBelowIt) {
  images_->Unmount();
  ExpectRefused("start.myid");
  // As an administrator who copied the small files only, or an empty server made them.
  fs::create_directories(At("data/version-2"));
  Write("data/myid", "1");
  ExpectRefused("start.other_device");
  Write("data/version-2/snapshot.100000005", kSnapshot);
  ExpectRefused("start.other_device");
  ASSERT_TRUE(images_->Mount("a"));
  ExpectStarts();
}

TEST_F(MountedDataTest, IsNotStartedOnAnotherDiskThatHasEverythingToo) {
  images_->Unmount();
  MountEmpty("b");
  fs::create_directories(At("data/version-2"));
  Write("data/myid", "1");
  Write("data/version-2/snapshot.100000005", kSnapshot);
  ExpectRefused("start.other_device");
  images_->Unmount();
  ASSERT_TRUE(images_->Mount("a"));
  ExpectStarts();
}

}  // namespace
}  // namespace zoowarden::agent
