#include "agent/install/releases.h"

#include "sys/digest.h"
#include "sys/fd.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/install/scratch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr model::Version kVersion{3, 8, 4};
constexpr const char* kTop = "apache-zookeeper-3.8.4-bin";

std::string Sha512(std::string_view bytes) { return sys::Digest(sys::Hash::kSha512, bytes); }

class ReleasesTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    Reopen();
  }
  void Reopen(std::uint64_t spare_bytes = kSpareBytes) {
    releases_.emplace(Releases::Open({.uploads = scratch() / "uploads",
                                      .releases = scratch() / "releases",
                                      .archive_directories = {scratch() / "archives"},
                                      .spare_bytes = spare_bytes})
                          .value());
  }
  // Sends it in small chunks and returns the digest.
  std::string Upload(const std::string& bytes) {
    const std::string sha512 = Sha512(bytes);
    constexpr std::size_t kChunk = 60'000;
    for (std::size_t at = 0; at < bytes.size(); at += kChunk) {
      const auto sent = releases_->Append({.sha512 = sha512,
                                           .offset = at,
                                           .total_size = bytes.size(),
                                           .data = std::string_view(bytes).substr(at, kChunk)});
      EXPECT_TRUE(sent) << sent.error().message();
    }
    return sha512;
  }
  static mode_t ModeOf(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
  }

  std::optional<Releases> releases_;
};

TEST_F(ReleasesTest, UnpacksWithoutTheTopDirectoryAndWithForcedModes) {
  const std::string sha512 = Upload(MakeArchive(PlainRelease(kTop)));
  const auto place = releases_->Unpack(kVersion, sha512);
  ASSERT_TRUE(place) << place.error().message();
  EXPECT_EQ(place->filename(), "3.8.4-" + sha512.substr(0, 8));
  EXPECT_EQ(Read(*place / "bin/zkServer.sh"), "#!/bin/sh\n");
  EXPECT_EQ(Read(*place / "lib/zookeeper.jar"), std::string(3000, 'j'));
  EXPECT_EQ(ModeOf(*place), 0755U);
  EXPECT_EQ(ModeOf(*place / "bin"), 0755U);
  EXPECT_EQ(ModeOf(*place / "bin/zkServer.sh"), 0755U);
  EXPECT_EQ(ModeOf(*place / "lib/zookeeper.jar"), 0644U);
  EXPECT_EQ(ModeOf(*place / "conf/zoo_sample.cfg"), 0644U);
  EXPECT_EQ(releases_->FindUnpacked(kVersion, sha512).value(), *place);
}

TEST_F(ReleasesTest, TakesTheLayoutBefore355) {
  EXPECT_TRUE(releases_->Unpack(kVersion, Upload(MakeArchive(PlainRelease("zookeeper-3.8.4")))));
}

TEST_F(ReleasesTest, TakesAnUncompressedTar) {
  const auto sha512 = Upload(MakeArchive(PlainRelease(kTop), /*gzip=*/false));
  EXPECT_TRUE(releases_->Unpack(kVersion, sha512));
}

TEST_F(ReleasesTest, UnpackingAgainChangesNothing) {
  const std::string sha512 = Upload(MakeArchive(PlainRelease(kTop)));
  const auto place = releases_->Unpack(kVersion, sha512).value();
  struct stat before {};
  ASSERT_EQ(::stat(place.c_str(), &before), 0);
  ASSERT_TRUE(releases_->DropArchive(sha512));
  EXPECT_EQ(releases_->Unpack(kVersion, sha512).value(), place);
  struct stat after {};
  ASSERT_EQ(::stat(place.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  // A signature could not be judged again without it.
  EXPECT_FALSE(releases_->Progress(sha512)->complete);
}

TEST_F(ReleasesTest, RoomIsLookedAtBeforeAnythingIsUnpacked) {
  const std::string sha512 = Upload(MakeArchive(PlainRelease(kTop)));
  Reopen(/*spare_bytes=*/1ULL << 62U);
  const auto refused = releases_->Unpack(kVersion, sha512);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "file.no_space");
  EXPECT_EQ(CountEntries(scratch() / "releases"), 0);
  Reopen();
  EXPECT_TRUE(releases_->Unpack(kVersion, sha512));
}

// What was removed gives its room back some time after it is out of the way.
TEST_F(ReleasesTest, WhatIsBeingRemovedIsWaitedForOnceBeforeSpaceIsSaidToLack) {
  const std::string sha512 = Upload(MakeArchive(PlainRelease(kTop)));
  constexpr off_t kRemoved = 64 << 20;
  const fs::path removed = scratch() / "removed";
  const std::uint64_t free = fs::space(scratch()).available;
  const sys::UniqueFd tree(::open(removed.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::posix_fallocate(tree.get(), 0, kRemoved), 0);
  Reopen(/*spare_bytes=*/free - kRemoved / 2);
  int waits = 0;
  releases_->AwaitRemovals([&] {
    ++waits;
    return false;
  });
  const auto refused = releases_->Unpack(kVersion, sha512);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "file.no_space");
  EXPECT_EQ(waits, 1);
  releases_->AwaitRemovals([&] {
    ++waits;
    return ::ftruncate(tree.get(), 0) == 0;
  });
  EXPECT_TRUE(releases_->Unpack(kVersion, sha512));
  EXPECT_EQ(waits, 2);
}

TEST_F(ReleasesTest, FindsAnyChangeOfTheTree) {
  const std::string sha512 = Upload(MakeArchive(PlainRelease(kTop)));
  const auto place = releases_->Unpack(kVersion, sha512).value();
  const fs::path jar = place / "lib/zookeeper.jar";
  const auto reason = [&] {
    const auto found = releases_->FindUnpacked(kVersion, sha512);
    return found ? std::string() : found.error().reason();
  };
  std::string flipped(3000, 'j');
  flipped[1500] = 'k';
  Write(jar, flipped);
  EXPECT_EQ(reason(), "release.tree_changed");
  Write(jar, std::string(3000, 'j'));
  EXPECT_EQ(reason(), "");
  Write(place / "lib/extra.jar", "x");
  EXPECT_EQ(reason(), "release.tree_changed");
  fs::remove(place / "lib/extra.jar");
  fs::create_symlink("/etc", place / "lib/link");
  EXPECT_EQ(reason(), "release.tree_changed");
  fs::remove(place / "lib/link");
  fs::remove(jar);
  EXPECT_EQ(reason(), "release.tree_changed");
  EXPECT_EQ(releases_->Unpack(kVersion, sha512).error().reason(), "release.tree_changed");
}

TEST_F(ReleasesTest, RefusesAnUnknownFormatOfItsRecord) {
  const std::string sha512 = Upload(MakeArchive(PlainRelease(kTop)));
  const auto place = releases_->Unpack(kVersion, sha512).value();
  Write(place / "zoowarden-release.json", R"({"format": 2})");
  EXPECT_EQ(releases_->FindUnpacked(kVersion, sha512).error().reason(), "release.unknown_format");
  Write(place / "zoowarden-release.json", "{");
  EXPECT_EQ(releases_->FindUnpacked(kVersion, sha512).error().reason(), "release.damaged");
}

TEST_F(ReleasesTest, RefusesEveryCutOffArchive) {
  const std::string whole = MakeArchive(PlainRelease(kTop));
  for (std::size_t length = 1; length + 9 < whole.size(); length += 7) {
    const auto unpacked = releases_->Unpack(kVersion, Upload(whole.substr(0, length)));
    ASSERT_FALSE(unpacked) << length;
    ASSERT_THAT(unpacked.error().reason(), ::testing::StartsWith("archive.")) << length;
    ASSERT_EQ(CountEntries(scratch() / "releases"), 0) << length;
  }
}

TEST_F(ReleasesTest, AFlippedByteNeverGivesAnotherTree) {
  const std::string whole = MakeArchive(PlainRelease(kTop));
  const std::string sha512 = Upload(whole);
  const fs::path archive = releases_->FindArchive(sha512).value();
  for (std::size_t at = 0; at < whole.size(); at += 11) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    Write(archive, flipped);
    const auto unpacked = releases_->Unpack(kVersion, sha512);
    ASSERT_FALSE(unpacked);
    ASSERT_EQ(unpacked.error().reason(), "release.wrong_digest");
    ASSERT_EQ(CountEntries(scratch() / "releases"), 0);
  }
}

TEST_F(ReleasesTest, AnArchiveThatWasDamagedOnTheDiskIsRemovedAndCanBeSentAgain) {
  const std::string whole = MakeArchive(PlainRelease(kTop));
  const std::string sha512 = Upload(whole);
  Write(releases_->FindArchive(sha512).value(), whole + "x");
  EXPECT_EQ(releases_->Unpack(kVersion, sha512).error().reason(), "release.wrong_digest");
  EXPECT_FALSE(releases_->Progress(sha512)->complete);
  EXPECT_EQ(Upload(whole), sha512);
  EXPECT_TRUE(releases_->Unpack(kVersion, sha512));
}

TEST_F(ReleasesTest, AnArchiveThatWasDamagedOnTheDiskIsTakenFromADirectoryAgain) {
  const std::string whole = MakeArchive(PlainRelease(kTop));
  const std::string sha512 = Upload(whole);
  Write(releases_->FindArchive(sha512).value(), "x");
  Write(scratch() / "archives/a.tar.gz", whole);
  EXPECT_TRUE(releases_->Unpack(kVersion, sha512));
}

TEST_F(ReleasesTest, RemovesWhatAnInterruptedUnpackLeft) {
  Write(scratch() / "releases/.unpack-xyz/bin/zkServer.sh", "half");
  Reopen();
  EXPECT_EQ(CountEntries(scratch() / "releases"), 0);
}

TEST_F(ReleasesTest, KeepsTwoArchivesOfOneVersionApart) {
  auto other = PlainRelease(kTop);
  other.back().content = "different";
  const auto first = releases_->Unpack(kVersion, Upload(MakeArchive(PlainRelease(kTop))));
  const auto second = releases_->Unpack(kVersion, Upload(MakeArchive(other)));
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
}

}  // namespace
}  // namespace zoowarden::agent
