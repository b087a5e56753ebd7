#include "journal/database.h"

#include "journal/agent_journal.h"
#include "journal/run_store.h"
#include "sys/files.h"
#include "sys/subprocess.h"

#include <gtest/gtest.h>

#include <array>

namespace zoowarden::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 1> kOne{"CREATE TABLE t (a INTEGER) STRICT"};
constexpr std::array<const char*, 2> kTwo{"CREATE TABLE t (a INTEGER) STRICT",
                                          "ALTER TABLE t ADD COLUMN b TEXT"};
constexpr std::array<const char*, 2> kBad{"CREATE TABLE t (a INTEGER) STRICT",
                                          "CREATE TABLE u (a INTEGER); NONSENSE"};
constexpr Schema kVersion1{.name = "thing", .application_id = 77, .migrations = kOne};
constexpr Schema kVersion2{.name = "thing", .application_id = 77, .migrations = kTwo};
constexpr Schema kBroken{.name = "thing", .application_id = 77, .migrations = kBad};
constexpr Schema kOther{.name = "other", .application_id = 78, .migrations = kOne};

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-journal-");
    ASSERT_TRUE(created);
    directory_.emplace(std::move(*created));
    path_ = directory_->path() / "journal.db";
  }
  std::string ReasonOfOpening(const Schema& schema, Access access = Access::kOwn) {
    const auto database = Database::Open(path_, schema, access);
    return database ? "" : database.error().reason();
  }
  std::string Content() { return sys::ReadFile(path_, 10'000'000).value(); }
  void Replace(const std::string& content) {
    ASSERT_TRUE(sys::WriteFileAtomically(path_, content, 0600));
  }

  std::optional<sys::TempDir> directory_;
  fs::path path_;
};

TEST_F(DatabaseTest, CreatesAndOpensAgain) {
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
  EXPECT_TRUE(fs::exists(path_));
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

// In the place of its own file, of the lock and of the mark: another one's, named by a link.
TEST_F(DatabaseTest, NoneOfItsFilesIsReachedThroughALink) {
  ASSERT_EQ(ReasonOfOpening(kVersion1), "");
  const std::string content = Content();
  const fs::path elsewhere = directory_->path() / "elsewhere";
  fs::rename(path_, elsewhere);
  fs::create_symlink("elsewhere", path_);
  EXPECT_EQ(ReasonOfOpening(kVersion1), "path.link");
  EXPECT_EQ(ReasonOfOpening(kVersion1, Access::kRead), "path.link");
  EXPECT_EQ(sys::ReadFile(elsewhere, 10'000'000).value(), content);
  fs::remove(path_);
  fs::rename(elsewhere, path_);
  ASSERT_TRUE(sys::WriteFileAtomically(elsewhere, "victim", 0600));
  fs::remove(path_.native() + ".lock");
  fs::create_symlink("elsewhere", path_.native() + ".lock");
  EXPECT_EQ(ReasonOfOpening(kVersion1), "path.link");
  EXPECT_EQ(sys::ReadFile(elsewhere, 100).value(), "victim");
}

// The link that leads to the state directory is its owner's.
TEST_F(DatabaseTest, TheDirectoryMayBeReachedThroughALink) {
  fs::create_directory(directory_->path() / "disk");
  fs::create_symlink("disk", directory_->path() / "state");
  path_ = directory_->path() / "state/journal.db";
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
  EXPECT_EQ(ReasonOfOpening(kVersion1, Access::kRead), "");
}

TEST_F(DatabaseTest, AnOlderFileIsMigrated) {
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
  EXPECT_EQ(ReasonOfOpening(kVersion2), "");
  EXPECT_EQ(ReasonOfOpening(kVersion1), "journal.newer_version");
}

TEST_F(DatabaseTest, AFailedMigrationChangesNothing) {
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
  EXPECT_EQ(ReasonOfOpening(kBroken), "journal.failed");
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
}

TEST_F(DatabaseTest, ANewerFileIsRefusedAndSaysSo) {
  EXPECT_EQ(ReasonOfOpening(kVersion2), "");
  const auto database = Database::Open(path_, kVersion1, Access::kOwn);
  ASSERT_FALSE(database);
  EXPECT_NE(database.error().message().find("version 2"), std::string::npos);
}

TEST_F(DatabaseTest, ASecondOwnerIsRefusedWithTheFirstOnesPid) {
  const auto first = Database::Open(path_, kVersion1, Access::kOwn);
  ASSERT_TRUE(first);
  const auto second = Database::Open(path_, kVersion1, Access::kOwn);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason(), "journal.in_use");
  EXPECT_NE(second.error().message().find("process " + std::to_string(::getpid())),
            std::string::npos);
}

TEST_F(DatabaseTest, AProgramThatWeStartDoesNotKeepTheLock) {
  auto first = Database::Open(path_, kVersion1, Access::kOwn);
  ASSERT_TRUE(first);
  ASSERT_TRUE(sys::RunProgram({.executable = "/bin/sh",
                               .arguments = {"-c", "sleep 5 &"},
                               .timeout = std::chrono::seconds(30),
                               .descendants = sys::Descendants::kLeave}));
  first->reset();
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
}

TEST_F(DatabaseTest, AReaderMayLookBesideTheOwner) {
  EXPECT_EQ(ReasonOfOpening(kVersion1, Access::kRead), "journal.missing");
  const auto owner = Database::Open(path_, kVersion1, Access::kOwn);
  ASSERT_TRUE(owner);
  EXPECT_EQ(ReasonOfOpening(kVersion1, Access::kRead), "");
}

TEST_F(DatabaseTest, AFileOfAnotherKindIsRefused) {
  EXPECT_EQ(ReasonOfOpening(kOther), "");
  EXPECT_EQ(ReasonOfOpening(kVersion1), "journal.wrong_kind");
}

TEST_F(DatabaseTest, AnEmptyFileIsDamageAndStaysEmpty) {
  Replace("");
  EXPECT_EQ(ReasonOfOpening(kVersion1), "journal.damaged");
  EXPECT_EQ(Content(), "");
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsDamageAndStaysAsItIs) {
  Replace(std::string(8192, 'x'));
  EXPECT_EQ(ReasonOfOpening(kVersion1), "journal.damaged");
  EXPECT_EQ(Content(), std::string(8192, 'x'));
}

TEST_F(DatabaseTest, ATruncatedFileIsDamage) {
  EXPECT_EQ(ReasonOfOpening(kVersion2), "");
  const std::string whole = Content();
  ASSERT_GT(whole.size(), 4096U);
  Replace(whole.substr(0, whole.size() - 4096));
  EXPECT_EQ(ReasonOfOpening(kVersion2), "journal.damaged");
}

TEST_F(DatabaseTest, AnOverwrittenPageIsDamage) {
  EXPECT_EQ(ReasonOfOpening(kVersion2), "");
  std::string content = Content();
  content.replace(4096, 512, std::string(512, '\xff'));
  Replace(content);
  EXPECT_EQ(ReasonOfOpening(kVersion2), "journal.damaged");
}

TEST_F(DatabaseTest, AMissingFileBesideItsLogIsDamage) {
  ASSERT_TRUE(sys::WriteFileAtomically(path_.native() + "-wal", "x", 0600));
  EXPECT_EQ(ReasonOfOpening(kVersion1), "journal.damaged");
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(DatabaseTest, TheRestOfAnInterruptedCreationIsNoHindrance) {
  ASSERT_TRUE(sys::WriteFileAtomically(path_.native() + ".new", "half", 0600));
  EXPECT_EQ(ReasonOfOpening(kVersion1), "");
  EXPECT_FALSE(fs::exists(path_.native() + ".new"));
}

TEST_F(DatabaseTest, TheTwoStoresDoNotOpenEachOthersFile) {
  ASSERT_TRUE(OpenAgentJournal(path_));
  const auto store = OpenRunStore(path_, Access::kOwn);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().reason(), "journal.wrong_kind");
}

TEST_F(DatabaseTest, ADirectoryThatIsNotThereIsNamed) {
  path_ = directory_->path() / "nowhere" / "journal.db";
  EXPECT_EQ(ReasonOfOpening(kVersion1), "file.not_found");
}

}  // namespace
}  // namespace zoowarden::journal
