// The agent's side of downloads, with a stand-in for zoowarden-fetch.
#include "agent/install/downloads.h"

#include "sys/digest.h"
#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr model::Version kVersion{3, 9, 4};

class DownloadsTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    releases_.emplace(
        Releases::Open({.uploads = Uploads(), .releases = scratch() / "releases"}).value());
    config_.from = {"https://a.example/zk/", "https://b.example/zookeeper-{version}/"};
  }
  [[nodiscard]] fs::path Uploads() const { return scratch() / "uploads"; }

  // The shell script gets the arguments of zoowarden-fetch: $2 is the URL, $4 the file.
  void FetchIs(const std::string& script) {
    downloads_.reset();
    Write(scratch() / "fetch", "#!/bin/sh\necho \"$@\" >>" + Said() + "\n" + script);
    fs::permissions(scratch() / "fetch", fs::perms(0700));
    downloads_.emplace(scratch() / "fetch", config_, Uploads(), [this](const std::string& sha512) {
      return releases_->FinishUpload(sha512);
    });
  }
  [[nodiscard]] std::string Said() const { return scratch() / "said"; }

  // Asks until it is there or failed: "there" or the reason.
  std::string Fetch(const std::string& sha512) {
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < ends) {
      if (const auto wanted = downloads_->Want(kVersion, sha512); !wanted) {
        return wanted.error().reason();
      }
      if (fs::exists(Uploads() / (sha512 + ".archive"))) {
        return "there";
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return "no end";
  }

  const std::string content_ = "the archive";
  const std::string sha512_ = sys::Digest(sys::Hash::kSha512, content_);
  config::DownloadConfig config_;
  std::optional<Releases> releases_;
  std::optional<Downloads> downloads_;
};

TEST_F(DownloadsTest, TheUrlIsMadeOfTheMirrorAndTheVersionAlone) {
  EXPECT_THAT(DownloadUrls(config_, kVersion),
              ElementsAre("https://a.example/zk/apache-zookeeper-3.9.4-bin.tar.gz",
                          "https://b.example/zookeeper-3.9.4/apache-zookeeper-3.9.4-bin.tar.gz"));
  EXPECT_THAT(DownloadUrls(config_, {3, 4, 14}),
              ElementsAre("https://a.example/zk/zookeeper-3.4.14.tar.gz",
                          "https://b.example/zookeeper-3.4.14/zookeeper-3.4.14.tar.gz"));
}

TEST_F(DownloadsTest, AFetchedArchiveIsVerifiedAndTaken) {
  FetchIs("printf 'the archive' >\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "there");
  EXPECT_EQ(Read(releases_->FindArchive(sha512_).value()), content_);
  EXPECT_THAT(Read(Said()), HasSubstr("--allow https://a.example/zk/"));
  EXPECT_THAT(Read(Said()), Not(HasSubstr("--ca")));
}

TEST_F(DownloadsTest, AWrongDigestIsDroppedAndTheNextMirrorTried) {
  FetchIs("case $2 in *a.example*) printf evil >\"$4\";; *) printf 'the archive' >\"$4\";; esac\n");
  EXPECT_EQ(Fetch(sha512_), "there");
  FetchIs("printf evil >\"$4\"\n");
  const std::string other = sys::Digest(sys::Hash::kSha512, "another");
  EXPECT_EQ(Fetch(other), "release.wrong_digest");
  EXPECT_EQ(CountEntries(Uploads()), 1);
}

TEST_F(DownloadsTest, WhatTheProgramSaysIsTheErrorAndIsToldOnce) {
  FetchIs("printf 'download.not_found\\tthe server has no such file\\n'; exit 1\n");
  EXPECT_EQ(Fetch(sha512_), "download.not_found");
  FetchIs("printf 'the archive' >\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "there");
}

TEST_F(DownloadsTest, AProgramThatDiesOrTalksNonsenseIsAnErrorToo) {
  FetchIs("kill -9 $$\n");
  EXPECT_EQ(Fetch(sha512_), "download.failed");
  FetchIs("echo 'rm -rf / \t\x1b[2J'; exit 1\n");
  EXPECT_EQ(Fetch(sha512_), "download.failed");
}

TEST_F(DownloadsTest, OneAtATime) {
  FetchIs("sleep 60\n");
  ASSERT_TRUE(downloads_->Want(kVersion, sha512_));
  const auto second = downloads_->Want(kVersion, std::string(128, 'a'));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason(), "download.busy");
  const auto begin = std::chrono::steady_clock::now();
  downloads_.reset();  // ends the one under way
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(DownloadsTest, WhatAnotherDownloadLeftIsRemovedAndItsOwnStays) {
  Write(Uploads() / (std::string(128, 'b') + ".part"), "half");
  Write(Uploads() / (sha512_ + ".part"), "the ");
  FetchIs("printf 'archive' >>\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "there");
  EXPECT_EQ(CountEntries(Uploads()), 1);
}

TEST_F(DownloadsTest, WithoutAMirrorNothingIsFetched) {
  config_.from.clear();
  FetchIs("printf 'the archive' >\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "download.not_declared");
  EXPECT_FALSE(fs::exists(Said()));
}

}  // namespace
}  // namespace zoowarden::agent
