// A process that has used up its descriptors sees less, and must not take what it cannot see for
// what is not there.
#include "agent/install/entry_policy.h"
#include "agent/install/generations.h"
#include "agent/install/releases.h"
#include "sys/digest.h"
#include "tests/unit/agent/install/generation_request.h"
#include "tests/unit/agent/install/scratch.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// While it lives, this process can open so many files more.
class FewDescriptors {
 public:
  explicit FewDescriptors(int free) {
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next + free);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

constexpr int kEnough = 12;

class FewDescriptorsTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    releases_.emplace(Releases::Open({.uploads = scratch() / "uploads",
                                      .releases = scratch() / "releases",
                                      .keep_unused = 3})
                          .value());
  }
  [[nodiscard]] fs::path Upload(const std::string& suffix) const {
    return scratch() / "uploads" / (sha512_ + suffix);
  }

  const std::string bytes_ = "an archive";
  const std::string sha512_ = sys::Digest(sys::Hash::kSha512, bytes_);
  std::optional<Releases> releases_;
};

TEST_F(FewDescriptorsTest, AWholeDownloadIsNotDropped) {
  Write(Upload(".fetch"), bytes_);
  const fs::path other = scratch() / "uploads" / (std::string(128, 'a') + ".archive");
  Write(other, "another");
  bool done = false;
  int failed = 0;
  for (int free = 0; free <= kEnough && !done; ++free) {
    base::Status finished;
    {
      const FewDescriptors few(free);
      finished = releases_->FinishFetch(sha512_);
    }
    done = finished.has_value();
    failed += done ? 0 : 1;
    ASSERT_TRUE(done || fs::exists(Upload(".fetch")) || fs::exists(Upload(".archive")))
        << free << ": " << finished.error().message();
    EXPECT_TRUE(done || finished.error().reason() != "release.wrong_digest") << free;
    ASSERT_TRUE(fs::exists(other)) << free << ": dropped as if room were wanted";
  }
  EXPECT_TRUE(done);
  EXPECT_GE(failed, 2);
}

TEST_F(FewDescriptorsTest, AnArchiveThatIsThereIsNotAskedForAgain) {
  Write(Upload(".archive"), bytes_);
  bool told = false;
  for (int free = 0; free <= kEnough && !told; ++free) {
    const auto progress = [&] {
      const FewDescriptors few(free);
      return releases_->Progress(sha512_);
    }();
    told = progress.has_value();
    EXPECT_TRUE(!told || (progress->complete && progress->offset == bytes_.size())) << free;
  }
  EXPECT_TRUE(told);
}

TEST_F(FewDescriptorsTest, NoArchiveOfAnUnpackedReleaseIsDropped) {
  Write(Upload(".archive"), bytes_);
  const fs::path release = scratch() / "releases" / ("3.8.4-" + sha512_.substr(0, 8));
  Write(release / kReleaseRecordName,
        PrintReleaseRecord({.version = {3, 8, 4}, .sha512 = sha512_, .files = {}}));
  for (int free = 0; free <= kEnough; ++free) {
    {
      const FewDescriptors few(free);
      static_cast<void>(releases_->DropUnused(0));
    }
    ASSERT_TRUE(fs::exists(Upload(".archive"))) << free;
  }
}

// "Not there" would have it made anew in the place of what is there.
TEST_F(FewDescriptorsTest, WhatIsThereIsNotTakenForMissingOrDamaged) {
  auto generations = Generations::Open(scratch() / "generations", std::nullopt);
  ASSERT_TRUE(generations);
  const auto made = generations->Make(RequestFor(
      {3, 8, 4}, scratch() / "releases/3.8.4-aaaaaaaa", {{"zoo.cfg", "tickTime=2000\n"}}));
  ASSERT_TRUE(made);
  const fs::path release = scratch() / "releases/3.8.4-aaaaaaaa";
  bool found = false;
  for (int free = 0; free <= kEnough && !found; ++free) {
    base::Status look;
    base::Status verified;
    {
      const FewDescriptors few(free);
      const auto generation = generations->Find(made->digest);
      look = generation ? base::Ok() : base::Status(tl::unexpect, generation.error());
      verified = VerifyInstalled(release, {3, 8, 4}, sha512_);
    }
    found = look.has_value();
    EXPECT_TRUE(found || look.error().reason() == "process.descriptors")
        << free << " " << look.error().message();
    ASSERT_FALSE(verified);
    EXPECT_NE(verified.error().reason(), "release.not_unpacked") << free;
  }
  EXPECT_TRUE(found);
}

TEST_F(FewDescriptorsTest, NoGenerationSeemsToUseNoRelease) {
  auto generations = Generations::Open(scratch() / "generations", std::nullopt);
  ASSERT_TRUE(generations);
  ASSERT_TRUE(generations->Make(RequestFor(
      {3, 8, 4}, scratch() / "releases/3.8.4-aaaaaaaa", {{"zoo.cfg", "tickTime=2000\n"}})));
  bool told = false;
  for (int free = 0; free <= kEnough && !told; ++free) {
    const auto uses = [&] {
      const FewDescriptors few(free);
      return generations->Uses();
    }();
    told = uses.has_value();
    ASSERT_TRUE(!told || (uses->known.size() == 1 && uses->unknown.empty())) << free;
    EXPECT_TRUE(!told || uses->known.front().release == "3.8.4-aaaaaaaa") << free;
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace zoowarden::agent
