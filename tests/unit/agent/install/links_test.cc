// A part of a path below the agent's directories is exchanged for a link to a place with the same
// names in it: each use refuses it, or does without, and the other place stays as it was.
#include "agent/install/conf_files.h"
#include "agent/install/generations.h"
#include "agent/install/releases.h"
#include "agent/install/tree_writer.h"
#include "sys/digest.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/install/generation_request.h"
#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr model::Version k38{3, 8, 4};
constexpr model::Version k39{3, 9, 4};

class LinksTest : public ScratchTest {
 protected:
  // `path` is elsewhere from now on, and a link to it here.
  fs::path Swap(const fs::path& path) {
    const fs::path there = scratch() / "elsewhere" / path.filename();
    fs::create_directories(there.parent_path());
    fs::rename(path, there);
    fs::create_symlink(there, path);
    return there;
  }
  template <typename T>
  static std::string Reason(const T& result) {
    return result ? "" : result.error().reason();
  }
};

class ReleaseLinksTest : public LinksTest {
 protected:
  void SetUp() override {
    LinksTest::SetUp();
    archive_ = MakeArchive(PlainRelease("apache-zookeeper-3.8.4-bin"));
    sha512_ = sys::Digest(sys::Hash::kSha512, archive_);
    releases_.emplace(Releases::Open({.uploads = Uploads(),
                                      .releases = scratch() / "releases",
                                      .archive_directories = {scratch() / "archives"}})
                          .value());
  }
  [[nodiscard]] fs::path Uploads() const { return scratch() / "uploads"; }
  [[nodiscard]] fs::path Upload(const std::string& suffix) const {
    return Uploads() / (sha512_ + suffix);
  }
  base::Result<UploadProgress> Send(std::size_t from, std::size_t size) {
    return releases_->Append({.sha512 = sha512_,
                              .offset = from,
                              .total_size = archive_.size(),
                              .data = std::string_view(archive_).substr(from, size)});
  }
  fs::path Unpack() {
    EXPECT_TRUE(Send(0, archive_.size()));
    return releases_->Unpack(k38, sha512_).value();
  }

  std::string archive_;
  std::string sha512_;
  std::optional<Releases> releases_;
};

TEST_F(ReleaseLinksTest, ChunksAreNotAppendedThroughOne) {
  Write(scratch() / "victim", "");
  fs::create_symlink(scratch() / "victim", Upload(".part"));
  EXPECT_EQ(Reason(Send(0, 100)), "path.link");
  EXPECT_EQ(Read(scratch() / "victim"), "");
}

TEST_F(ReleaseLinksTest, ADownloadIsNotFinishedThroughOne) {
  Write(Upload(".fetch"), archive_);
  Swap(Upload(".fetch"));
  EXPECT_EQ(Reason(releases_->FinishFetch(sha512_)), "path.link");
  EXPECT_FALSE(fs::exists(Upload(".archive")));
}

TEST_F(ReleaseLinksTest, AnArchiveIsNotUnpackedThroughOne) {
  ASSERT_TRUE(Send(0, archive_.size()));
  Swap(Upload(".archive"));
  EXPECT_EQ(Reason(releases_->Unpack(k38, sha512_)), "release.no_archive");
  EXPECT_FALSE(releases_->Progress(sha512_)->complete);
  EXPECT_EQ(CountEntries(scratch() / "releases"), 0);
}

TEST_F(ReleaseLinksTest, ASignatureIsNeitherReadNorWrittenThroughOne) {
  ASSERT_TRUE(releases_->KeepSignature(sha512_, "signature"));
  const fs::path there = Swap(Upload(".signature"));
  EXPECT_EQ(Reason(releases_->KeptSignature(sha512_)), "path.link");
  ASSERT_TRUE(releases_->KeepSignature(sha512_, "another"));
  EXPECT_EQ(Read(there), "signature");
}

TEST_F(ReleaseLinksTest, ALinkInAnArchiveDirectoryIsNoArchive) {
  Write(scratch() / "elsewhere.tar.gz", archive_);
  fs::create_directories(scratch() / "archives");
  fs::create_symlink(scratch() / "elsewhere.tar.gz", scratch() / "archives/a.tar.gz");
  EXPECT_FALSE(releases_->Progress(sha512_)->complete);
  fs::remove(scratch() / "archives/a.tar.gz");
  fs::copy(scratch() / "elsewhere.tar.gz", scratch() / "archives/a.tar.gz");
  EXPECT_TRUE(releases_->Progress(sha512_)->complete);
}

TEST_F(ReleaseLinksTest, AReleaseIsNotFoundThroughOne) {
  const fs::path there = Swap(Unpack());
  EXPECT_EQ(Reason(releases_->FindUnpacked(k38, sha512_)), "release.not_unpacked");
  EXPECT_TRUE(releases_->List()->empty());
  EXPECT_EQ(Reason(releases_->Remove(there.filename())), "release.not_unpacked");
  EXPECT_TRUE(fs::exists(there / "bin/zkServer.sh"));
}

TEST_F(ReleaseLinksTest, ATreeWithOneInItIsNotWhatWasUnpacked) {
  const fs::path place = Unpack();
  const fs::path there = Swap(place / "lib");
  EXPECT_EQ(Reason(releases_->FindUnpacked(k38, sha512_)), "release.tree_changed");
  fs::remove(place / "lib");
  fs::rename(there, place / "lib");
  ASSERT_TRUE(releases_->FindUnpacked(k38, sha512_));
  Swap(place / "bin/zkServer.sh");
  EXPECT_EQ(Reason(releases_->FindUnpacked(k38, sha512_)), "release.tree_changed");
}

TEST_F(ReleaseLinksTest, ARecordIsNotReadThroughOne) {
  Swap(Unpack() / "zoowarden-release.json");
  EXPECT_EQ(Reason(releases_->FindUnpacked(k38, sha512_)), "path.link");
}

TEST_F(ReleaseLinksTest, NothingIsUnpackedThroughOne) {
  fs::create_directories(scratch() / "stage/bin");
  auto tree = TreeWriter::Open(scratch() / "stage");
  ASSERT_TRUE(tree);
  const fs::path there = Swap(scratch() / "stage/bin");
  EXPECT_EQ(Reason(tree->CreateFile("bin/zkServer.sh", true)), "file.exists");
  EXPECT_EQ(CountEntries(there), 0);
  Swap(scratch() / "stage");
  EXPECT_EQ(Reason(TreeWriter::Open(scratch() / "stage")), "path.link");
}

class GenerationLinksTest : public LinksTest {
 protected:
  void SetUp() override {
    LinksTest::SetUp();
    generations_.emplace(Generations::Open(scratch() / "generations", std::nullopt).value());
    old_ = Make(k38);
    new_ = Make(k39);
    ASSERT_TRUE(generations_->SwitchTo(old_));
    Write(At(old_) / "conf/zoo.cfg.dynamic.100000000",
          "server.1=a:1:2:participant;3\nserver.2=b:1:2:participant;3\n"
          "server.3=c:1:2:participant;3\n");
  }
  [[nodiscard]] GenerationRequest Request(model::Version version) const {
    return RequestFor(
        version,
        scratch() / "releases" / (version.ToString() + "-aaaaaaaa"),
        {{"zoo.cfg", "tickTime=2000\nserver.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n"}});
  }
  std::string Make(model::Version version) { return generations_->Make(Request(version))->digest; }
  [[nodiscard]] fs::path At(const std::string& digest) const {
    return scratch() / "generations" / digest;
  }

  std::optional<Generations> generations_;
  std::string old_;
  std::string new_;
};

TEST_F(GenerationLinksTest, AGenerationIsNotFoundThroughOne) {
  const fs::path there = Swap(At(new_));
  EXPECT_EQ(Reason(generations_->Find(new_)), "generation.unknown");
  EXPECT_EQ(Reason(generations_->SwitchTo(new_)), "generation.unknown");
  EXPECT_EQ(generations_->Current().value()->generation.digest, old_);
  // Removing and making it again touches the link only.
  ASSERT_TRUE(generations_->Remove(new_));
  EXPECT_TRUE(fs::exists(there / "conf/zoo.cfg"));
  EXPECT_EQ(Make(k39), new_);
}

// Wherever this process runs.
TEST_F(GenerationLinksTest, ItsReleaseIsLookedUpFromWhereTheLinkLies) {
  const fs::path link = At(new_) / "release";
  fs::remove(link);
  fs::create_symlink("../../releases/3.9.4-aaaaaaaa", link);
  const auto found = generations_->Find(new_);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->release_directory, fs::canonical(scratch() / "releases/3.9.4-aaaaaaaa"));
  fs::remove(link);
  fs::create_directory(link);
  EXPECT_EQ(Reason(generations_->Find(new_)), "file.failed");
  const auto uses = generations_->Uses();
  ASSERT_TRUE(uses) << uses.error().message();
  ASSERT_EQ(uses->unknown.size(), 1U) << "its release would seem to be nobody's";
  EXPECT_EQ(uses->unknown.front().digest, new_);
  EXPECT_EQ(uses->known.size(), 1U);
  EXPECT_TRUE(generations_->SwitchTo(old_)) << "and keeps no server from another";
}

TEST_F(GenerationLinksTest, ItsConfigurationIsNotReadThroughOne) {
  const fs::path conf = scratch() / "generations" / new_ / "conf";
  const fs::path there = Swap(conf);
  EXPECT_EQ(Reason(generations_->Find(new_)), "generation.damaged");
  EXPECT_EQ(Reason(ReadZooCfgFiles(conf)), "path.link");
  fs::remove(conf);
  fs::rename(there, conf);
  ASSERT_TRUE(generations_->Find(new_));
  Swap(conf / "zoo.cfg");
  EXPECT_EQ(Reason(generations_->Find(new_)), "generation.damaged");
  EXPECT_EQ(Reason(ReadZooCfgFiles(conf)), "path.link");
}

TEST_F(GenerationLinksTest, AnotherConfigurationThroughOneIsNotTheOneAskedFor) {
  Swap(At(new_) / "conf/zoo.cfg");
  ASSERT_EQ(Make(k39), new_);  // made anew
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(At(new_) / "conf/zoo.cfg")));
}

TEST_F(GenerationLinksTest, TheMembershipIsNotCarriedThroughOne) {
  const fs::path there = Swap(At(new_) / "conf");
  EXPECT_FALSE(generations_->CarryOverDynamicFile(old_, new_));
  EXPECT_EQ(CountEntries(there), 1);
  fs::remove(At(new_) / "conf");
  fs::rename(there, At(new_) / "conf");
  // One that waits for the file to be written to.
  Write(scratch() / "victim", "untouched");
  fs::create_symlink(scratch() / "victim", At(new_) / "conf/zoo.cfg.dynamic.100000000");
  EXPECT_EQ(Reason(generations_->CarryOverDynamicFile(old_, new_)), "path.link");
  EXPECT_EQ(Read(scratch() / "victim"), "untouched");
}

TEST_F(GenerationLinksTest, ItsRecordAndItsNoteAreNot) {
  Swap(At(new_) / "generation.json");
  const auto found = generations_->Find(new_);
  ASSERT_EQ(Reason(found), "generation.damaged");
  EXPECT_THAT(found.error().message(), HasSubstr("symbolic link"));
  const fs::path there = Swap(At(old_) / "ran");
  const std::string before = Read(there);
  EXPECT_EQ(generations_->LastRan(old_), 0);  // current, and nothing else is known
  ASSERT_TRUE(generations_->SwitchTo(""));
  ASSERT_TRUE(generations_->SwitchTo(old_));
  EXPECT_EQ(Read(there), before);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(At(old_) / "ran")));
}

TEST_F(GenerationLinksTest, CurrentNamesAGenerationAndNoPath) {
  fs::remove(scratch() / "generations/current");
  const fs::path there = Swap(At(new_));
  fs::create_symlink(there, scratch() / "generations/current");
  EXPECT_EQ(Reason(generations_->Current()), "generation.damaged");
  fs::remove(scratch() / "generations/current");
  fs::create_symlink(new_, scratch() / "generations/current");
  EXPECT_EQ(Reason(generations_->Current()), "generation.damaged");
}

TEST_F(GenerationLinksTest, WhatACrashLeftIsRemovedAndNotWhatItNames) {
  Write(scratch() / "elsewhere/kept", "kept");
  fs::create_symlink(scratch() / "elsewhere", scratch() / "generations/.new-abc");
  ASSERT_TRUE(Generations::Open(scratch() / "generations", std::nullopt));
  EXPECT_FALSE(fs::exists(fs::symlink_status(scratch() / "generations/.new-abc")));
  EXPECT_EQ(Read(scratch() / "elsewhere/kept"), "kept");
}

}  // namespace
}  // namespace zoowarden::agent
