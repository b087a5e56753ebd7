// What names a file system, on real ones where this user may mount.
#include "agent/lifecycle/file_system.h"

#include "sys/files.h"
#include "sys/subprocess.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>
#include <optional>
#include <string>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

TEST(FileSystemTest, TheSameDirectoryHasTheSameName) {
  const auto here = FileSystemOf(fs::temp_directory_path());
  ASSERT_TRUE(here);
  EXPECT_NE(here->device, 0U);
  EXPECT_EQ(FileSystemOf(fs::temp_directory_path()).value(), *here);
}

TEST(FileSystemTest, WhatIsNoDirectoryIsRefused) {
  const auto none = FileSystemOf("/nowhere");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().reason(), "start.no_data_directory");
  EXPECT_FALSE(FileSystemOf("/proc/self/stat"));
}

TEST(FileSystemTest, NamesOfTwoKindsSayNothing) {
  EXPECT_TRUE(AreOtherFileSystems("uuid:a", "uuid:b"));
  EXPECT_FALSE(AreOtherFileSystems("uuid:a", "uuid:a"));
  EXPECT_FALSE(AreOtherFileSystems("uuid:a", "fsid:b"));
  EXPECT_FALSE(AreOtherFileSystems("", "uuid:b"));
}

// Two ext4 images on loop devices.
class MountedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = sys::TempDir::Create("/tmp", "zw-mount-");
    ASSERT_TRUE(made);
    scratch_.emplace(std::move(*made));
    fs::create_directory(Point());
    for (const char* name : {"a", "b"}) {
      std::ofstream(At(name)).close();
      fs::resize_file(At(name), 4UL * 1024 * 1024);
      if (!Run("/sbin/mkfs.ext4", {"-q", "-F", At(name)})) {
        GTEST_SKIP() << "mkfs.ext4 is not installed";
      }
    }
    if (!Mount("a")) {
      GTEST_SKIP() << "this user may not mount loop devices";
    }
  }
  void TearDown() override { Unmount(); }

  static bool Run(const std::string& program, const std::vector<std::string>& arguments) {
    const auto ran = sys::RunProgram(
        {.executable = program, .arguments = arguments, .timeout = std::chrono::seconds(30)});
    return ran && ran->succeeded();
  }
  bool Mount(const std::string& image) {
    return Run("/bin/mount", {"-o", "loop", At(image), Point()});
  }
  void Unmount() const { ::umount2(Point().c_str(), MNT_DETACH); }
  [[nodiscard]] std::string At(const std::string& name) const { return scratch_->path() / name; }
  [[nodiscard]] std::string Point() const { return At("data"); }

  std::optional<sys::TempDir> scratch_;
};

TEST_F(MountedTest, ANameSurvivesTheNextMountAndTellsAnotherDisk) {
  const auto first = FileSystemOf(Point(), "/nowhere");
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->name.starts_with("fsid:")) << first->name;
  Unmount();
  const auto bare = FileSystemOf(Point(), "/nowhere");
  ASSERT_TRUE(bare);
  EXPECT_NE(bare->name, first->name);
  ASSERT_TRUE(Mount("a"));
  EXPECT_EQ(FileSystemOf(Point(), "/nowhere")->name, first->name);
  Unmount();
  ASSERT_TRUE(Mount("b"));
  EXPECT_TRUE(AreOtherFileSystems(FileSystemOf(Point(), "/nowhere")->name, first->name));
}

}  // namespace
}  // namespace zoowarden::agent
