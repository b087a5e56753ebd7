// The agent's side of downloads, with a stand-in for zoowarden-fetch.
#include "agent/install/downloads.h"

#include "agent/install/release_parts.h"
#include "sys/digest.h"
#include "sys/fd.h"
#include "sys/manual_clock.h"
#include "tests/support/wait_until.h"
#include "tests/unit/agent/install/scratch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using test::WaitUntil;
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
    downloads_.emplace(
        scratch() / "fetch",
        config_,
        Uploads(),
        [this](const std::string& sha512) { return releases_->FinishFetch(sha512); },
        clock_);
  }
  [[nodiscard]] std::string Said() const { return scratch() / "said"; }

  base::Result<Downloads::Wanted> Want(const std::string& sha512) {
    return downloads_->Want(kVersion, sha512, [this] {
      ++begun_;
      return may_begin_;
    });
  }

  [[nodiscard]] std::ptrdiff_t TimesAsked() const {
    const std::string said = Read(Said());
    return std::count(said.begin(), said.end(), '\n');
  }

  // Asks until it is there or failed: "there" or the reason.
  std::string Fetch(const std::string& sha512) {
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < ends) {
      if (const auto wanted = Want(sha512); !wanted) {
        error_ = wanted.error();
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
  int begun_ = 0;
  base::Status may_begin_ = base::Ok();
  std::optional<base::Error> error_;
  config::DownloadConfig config_;
  sys::ManualClock clock_;
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

TEST_F(DownloadsTest, WhatTheProgramSaysIsTheError) {
  FetchIs("printf 'download.not_found\\tthe server has no such file\\n'; exit 1\n");
  EXPECT_EQ(Fetch(sha512_), "download.not_found");
  FetchIs("printf 'the archive' >\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "there");
}

TEST_F(DownloadsTest, AMirrorThatFailsIsAskedEverMoreSeldom) {
  config_.from = {"https://a.example/zk/"};
  FetchIs("printf 'download.not_now\tHTTP 503\n'; exit 1\n");
  int asked = 0;
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_EQ(Fetch(sha512_), "download.not_now");
    EXPECT_EQ(TimesAsked(), ++asked);
    clock_.Advance(std::chrono::seconds(seconds) - std::chrono::milliseconds(1));
    EXPECT_EQ(Fetch(sha512_), "download.not_now");
    EXPECT_EQ(TimesAsked(), asked) << "within " << seconds << " s";
    EXPECT_THAT(error_->message(), HasSubstr("(not asked again for 1 s)"));
    clock_.Advance(std::chrono::milliseconds(1));
  }
  FetchIs("printf 'the archive' >\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "there");
}

TEST_F(DownloadsTest, TheRestOfOneArchiveIsNotAnothers) {
  FetchIs("printf 'download.not_now\tHTTP 503\n'; exit 1\n");
  EXPECT_EQ(Fetch(sha512_), "download.not_now");
  const auto asked = TimesAsked();
  EXPECT_EQ(Fetch(std::string(128, 'a')), "download.not_now");
  EXPECT_EQ(TimesAsked(), 2 * asked);
}

TEST_F(DownloadsTest, ARefusalIsFinalWhereEveryMirrorRefuses) {
  FetchIs("printf 'download.not_found\tHTTP 404\n'; exit 1\n");
  EXPECT_EQ(Fetch(sha512_), "download.not_found");
  EXPECT_TRUE(error_->Is(base::ErrorCode::kFailedPrecondition));
  EXPECT_THAT(error_->message(), HasSubstr("cannot fetch https://a.example/zk/"));
  EXPECT_THAT(error_->message(), HasSubstr("cannot fetch https://b.example/zookeeper-3.9.4/"));
  FetchIs(
      "case $2 in *a.example*) printf 'download.not_now\tHTTP 503\n';;\n"
      "*) printf 'download.not_found\tHTTP 404\n';; esac; exit 1\n");
  EXPECT_EQ(Fetch(sha512_), "download.not_now");
  EXPECT_TRUE(error_->Is(base::ErrorCode::kUnavailable));
  EXPECT_THAT(error_->message(), HasSubstr("HTTP 503; cannot fetch https://b.example"));
}

TEST_F(DownloadsTest, AProgramThatDiesOrTalksNonsenseIsAnErrorToo) {
  FetchIs("kill -9 $$\n");
  EXPECT_EQ(Fetch(sha512_), "download.failed");
  FetchIs("echo 'rm -rf / \t\x1b[2J'; exit 1\n");
  EXPECT_EQ(Fetch(sha512_), "download.failed");
}

TEST_F(DownloadsTest, SaysOnceThatItBeginsAndDoesNotWhereItMayNot) {
  FetchIs("while ! [ -e go ]; do sleep 0.01; done; printf 'the archive' >\"$4\"\n");
  may_begin_ = base::Fail(base::ErrorCode::kDataLoss, "journal.io", "not written");
  EXPECT_EQ(Want(sha512_).error().reason(), "journal.io");
  EXPECT_FALSE(fs::exists(Said()));
  may_begin_ = base::Ok();
  begun_ = 0;
  EXPECT_EQ(Want(sha512_).value(), Downloads::Wanted::kBegun);
  EXPECT_EQ(Want(sha512_).value(), Downloads::Wanted::kUnderWay);
  Write(Uploads() / "go", "");
  EXPECT_EQ(Fetch(sha512_), "there");
  EXPECT_EQ(begun_, 1);
}

TEST_F(DownloadsTest, OneAtATime) {
  FetchIs("sleep 60\n");
  ASSERT_TRUE(Want(sha512_));
  const auto second = Want(std::string(128, 'a'));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason(), "download.busy");
  const auto begin = std::chrono::steady_clock::now();
  downloads_.reset();  // ends the one under way
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(DownloadsTest, WhatAnotherDownloadLeftIsRemovedAndItsOwnStays) {
  Write(Uploads() / (std::string(128, 'b') + ".fetch"), "half");
  Write(Uploads() / (sha512_ + ".fetch"), "the ");
  FetchIs("printf 'archive' >>\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "there");
  EXPECT_EQ(CountEntries(Uploads()), 1);
}

TEST_F(DownloadsTest, AnUploadUnderWayIsLeftAlone) {
  const fs::path part = Uploads() / (std::string(128, 'b') + ".part");
  Write(part, "half");
  FetchIs("printf 'the archive' >\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "there");
  EXPECT_EQ(Read(part), "half");
}

TEST_F(DownloadsTest, AnUploadOfWhatIsBeingFetchedAndTheDownloadDoNotMeet) {
  // As zoowarden-fetch: one descriptor that appends.
  FetchIs(
      "exec 3>>\"$4\"; printf 'the ' >&3; while ! [ -e go ]; do sleep 0.01; done\n"
      "printf 'archive' >&3; : >written\n");
  ASSERT_TRUE(Want(sha512_));
  const fs::path fetched = Uploads() / (sha512_ + ".fetch");
  WaitUntil([&] { return SizeOf(fetched) == 4; });
  const auto done = releases_->Append(
      {.sha512 = sha512_, .offset = 0, .total_size = content_.size(), .data = content_});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_TRUE(done->complete);
  Write(Uploads() / "go", "");
  WaitUntil([&] { return fs::exists(Uploads() / "written") && !fs::exists(fetched); });
  EXPECT_EQ(Read(releases_->FindArchive(sha512_).value()), content_);
}

TEST_F(DownloadsTest, NothingIsTakenThatMayStillBeWrittenTo) {
  const fs::path fetched = Uploads() / (sha512_ + ".fetch");
  Write(fetched, content_);
  {
    const sys::UniqueFd writer(::open(fetched.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
    EXPECT_EQ(releases_->FinishFetch(sha512_).error().reason(), "download.busy");
  }
  EXPECT_TRUE(releases_->FinishFetch(sha512_));
}

// A mirror that sends something else and breaks off must not spoil what the next one sends.
TEST_F(DownloadsTest, WhatABadMirrorLeftDoesNotDefeatAGoodOne) {
  FetchIs(
      "case $2 in *a.example*) printf evil >>\"$4\"; printf 'download.interrupted\\tit broke\\n'; "
      "exit 1;; esac\n"
      "if [ -s \"$4\" ]; then printf hive >>\"$4\"; else printf 'the archive' >>\"$4\"; fi\n");
  EXPECT_EQ(Fetch(sha512_), "there");
  EXPECT_EQ(Read(releases_->FindArchive(sha512_).value()), content_);
}

TEST_F(DownloadsTest, AMirrorWhoseArchiveIsWrongIsAskedTwiceAtMost) {
  config_.from = {"https://a.example/zk/"};
  FetchIs("printf evil >>\"$4\"\n");
  Write(Uploads() / (sha512_ + ".fetch"), "held");
  EXPECT_EQ(Fetch(sha512_), "release.wrong_digest");
  EXPECT_EQ(TimesAsked(), 2);
}

TEST_F(DownloadsTest, WithoutAMirrorNothingIsFetched) {
  config_.from.clear();
  FetchIs("printf 'the archive' >\"$4\"\n");
  EXPECT_EQ(Fetch(sha512_), "download.not_declared");
  EXPECT_FALSE(fs::exists(Said()));
}

}  // namespace
}  // namespace zoowarden::agent
