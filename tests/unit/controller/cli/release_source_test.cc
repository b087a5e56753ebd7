#include "controller/cli/release_source.h"

#include "sys/digest.h"
#include "tests/unit/controller/cli/fake_world.h"

namespace zoowarden::controller {
namespace {

class ReleaseSourceTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    std::filesystem::create_directory(Path("3.8.4"));
    std::filesystem::create_directory(Path("3.9.4"));
    Write("3.8.4/zk-3.8.4.tar.gz", "old");
    Write("3.9.4/zk-3.9.4.tar.gz", "new");
    declared_ = {.version = {3, 8, 4}, .source = Path("3.8.4/zk-3.8.4.tar.gz"), .sha512 = "x"};
    archive_ = Path("3.9.4/zk-3.9.4.tar.gz");
    digest_ = sys::Digest(sys::Hash::kSha512, "new");
  }

  model::ReleaseSpec declared_;
  std::string archive_;
  std::string digest_;
};

TEST_F(ReleaseSourceTest, TheSameVersionIsTheDeclaredRelease) {
  const auto release = ResolveRelease(declared_, "3.8.4", std::nullopt);
  ASSERT_TRUE(release);
  EXPECT_EQ(*release, declared_);
}

TEST_F(ReleaseSourceTest, TheArchiveBesideTheDeclaredOneIsFound) {
  const auto release = ResolveRelease(declared_, "3.9.4", std::nullopt);
  ASSERT_TRUE(release) << release.error().message();
  EXPECT_EQ(release->source, archive_);
  EXPECT_EQ(release->sha512, digest_);
  EXPECT_EQ(release->signature, "");
}

TEST_F(ReleaseSourceTest, WithoutAnArchiveItIsAskedFor) {
  const auto release = ResolveRelease(declared_, "3.9.5", std::nullopt);
  ASSERT_FALSE(release);
  EXPECT_NE(release.error().message().find("add --release ARCHIVE"), std::string::npos);
  EXPECT_FALSE(ResolveRelease(declared_, "3.9.4", Path("missing.tar.gz")));
}

TEST_F(ReleaseSourceTest, VersionsMustBeWhole) {
  for (const char* bad : {"3.9", "3.9.x", "v3.9.4", "3.9.4-rc0", ""}) {
    EXPECT_FALSE(ResolveRelease(declared_, bad, archive_)) << bad;
  }
}

TEST_F(ReleaseSourceTest, TheStatedDigestMustBeTheArchives) {
  Write("3.9.4/zk-3.9.4.tar.gz.sha512", digest_ + "  zk-3.9.4.tar.gz\n");
  EXPECT_TRUE(ResolveRelease(declared_, "3.9.4", archive_));
  Write("3.9.4/zk-3.9.4.tar.gz.sha512", std::string(128, 'a') + " *zk-3.9.4.tar.gz\n");
  const auto wrong = ResolveRelease(declared_, "3.9.4", archive_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().reason(), "release.wrong_digest");
  Write("3.9.4/zk-3.9.4.tar.gz.sha512", "<html>404</html>");
  const auto garbage = ResolveRelease(declared_, "3.9.4", archive_);
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().reason(), "release.bad_digest_file");
}

TEST_F(ReleaseSourceTest, ASignedEnsembleStaysSigned) {
  declared_.signature = declared_.source + ".asc";
  const auto unsigned_release = ResolveRelease(declared_, "3.9.4", archive_);
  ASSERT_FALSE(unsigned_release);
  EXPECT_EQ(unsigned_release.error().reason(), "release.no_signature");
  Write("3.9.4/zk-3.9.4.tar.gz.asc", "signature");
  const auto release = ResolveRelease(declared_, "3.9.4", archive_);
  ASSERT_TRUE(release);
  EXPECT_EQ(release->signature, archive_ + ".asc");
}

}  // namespace
}  // namespace zoowarden::controller
