#include "agent/lifecycle/start_guard.h"

#include "agent/install/entry_policy.h"
#include "agent/install/release_record.h"
#include "sys/digest.h"
#include "sys/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

class StartGuardTest : public ::testing::Test {
 protected:
  StartGuardTest() : root_(sys::TempDir::Create(fs::temp_directory_path(), "guard-").value()) {
    fs::create_directories(Data() / "version-2");
    fs::create_directories(root_.path() / "conf");
    Write(Data() / "myid", "2\n");
    Write(root_.path() / "conf/zoo.cfg",
          "tickTime=2000\ninitLimit=10\nsyncLimit=5\nclientPort=2181\ndataDir=" + Data().string() +
              "\nserver.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n");
    fs::create_directories(Release() / "lib");
    Write(Release() / "lib/zookeeper.jar", "jar");
    Write(Release() / kReleaseRecordName,
          PrintReleaseRecord({.version = {3, 8, 4},
                              .sha512 = "abc",
                              .files = {{.path = "lib/zookeeper.jar",
                                         .size = 3,
                                         .sha256 = sys::Digest(sys::Hash::kSha256, "jar")}}}));
    // A snapshot is named by the last transaction in it, and begins and ends like this.
    Write(Data() / "version-2/snapshot.100000005",
          "ZKSN" + std::string(60, '\0') + std::string("\0\0\0\x01/", 5));
    proved_ = ProvedBefore{.canary = {0x100000005}, .file_system = now_, .boot_id = "boot-1"};
  }

  [[nodiscard]] fs::path Data() const { return root_.path() / "data"; }
  [[nodiscard]] fs::path Release() const { return root_.path() / "release"; }
  static void Write(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  [[nodiscard]] std::string Reason() const {
    const StartInputsOnDisk inputs{.data_directory = Data(),
                                   .data_log_directory = Data(),
                                   .generation = {.generation = {.digest = "aaaa",
                                                                 .version = {3, 8, 4},
                                                                 .release_sha512 = "abc"},
                                                  .server = {2},
                                                  .declared_servers = 3,
                                                  .release_directory = Release(),
                                                  .configuration_directory = root_.path() / "conf"},
                                   .file_system = now_,
                                   .boot_id = boot_id_};
    const auto checked = CheckStart(inputs, proved_);
    return checked ? "start" : checked.error().reason();
  }

  FileSystem now_{.device = 7, .name = ""};
  std::optional<ProvedBefore> proved_;
  std::string boot_id_ = "boot-1";

 private:
  sys::TempDir root_;
};

TEST_F(StartGuardTest, DataThatIsAsNewAsTheLastProofMayStart) { EXPECT_EQ(Reason(), "start"); }

TEST_F(StartGuardTest, OlderDataIsRefused) {
  proved_->canary = {0x100000006};
  EXPECT_EQ(Reason(), "start.data_older");
}

TEST_F(StartGuardTest, EmptyDataIsRefusedOnceTheMemberWasProved) {
  fs::remove(Data() / "version-2/snapshot.100000005");
  EXPECT_EQ(Reason(), "start.data_missing");
  fs::remove_all(Data() / "version-2");
  EXPECT_EQ(Reason(), "start.data_missing");
}

TEST_F(StartGuardTest, EmptyDataMayStartBeforeTheFirstProof) {
  fs::remove(Data() / "version-2/snapshot.100000005");
  proved_.reset();
  EXPECT_EQ(Reason(), "start");
}

TEST_F(StartGuardTest, AnotherBootMayNumberTheFileSystemAnewAndTheDataTells) {
  proved_->file_system.device += 1;
  boot_id_ = "boot-2";
  EXPECT_EQ(Reason(), "start");
  proved_->canary = {0x100000006};
  EXPECT_EQ(Reason(), "start.data_older");
  fs::remove(Data() / "version-2/snapshot.100000005");
  EXPECT_EQ(Reason(), "start.data_missing");
}

TEST_F(StartGuardTest, ABootThatIsNotKnownIsAnotherOne) {
  proved_->file_system.device += 1;
  proved_->boot_id.clear();  // as an older program stored it
  EXPECT_EQ(Reason(), "start");
  boot_id_.clear();
  EXPECT_EQ(Reason(), "start");
}

TEST_F(StartGuardTest, AnotherFileSystemIsRefused) {
  proved_->file_system.device += 1;
  EXPECT_EQ(Reason(), "start.other_device");
}

TEST_F(StartGuardTest, AFlippedByteInTheReleaseIsFoundBeforeItIsStarted) {
  Write(Release() / "lib/zookeeper.jar", "jaR");
  EXPECT_EQ(Reason(), "release.tree_changed");
  Write(Release() / "lib/zookeeper.jar", "jar");
  EXPECT_EQ(Reason(), "start");
  Write(Release() / "lib/added.jar", "x");
  EXPECT_EQ(Reason(), "release.tree_changed");
}

TEST_F(StartGuardTest, AReleaseOfAnotherArchiveIsRefused) {
  Write(Release() / kReleaseRecordName,
        PrintReleaseRecord({.version = {3, 8, 4}, .sha512 = "def", .files = {}}));
  EXPECT_EQ(Reason(), "release.name_taken");
  fs::remove(Release() / kReleaseRecordName);
  EXPECT_NE(Reason(), "start");
}

TEST_F(StartGuardTest, AnotherDiskIsRefusedAfterAReboot) {
  proved_->file_system.name = "uuid:a";
  now_.name = "uuid:b";
  boot_id_ = "boot-2";
  EXPECT_EQ(Reason(), "start.other_device");
}

TEST_F(StartGuardTest, TheSameDiskMayHaveAnotherNumber) {
  proved_->file_system.name = "uuid:a";
  now_ = {.device = 8, .name = "uuid:a"};
  EXPECT_EQ(Reason(), "start");
}

TEST_F(StartGuardTest, MyIdMustBeThisServers) {
  Write(Data() / "myid", "3\n");
  EXPECT_EQ(Reason(), "start.myid");
  fs::remove(Data() / "myid");
  EXPECT_EQ(Reason(), "start.myid");
}

TEST_F(StartGuardTest, AnEmptyMountPointIsRefused) {
  fs::remove_all(Data());
  fs::create_directory(Data());
  EXPECT_EQ(Reason(), "start.myid");
}

TEST_F(StartGuardTest, AConfigurationThatWouldRunStandaloneIsRefused) {
  const fs::path cfg = Data().parent_path() / "conf/zoo.cfg";
  Write(cfg, "tickTime=2000\nclientPort=2181\ndataDir=" + Data().string() + "\n");
  EXPECT_EQ(Reason(), "config.standalone");
}

}  // namespace
}  // namespace zoowarden::agent
