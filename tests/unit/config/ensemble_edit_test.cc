#include "config/ensemble_edit.h"

#include "sys/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

namespace zoowarden::config {
namespace {

constexpr const char* kPath = "/srv/lab/ensemble.yaml";
const ReleaseEdit kNew = {"3.9.4", "/srv/releases/new.tar.gz", "bbb", "/srv/releases/new.asc"};

std::string Edited(const std::string& text, const ReleaseEdit& edit = kNew) {
  const auto result = EditRelease(text, kPath, edit);
  return result ? *result : "error: " + result.error().message();
}

TEST(EnsembleEditTest, OnlyTheChangedScalarsChange) {
  EXPECT_EQ(Edited("# top\n"
                   "ensemble: lab   # name\n"
                   "release:\n"
                   "    version:  3.8.4      # keep: this\n"
                   "    source: ../releases/old.tar.gz\n"
                   "\n"
                   "    sha512: \"aaa\"  # \"quoted\"\n"
                   "    signature: 'old.asc'\n"
                   "servers:   [ ]\n"),
            "# top\n"
            "ensemble: lab   # name\n"
            "release:\n"
            "    version:  3.9.4      # keep: this\n"
            "    source: ../releases/new.tar.gz\n"
            "\n"
            "    sha512: \"bbb\"  # \"quoted\"\n"
            "    signature: '../releases/new.asc'\n"
            "servers:   [ ]\n");
}

TEST(EnsembleEditTest, FlowStyleAndAbsolutePathsStay) {
  EXPECT_EQ(
      Edited("release: {version: 3.8.4, source: /old.tar.gz, sha512: \"aaa\", signature: a}\n"),
      "release: {version: 3.9.4, source: /srv/releases/new.tar.gz, sha512: \"bbb\", "
      "signature: /srv/releases/new.asc}\n");
}

TEST(EnsembleEditTest, AMissingKeyIsAddedInTheSameStyle) {
  EXPECT_EQ(Edited("release: {version: 3.8.4, source: /o, sha512: \"aaa\" }  # x\nb: 1\n"),
            "release: {version: 3.9.4, source: /srv/releases/new.tar.gz, sha512: \"bbb\", "
            "signature: \"/srv/releases/new.asc\" }  # x\nb: 1\n");
  EXPECT_EQ(Edited("release:\n  version: 3.8.4\n  source: /o\n  sha512: aaa  # x\n\n# s\nb: 1\n"),
            "release:\n  version: 3.9.4\n  source: /srv/releases/new.tar.gz\n  sha512: bbb  # x\n"
            "  signature: /srv/releases/new.asc\n\n# s\nb: 1\n");
}

TEST(EnsembleEditTest, LineEndsAndAMissingLastOneStay) {
  EXPECT_EQ(
      Edited("release:\r\n  version: 3.8.4\r\n  source: /o\r\n  sha512: aaa\r\n"),
      "release:\r\n  version: 3.9.4\r\n  source: /srv/releases/new.tar.gz\r\n  sha512: bbb\r\n"
      "  signature: /srv/releases/new.asc\r\n");
  const std::string unended = "release:\n  version: 3.8.4\n  source: /o\n  sha512: aaa";
  EXPECT_EQ(Edited(unended, {"3.9.4", "/o", "aaa", ""}),
            "release:\n  version: 3.9.4\n  source: /o\n  sha512: aaa");
  EXPECT_EQ(Edited(unended, {"3.9.4", "/o", "aaa", "/s"}),
            "release:\n  version: 3.9.4\n  source: /o\n  sha512: aaa\n  signature: /s");
}

TEST(EnsembleEditTest, UnsignedReleasesLeaveNoOldSignatureBehind) {
  const ReleaseEdit unsigned_release = {"3.9.4", "/n", "bbb", ""};
  EXPECT_EQ(Edited("release: {version: 3.8.4, source: /o, sha512: aaa}\n", unsigned_release),
            "release: {version: 3.9.4, source: /n, sha512: bbb}\n");
  EXPECT_EQ(Edited("release: {version: 3.8.4, source: /o, sha512: aaa, signature: s}\n",
                   unsigned_release),
            "release: {version: 3.9.4, source: /n, sha512: bbb, signature: \"\"}\n");
}

TEST(EnsembleEditTest, AReleaseOfNoArchiveGetsNoEmptySource) {
  const ReleaseEdit elsewhere = {"3.9.4", "", "bbb", ""};
  EXPECT_EQ(Edited("release:\n  version: 3.8.4\n  sha512: aaa\nb: 1\n", elsewhere),
            "release:\n  version: 3.9.4\n  sha512: bbb\nb: 1\n");
  EXPECT_EQ(Edited("release: {version: 3.8.4, source: /o, sha512: aaa}\n", elsewhere),
            "release: {version: 3.9.4, source: \"\", sha512: bbb}\n");
}

TEST(EnsembleEditTest, WhatImportSaysOfTheAdoptedReleaseGoesWithIt) {
  const std::string adopted = "  sha512: adopted   " + std::string(kAdoptedNote) + "\n";
  EXPECT_EQ(
      Edited("release:\n  version: 3.8.4\n" + adopted + "b: 1 # mine\n", {"3.9.4", "", "bbb", ""}),
      "release:\n  version: 3.9.4\n  sha512: bbb\nb: 1 # mine\n");
}

TEST(EnsembleEditTest, NothingToChangeChangesNoByte) {
  const std::string text =
      "release:   {version: 3.9.4, source: \"/srv/releases/new.tar.gz\", sha512: bbb, signature: "
      "/srv/releases/new.asc}\n";
  EXPECT_EQ(Edited(text), text);
}

TEST(EnsembleEditTest, PathsThatNeedQuotesGetThem) {
  EXPECT_EQ(Edited("release: {version: 3.8.4, source: /o, sha512: aaa}\n",
                   {"3.8.4", "/a b/{c}: \"d\".tgz", "aaa", ""}),
            "release: {version: 3.8.4, source: \"/a b/{c}: \\\"d\\\".tgz\", sha512: aaa}\n");
}

TEST(EnsembleEditTest, TextBeforeTheValueMayBeAnyUtf8) {
  EXPECT_EQ(Edited("é: ü\nrelease: {\"version\": 3.8.4, source: /ö/old, sha512: aaa} # ß\n",
                   {"3.9.4", "/ö/new", "aaa", ""}),
            "é: ü\nrelease: {\"version\": 3.9.4, source: \"/ö/new\", sha512: aaa} # ß\n");
}

TEST(EnsembleEditTest, WhatCannotBeEditedSafelyIsRefusedWithItsPosition) {
  // The anchor gives its value to something else too.
  EXPECT_EQ(Edited("a: &v 3.8.4\nrelease: {version: *v, source: /o, sha512: aaa}\n"),
            "error: /srv/lab/ensemble.yaml:1:4: this value is not written as plain text: edit the "
            "release by hand");
  EXPECT_EQ(Edited("release:\n  version: >\n    3.8.4\n  source: /o\n  sha512: aaa\n"),
            "error: /srv/lab/ensemble.yaml:2:12: this value is not written as plain text: edit the "
            "release by hand");
  EXPECT_EQ(Edited("a: &r {version: 3.8.4, source: /o, sha512: aaa}\nrelease: *r\n",
                   {"3.9.4", "/o", "aaa", ""}),
            "error: /srv/lab/ensemble.yaml:1:4: changing this release would change other values "
            "too: edit the release by hand");
  EXPECT_EQ(Edited("a: 1\n"),
            "error: /srv/lab/ensemble.yaml:1:1: there is no release map: edit the release by hand");
}

class EnsembleEditFileTest : public testing::Test {
 protected:
  void Write(const std::string& text) { ASSERT_TRUE(sys::WriteFileAtomically(Path(), text, 0640)); }
  [[nodiscard]] std::string Path() const { return directory_.path() / "ensemble.yaml"; }
  [[nodiscard]] std::string Content() const { return sys::ReadFile(Path(), 10'000).value(); }

  const std::string old_ = "release: {version: 3.8.4, source: /o, sha512: aaa} # note\n";
  const ReleaseEdit edit_ = {"3.9.4", "/n", "bbb", ""};

 private:
  sys::TempDir directory_ = sys::TempDir::Create(testing::TempDir(), "edit").value();
};

TEST_F(EnsembleEditFileTest, TheFileIsReplacedWithItsMode) {
  Write(old_);
  ASSERT_TRUE(EditReleaseInFile(Path(), old_, edit_));
  EXPECT_EQ(Content(), "release: {version: 3.9.4, source: /n, sha512: bbb} # note\n");
  struct stat status {};
  ASSERT_EQ(::stat(Path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
  // Again, as after a crash that came before the run was closed.
  EXPECT_TRUE(EditReleaseInFile(Path(), old_, edit_));
}

TEST_F(EnsembleEditFileTest, AFileThatIsGoneIsNamedAndNotMade) {
  const auto status = EditReleaseInFile(Path(), old_, edit_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "config.unreadable");
  EXPECT_EQ(status.error().message(), "cannot find " + Path() + "; check the path");
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

TEST_F(EnsembleEditFileTest, AFileThatAPersonChangedMeanwhileIsLeftAlone) {
  Write(old_ + "# my note\n");
  const auto status = EditReleaseInFile(Path(), old_, edit_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "config.changed_meanwhile");
  EXPECT_EQ(Content(), old_ + "# my note\n");
}

}  // namespace
}  // namespace zoowarden::config
