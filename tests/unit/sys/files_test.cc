#include "sys/files.h"

#include "sys/beneath.h"
#include "sys/temporaries.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = TempDir::Create("/tmp", "zw-sys-");
    ASSERT_TRUE(created) << created.error().message();
    directory_.emplace(std::move(*created));
  }
  [[nodiscard]] fs::path Path(const char* name) const { return directory_->path() / name; }
  [[nodiscard]] auto EntryCount() const {
    return std::distance(fs::directory_iterator(directory_->path()), {});
  }
  static mode_t ModeOf(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    return info.st_mode & 07777U;
  }

  std::optional<TempDir> directory_;
};

TEST_F(FilesTest, WhatSomebodyPutInAFilesPlaceIsNotWaitedFor) {
  const auto fifo = directory_->path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const auto& path : {fifo, std::filesystem::path("/dev/zero"), directory_->path()}) {
    const auto read = ReadRegularFile(path, 100);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().reason(), "file.wrong_kind");
    EXPECT_NE(read.error().message().find(path.native()), std::string::npos);
  }
  EXPECT_FALSE(ReadRegularFile("/proc/self/stat", 1));
  EXPECT_TRUE(ReadRegularFile("/proc/self/stat", 10'000));
}

TEST_F(FilesTest, WritesContentAndModeWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "hello", 0644));
  ::umask(before);
  EXPECT_EQ(ReadFile(Path("a"), 100).value(), "hello");
  EXPECT_EQ(ModeOf(Path("a")), 0644U);
}

TEST_F(FilesTest, ReplacingLeavesNoTemporary) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "one", 0600));
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "two", 0600));
  EXPECT_EQ(ReadFile(Path("a"), 100).value(), "two");
  EXPECT_EQ(EntryCount(), 1);
}

TEST_F(FilesTest, RefusesToOverwriteWhenAsked) {
  ASSERT_TRUE(WriteFileAtomically(Path("key"), "one", 0600, IfPresent::kRefuse));
  const auto again = WriteFileAtomically(Path("key"), "two", 0600, IfPresent::kRefuse);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), base::ErrorCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(Path("key"), 100).value(), "one");
  EXPECT_EQ(EntryCount(), 1);
}

TEST_F(FilesTest, AFailedWriteLeavesNothing) {
  ASSERT_TRUE(EnsureDirectory(Path("a/b"), 0755));
  // A directory cannot be replaced by a file: the rename fails after the content was written.
  ASSERT_FALSE(WriteFileAtomically(Path("a"), "x", 0600));
  EXPECT_EQ(EntryCount(), 1);
}

TEST_F(FilesTest, ReadingIsBounded) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "12345", 0600));
  EXPECT_TRUE(ReadFile(Path("a"), 5));
  const auto too_large = ReadFile(Path("a"), 4);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().reason(), "file.too_large");
}

// Reason, object and next step of what the kernel refuses.
std::string Told(const base::Error& error) { return error.reason() + " " + error.message(); }

TEST_F(FilesTest, WhatTheKernelRefusesIsToldWithItsPathAndANextStep) {
  EXPECT_EQ(Told(ReadFile(directory_->path(), 100).error()),
            "file.wrong_kind cannot read " + directory_->path().native() +
                ": is a directory; check what is at the path");
  // The page at address 0 is never there.
  EXPECT_EQ(Told(ReadFile("/proc/self/mem", 100).error()),
            "file.io cannot read /proc/self/mem: input/output error; check the disk and the "
            "kernel's log");
  const std::string refused = Told(RemoveTree("/proc/self/comm").error());
  EXPECT_TRUE(refused.starts_with("file.not_permitted cannot remove /proc/self/comm: ")) << refused;
  EXPECT_TRUE(refused.ends_with("; give this user access to it")) << refused;
}

TEST_F(FilesTest, WithoutADescriptorTheLimitToRaiseIsNamed) {
  const auto read_without = [&] {
    const rlimit few{.rlim_cur = 3, .rlim_max = 3};
    ::setrlimit(RLIMIT_NOFILE, &few);
    const auto text = ReadFile("/proc/self/comm", 100);
    std::fputs(text ? "read" : Told(text.error()).c_str(), stderr);
    std::_Exit(0);  // a leak check at exit needs what was taken away
  };
  EXPECT_EXIT(read_without(),
              ::testing::ExitedWithCode(0),
              "process.descriptors cannot .*/proc/self/comm: too many open files; raise "
              "LimitNOFILE and restart");
}

TEST_F(FilesTest, EnsureDirectoryMakesParentsAndKeepsWhatIsThere) {
  ASSERT_TRUE(EnsureDirectory(Path("x/y/z"), 0700));
  EXPECT_EQ(ModeOf(Path("x/y")), 0700U);
  ASSERT_TRUE(EnsureDirectory(Path("x/y"), 0755));
  EXPECT_EQ(ModeOf(Path("x/y")), 0700U);
}

// A service has 0077, and ZooKeeper runs under another user.
TEST_F(FilesTest, EnsureDirectoryIsNotBoundByTheUmask) {
  const mode_t before = ::umask(0077);
  EXPECT_TRUE(EnsureDirectory(Path("x/y"), 0755));
  ::umask(before);
  EXPECT_EQ(ModeOf(Path("x")), 0755U);
  EXPECT_EQ(ModeOf(Path("x/y")), 0755U);
}

TEST_F(FilesTest, EnsureDirectoryRefusesAFileInItsPlace) {
  ASSERT_TRUE(WriteFileAtomically(Path("x"), "", 0600));
  EXPECT_FALSE(EnsureDirectory(Path("x"), 0700));
}

TEST_F(FilesTest, ReplaceSymlinkSwitchesInPlace) {
  ASSERT_TRUE(ReplaceSymlink(Path("current"), "one"));
  ASSERT_TRUE(ReplaceSymlink(Path("current"), "two"));
  EXPECT_EQ(fs::read_symlink(Path("current")), "two");
  EXPECT_EQ(EntryCount(), 1);
}

TEST_F(FilesTest, ReplaceSymlinkGetsOverTheRestOfACrash) {
  fs::create_symlink("half", Path("current.new"));
  ASSERT_TRUE(ReplaceSymlink(Path("current"), "one"));
  EXPECT_EQ(fs::read_symlink(Path("current")), "one");
}

TEST_F(FilesTest, ReplaceSymlinkRefusesARealDirectory) {
  ASSERT_TRUE(EnsureDirectory(Path("current"), 0700));
  const auto status = ReplaceSymlink(Path("current"), "one");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "file.not_a_link");
}

TEST_F(FilesTest, RemoveTreeDoesNotFollowLinks) {
  ASSERT_TRUE(EnsureDirectory(Path("kept"), 0700));
  ASSERT_TRUE(WriteFileAtomically(Path("kept/file"), "x", 0600));
  ASSERT_TRUE(EnsureDirectory(Path("gone"), 0700));
  fs::create_directory_symlink(Path("kept"), Path("gone/link"));
  ASSERT_TRUE(RemoveTree(Path("gone")));
  EXPECT_FALSE(fs::exists(Path("gone")));
  EXPECT_TRUE(fs::exists(Path("kept/file")));
}

TEST_F(FilesTest, RemovingNothingSucceeds) { EXPECT_TRUE(RemoveTree(Path("never-was"))); }

TEST_F(FilesTest, LeftoversAreWhatBeginsLikeOneAndNothingElse) {
  for (const char* name : {".new-abc", ".old-abc", "5f3c", "x.new-", ".news"}) {
    ASSERT_TRUE(EnsureDirectory(Path(name) / "inside", 0700));
  }
  ASSERT_TRUE(RemoveLeftovers(Beneath::Open(directory_->path()).value(), {".new-", ".old-"}));
  EXPECT_EQ(EntryCount(), 3);
  EXPECT_TRUE(fs::exists(Path("5f3c/inside")));
  EXPECT_FALSE(Beneath::Open(Path("never-was")));
}

TEST_F(FilesTest, ATemporaryIsToldByItsNameAndRemovedAtAStart) {
  EXPECT_EQ(TargetOfTemporary("zoo.cfg.tmp-a1B2c3"), "zoo.cfg");
  EXPECT_EQ(TargetOfTemporary(TemporaryFor("zoo.cfg")), "zoo.cfg");
  EXPECT_NE(TemporaryFor("zoo.cfg"), TemporaryFor("zoo.cfg"));
  for (const char* other : {"zoo.cfg", "x.tmp-a1B2c", "x.tmp-a1B2c3d", "x.tmp-a1B/c3", "x.tmp"}) {
    EXPECT_EQ(TargetOfTemporary(other), "") << other;
  }
  for (const char* name : {"ran.tmp-a1B2c3", "ran", "zoo.cfg.dynamic.1.tmp"}) {
    ASSERT_TRUE(WriteFileAtomically(Path(name), "1", 0600));
  }
  ASSERT_TRUE(EnsureDirectory(Path("d.tmp-a1B2c3"), 0700));
  ASSERT_TRUE(RemoveTemporaries(directory_->path()));
  EXPECT_EQ(EntryCount(), 3);
  EXPECT_FALSE(fs::exists(Path("ran.tmp-a1B2c3")));
  EXPECT_TRUE(RemoveTemporaries(Path("never-was")));
}

TEST_F(FilesTest, ATempDirDisappearsUnlessReleased) {
  fs::path gone;
  fs::path kept;
  {
    auto first = TempDir::Create(directory_->path(), "t-");
    auto second = TempDir::Create(directory_->path(), "t-");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(ModeOf(first->path()), 0700U);
    gone = first->path();
    kept = second->Release();
  }
  EXPECT_FALSE(fs::exists(gone));
  EXPECT_TRUE(fs::exists(kept));
}

}  // namespace
}  // namespace zoowarden::sys
