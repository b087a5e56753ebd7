#include "agent/install/releases.h"
#include "sys/digest.h"
#include "tests/unit/agent/install/scratch.h"

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

class UploadsTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    fs::create_directories(scratch() / "archives");
    Reopen();
  }
  void Reopen(std::uint64_t spare_bytes = 0, std::uint64_t most_bytes = kMaxArchiveBytes) {
    releases_.emplace(Releases::Open({.uploads = scratch() / "uploads",
                                      .releases = scratch() / "releases",
                                      .archive_directories = {scratch() / "archives"},
                                      .spare_bytes = spare_bytes,
                                      .most_bytes = most_bytes})
                          .value());
  }
  // A small one of its own, its SHA-512.
  std::string SendWhole(const std::string& bytes) {
    const std::string sha512 = sys::Digest(sys::Hash::kSha512, bytes);
    const auto sent = releases_->Append(
        {.sha512 = sha512, .offset = 0, .total_size = bytes.size(), .data = bytes});
    EXPECT_TRUE(sent) << sent.error().message();
    return sha512;
  }
  bool Has(const std::string& sha512) {
    return fs::exists(scratch() / "uploads" / (sha512 + ".archive"));
  }
  base::Result<UploadProgress> Send(std::size_t offset, std::size_t size) {
    return releases_->Append({.sha512 = sha512_,
                              .offset = offset,
                              .total_size = bytes_.size(),
                              .data = std::string_view(bytes_).substr(offset, size)});
  }
  template <typename T>
  static std::string Reason(const base::Result<T>& result) {
    return result ? "" : result.error().reason();
  }

  std::string bytes_ = [] {
    std::string bytes;
    for (int i = 0; i < 1000; ++i) {
      bytes += std::to_string(i * 7919);
    }
    return bytes;
  }();
  std::string sha512_ = sys::Digest(sys::Hash::kSha512, bytes_);
  std::optional<Releases> releases_;
};

TEST_F(UploadsTest, GoesOnAfterAnInterruptionAtEveryChunk) {
  constexpr std::size_t kChunk = 500;
  for (std::size_t at = 0; at < bytes_.size(); at += kChunk) {
    Reopen();
    const auto before = releases_->Progress(sha512_);
    ASSERT_TRUE(before);
    ASSERT_EQ(before->offset, at);
    ASSERT_FALSE(before->complete);
    ASSERT_TRUE(Send(at, kChunk));
  }
  EXPECT_TRUE(releases_->Progress(sha512_)->complete);
  EXPECT_EQ(Read(releases_->FindArchive(sha512_).value()), bytes_);
}

// It was interrupted between the last chunk and the verification.
TEST_F(UploadsTest, AnEmptyChunkEndsWhatIsAllThere) {
  std::ofstream(scratch() / "uploads" / (sha512_ + ".part"), std::ios::binary) << bytes_;
  EXPECT_EQ(releases_->Progress(sha512_)->offset, bytes_.size());
  EXPECT_FALSE(releases_->Progress(sha512_)->complete);
  const auto ended = Send(bytes_.size(), 0);
  ASSERT_TRUE(ended) << ended.error().message();
  EXPECT_TRUE(ended->complete);
  EXPECT_EQ(Read(releases_->FindArchive(sha512_).value()), bytes_);
}

TEST_F(UploadsTest, ARepeatedOrOverlappingChunkIsTakenOnce) {
  ASSERT_TRUE(Send(0, 1000));
  EXPECT_EQ(Send(0, 1000)->offset, 1000U);
  EXPECT_EQ(Send(200, 300)->offset, 1000U);
  EXPECT_EQ(Send(800, 400)->offset, 1200U);
  EXPECT_TRUE(Send(1200, bytes_.size())->complete);
  EXPECT_EQ(Read(releases_->FindArchive(sha512_).value()), bytes_);
  EXPECT_TRUE(Send(0, 10)->complete);
}

TEST_F(UploadsTest, RefusesAGap) {
  ASSERT_TRUE(Send(0, 1000));
  EXPECT_EQ(Reason(Send(1001, 10)), "upload.gap");
  EXPECT_EQ(releases_->Progress(sha512_)->offset, 1000U);
}

TEST_F(UploadsTest, AWrongDigestDropsEverything) {
  bytes_[17] = '#';
  EXPECT_EQ(Reason(Send(0, bytes_.size())), "release.wrong_digest");
  EXPECT_EQ(releases_->Progress(sha512_)->offset, 0U);
  EXPECT_EQ(CountEntries(scratch() / "uploads"), 0);
  EXPECT_EQ(Reason(releases_->FindArchive(sha512_)), "release.no_archive");
}

TEST_F(UploadsTest, IsBounded) {
  UploadChunk chunk{
      .sha512 = sha512_, .offset = 0, .total_size = kMaxArchiveBytes + 1, .data = "x"};
  EXPECT_EQ(Reason(releases_->Append(chunk)), "upload.too_large");
  chunk.total_size = 0;
  EXPECT_EQ(Reason(releases_->Append(chunk)), "upload.too_large");
  chunk.total_size = 1;
  chunk.data = "xy";
  EXPECT_EQ(Reason(releases_->Append(chunk)), "upload.size_changed");
  const std::string big(kMaxChunkBytes + 1, 'x');
  chunk.total_size = 10 * big.size();
  chunk.data = big;
  EXPECT_EQ(Reason(releases_->Append(chunk)), "upload.chunk_too_large");
  EXPECT_EQ(CountEntries(scratch() / "uploads"), 0);
}

TEST_F(UploadsTest, RoomIsLookedAtBeforeTheFirstByteIsTaken) {
  Reopen(/*spare_bytes=*/1ULL << 62U);
  EXPECT_EQ(Reason(Send(0, 10)), "file.no_space");
  Write(scratch() / "archives/a.tar.gz", bytes_);
  EXPECT_EQ(Reason(releases_->FindArchive(sha512_)), "file.no_space");
  EXPECT_EQ(CountEntries(scratch() / "uploads"), 0);
  Reopen();
  EXPECT_TRUE(releases_->FindArchive(sha512_));
}

TEST_F(UploadsTest, WhatIsBeingRemovedIsWaitedForOnceBeforeSpaceIsSaidToLack) {
  int waits = 0;
  const auto send = [&](std::uint64_t spare_bytes, std::uint64_t most_bytes) {
    Reopen(spare_bytes, most_bytes);
    releases_->AwaitRemovals([&] {
      ++waits;
      return true;
    });
    return Reason(Send(0, 10));
  };
  EXPECT_EQ(send(/*spare_bytes=*/1ULL << 62U, kMaxArchiveBytes), "file.no_space");
  EXPECT_EQ(waits, 1);
  // The bound on the uploads is not one of the disk.
  EXPECT_EQ(send(/*spare_bytes=*/0, /*most_bytes=*/bytes_.size() - 1), "upload.no_room");
  EXPECT_EQ(waits, 1);
}

TEST_F(UploadsTest, WhoBringsManyArchivesKeepsTheNewestOnly) {
  std::vector<std::string> sent;
  for (int i = 0; i < 15; ++i) {
    sent.push_back(SendWhole("archive " + std::to_string(i)));
    EXPECT_TRUE(Has(sent.back()));
    EXPECT_LE(CountEntries(scratch() / "uploads"), 3);
  }
}

TEST_F(UploadsTest, AllOfThemAreBoundedAndUnusedOnesMakeRoom) {
  Reopen(/*spare_bytes=*/0, /*most_bytes=*/bytes_.size() + 5);
  const std::string old = SendWhole("12345");
  const std::string newer = SendWhole("67890");
  fs::last_write_time(scratch() / "uploads" / (old + ".archive"), fs::file_time_type::min());
  ASSERT_TRUE(Send(0, 100));
  EXPECT_FALSE(Has(old));
  EXPECT_TRUE(Has(newer));
  EXPECT_TRUE(Send(100, bytes_.size())->complete);
  EXPECT_TRUE(Has(newer));
}

TEST_F(UploadsTest, WhatSomebodyElseHasBegunIsNoHindrance) {
  Reopen(/*spare_bytes=*/0, /*most_bytes=*/bytes_.size() + 10);
  ASSERT_TRUE(Send(0, 100));
  Write(scratch() / "uploads" / (std::string(128, 'b') + ".fetch"), bytes_);
  const std::string fetched = sys::Digest(sys::Hash::kSha512, bytes_ + "fetched");
  Write(scratch() / "uploads" / (fetched + ".fetch"), bytes_ + "fetched");
  EXPECT_TRUE(releases_->FinishFetch(fetched));
  EXPECT_TRUE(Has(fetched));
  EXPECT_TRUE(Send(0, bytes_.size())->complete);
  EXPECT_FALSE(Has(fetched));
}

TEST_F(UploadsTest, NothingIsTakenThatWouldNotFitEvenAlone) {
  Reopen(/*spare_bytes=*/0, /*most_bytes=*/bytes_.size() - 1);
  EXPECT_EQ(Reason(Send(0, 10)), "upload.no_room");
  EXPECT_EQ(CountEntries(scratch() / "uploads"), 0);
}

TEST_F(UploadsTest, ADownloadMakesRoomWhenItHasCome) {
  Reopen(/*spare_bytes=*/0, /*most_bytes=*/bytes_.size() + 4);
  const std::string old = SendWhole("12345");
  Write(scratch() / "uploads" / (sha512_ + ".fetch"), bytes_);
  ASSERT_TRUE(releases_->FinishFetch(sha512_));
  EXPECT_TRUE(Has(sha512_));
  EXPECT_FALSE(Has(old));
}

TEST_F(UploadsTest, RefusesNamesThatAreNoDigest) {
  for (const char* name : {"", "../../etc/passwd", "abc"}) {
    sha512_ = name;
    EXPECT_EQ(Reason(Send(0, 10)), "release.bad_digest");
    EXPECT_EQ(Reason(releases_->Progress(name)), "release.bad_digest");
    EXPECT_EQ(Reason(releases_->FindArchive(name)), "release.bad_digest");
  }
  sha512_ = std::string(128, 'A');
  EXPECT_EQ(Reason(Send(0, 10)), "release.bad_digest");
}

TEST_F(UploadsTest, ANewUploadEndsAnUnfinishedOne) {
  ASSERT_TRUE(Send(0, 100));
  const std::string first = sha512_;
  bytes_ += "more";
  sha512_ = sys::Digest(sys::Hash::kSha512, bytes_);
  ASSERT_TRUE(Send(0, 100));
  EXPECT_EQ(releases_->Progress(first)->offset, 0U);
  EXPECT_EQ(releases_->Progress(sha512_)->offset, 100U);
}

TEST_F(UploadsTest, TakesAnArchiveFromAnAllowedDirectoryByItsDigest) {
  Write(scratch() / "archives/some-other.tar.gz", "something else");
  Write(scratch() / "archives/renamed.tar.gz", bytes_);
  EXPECT_TRUE(releases_->Progress(sha512_)->complete);
  const fs::path archive = releases_->FindArchive(sha512_).value();
  EXPECT_EQ(archive.parent_path(), scratch() / "uploads");
  EXPECT_EQ(Read(archive), bytes_);
}

TEST_F(UploadsTest, NoticesAFileThatChangedInTheDirectory) {
  Write(scratch() / "archives/a.tar.gz", "not yet");
  EXPECT_FALSE(releases_->Progress(sha512_)->complete);
  Write(scratch() / "archives/a.tar.gz", bytes_);
  EXPECT_TRUE(releases_->Progress(sha512_)->complete);
}

TEST_F(UploadsTest, TakesNothingThroughALinkOrFromElsewhere) {
  Write(scratch() / "elsewhere/a.tar.gz", bytes_);
  fs::create_symlink(scratch() / "elsewhere/a.tar.gz", scratch() / "archives/a.tar.gz");
  EXPECT_FALSE(releases_->Progress(sha512_)->complete);
}

}  // namespace
}  // namespace zoowarden::agent
