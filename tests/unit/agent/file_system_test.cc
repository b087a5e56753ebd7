// What names a file system, on real ones where this user may mount.
#include "agent/lifecycle/file_system.h"

#include "sys/files.h"
#include "tests/unit/agent/mounted_images.h"

#include <gtest/gtest.h>

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

class MountedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = sys::TempDir::Create("/tmp", "zw-mount-");
    ASSERT_TRUE(made);
    scratch_.emplace(std::move(*made));
    fs::create_directory(Point());
    images_.emplace(scratch_->path(), Point());
    if (const std::string why = images_->Make(); !why.empty()) {
      GTEST_SKIP() << why;
    }
    ASSERT_TRUE(images_->Mount("a"));
  }
  [[nodiscard]] std::string Point() const { return scratch_->path() / "data"; }

  std::optional<sys::TempDir> scratch_;
  std::optional<test::MountedImages> images_;
};

TEST_F(MountedTest, ANameSurvivesTheNextMountAndTellsAnotherDisk) {
  const auto first = FileSystemOf(Point(), "/nowhere");
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->name.starts_with("fsid:")) << first->name;
  images_->Unmount();
  const auto bare = FileSystemOf(Point(), "/nowhere");
  ASSERT_TRUE(bare);
  EXPECT_NE(bare->name, first->name);
  ASSERT_TRUE(images_->Mount("a"));
  EXPECT_EQ(FileSystemOf(Point(), "/nowhere")->name, first->name);
  images_->Unmount();
  ASSERT_TRUE(images_->Mount("b"));
  EXPECT_TRUE(AreOtherFileSystems(FileSystemOf(Point(), "/nowhere")->name, first->name));
}

}  // namespace
}  // namespace zoowarden::agent
