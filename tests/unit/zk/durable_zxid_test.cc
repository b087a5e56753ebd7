#include "zk/durable_zxid.h"

#include "fixtures.h"
#include "log_builder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace zoowarden::zk {
namespace {

namespace fs = std::filesystem;

const std::string kPadding(4096, '\0');
const std::string kSnapshot =
    std::string("ZKSN") + std::string(40, 'x') + std::string("\0\0\0\1/", 5);

class DurableZxidTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "durable-zxid-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    fs::create_directories(root_ / "data/version-2");
    fs::create_directories(root_ / "log/version-2");
  }
  void TearDown() override { fs::remove_all(root_); }

  void WriteLog(const std::string& name, const std::string& content) {
    std::ofstream(root_ / "log/version-2" / name, std::ios::binary) << content;
  }
  // Overwrites in place, keeping the inode, as a server does.
  void Overwrite(const std::string& name, std::size_t offset, const std::string& content) {
    std::fstream file(root_ / "log/version-2" / name,
                      std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file << content;
  }
  void Truncate(const std::string& name, std::size_t size) {
    fs::resize_file(root_ / "log/version-2" / name, size);
  }
  void WriteSnapshot(const std::string& name, const std::string& content) {
    std::ofstream(root_ / "data/version-2" / name, std::ios::binary) << content;
  }
  DurableZxid Read() {
    const auto durable = reader_->Read();
    EXPECT_TRUE(durable) << (durable ? "" : durable.error().message());
    return durable ? *durable : DurableZxid();
  }

  fs::path root_;
  std::unique_ptr<DurableZxidReader> reader_;
  void MakeReader() {
    reader_ =
        std::make_unique<DurableZxidReader>((root_ / "data").string(), (root_ / "log").string());
  }
};

TEST_F(DurableZxidTest, NothingThereIsNotFoundAndNotZero) {
  MakeReader();
  EXPECT_FALSE(Read().found);
  fs::remove_all(root_ / "log");
  const auto missing = reader_->Read();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason(), "zk.no_data");
}

TEST_F(DurableZxidTest, NewestLogByNumberNotByName) {
  MakeReader();
  WriteLog("log.ffffffff", LogHeader() + LogEntryBytes(0xffffffff) + kPadding);
  WriteLog("log.100000001", LogHeader() + LogEntryBytes(0x100000001) + LogEntryBytes(0x100000002));
  EXPECT_EQ(Read().zxid, (model::Zxid{0x100000002}));
}

TEST_F(DurableZxidTest, RealServersFilesGiveTheirLastTransaction) {
  for (const auto& version : FixtureVersions()) {
    SetUp();
    MakeReader();
    const auto log = ReadFixture(version, "log.100000001");
    WriteLog("log.100000001", log + kPadding);
    EXPECT_EQ(Read().zxid, (model::Zxid{0x100000006})) << version;
    TearDown();
  }
}

TEST_F(DurableZxidTest, GrowingLogIsReadOnFromTheLastOffset) {
  MakeReader();
  const auto first = LogHeader() + LogEntryBytes(1);
  WriteLog("log.1", first + kPadding);
  EXPECT_EQ(Read().zxid, (model::Zxid{1}));
  const auto second = LogEntryBytes(2);
  Overwrite("log.1", first.size(), second.substr(0, second.size() / 2));
  EXPECT_EQ(Read().zxid, (model::Zxid{1}));  // half written: not there yet
  EXPECT_FALSE(Read().newest_log_torn);
  Overwrite("log.1", first.size(), second);
  EXPECT_EQ(Read().zxid, (model::Zxid{2}));
}

TEST_F(DurableZxidTest, LogCutBackByALeaderGoesBackwards) {
  MakeReader();
  const auto first = LogHeader() + LogEntryBytes(1);
  WriteLog("log.1", first + LogEntryBytes(2) + LogEntryBytes(3));
  EXPECT_EQ(Read().zxid, (model::Zxid{3}));
  Truncate("log.1", first.size());
  EXPECT_EQ(Read().zxid, (model::Zxid{1}));
}

TEST_F(DurableZxidTest, LogRewrittenBehindItsEndIsReadAgain) {
  MakeReader();
  const auto first = LogHeader() + LogEntryBytes(1);
  WriteLog("log.1", first + LogEntryBytes(2) + LogEntryBytes(3) + kPadding);
  EXPECT_EQ(Read().zxid, (model::Zxid{3}));
  Overwrite("log.1", first.size(), LogEntryBytes(0x200000001) + LogEntryBytes(0x200000002));
  EXPECT_EQ(Read().zxid, (model::Zxid{0x200000002}));
}

TEST_F(DurableZxidTest, NewestLogTornAtItsFirstEntryIsNotPassedOverSilently) {
  MakeReader();
  WriteLog("log.1", LogHeader() + LogEntryBytes(1) + kPadding);
  WriteLog("log.2", LogHeader() + LogEntryBytes(2).substr(0, 30));
  const auto torn = Read();
  EXPECT_EQ(torn.zxid, (model::Zxid{1}));
  EXPECT_TRUE(torn.newest_log_torn);
  EXPECT_NE(torn.evidence.find("log.2 has no whole entry"), std::string::npos) << torn.evidence;
}

TEST_F(DurableZxidTest, NewestLogWithoutAnyBytesIsJustNew) {
  MakeReader();
  WriteLog("log.1", LogHeader() + LogEntryBytes(1) + kPadding);
  for (const auto& empty : {std::string(), kPadding, LogHeader(), LogHeader() + kPadding}) {
    WriteLog("log.2", empty);
    EXPECT_EQ(Read().zxid, (model::Zxid{1}));
    EXPECT_FALSE(Read().newest_log_torn) << empty.size();
  }
}

TEST_F(DurableZxidTest, NewerValidSnapshotCounts) {
  MakeReader();
  WriteLog("log.1", LogHeader() + LogEntryBytes(5) + kPadding);
  WriteSnapshot("snapshot.14", kSnapshot);
  WriteSnapshot("snapshot.20", kSnapshot.substr(0, kSnapshot.size() - 1));  // being written
  WriteSnapshot("snapshot.30.tmp", kSnapshot);
  const auto durable = Read();
  EXPECT_EQ(durable.zxid, (model::Zxid{0x14}));
  EXPECT_EQ(durable.evidence, "log.1 up to 0x5, snapshot.14");
}

TEST_F(DurableZxidTest, CompressedSnapshotCountsByItsBeginning) {
  MakeReader();
  WriteSnapshot("snapshot.14.gz", "\x1f\x8b\x08 and more bytes");
  WriteSnapshot("snapshot.20.gz", "ZKSN is not gzip");
  const auto durable = Read();
  EXPECT_EQ(durable.zxid, (model::Zxid{0x14}));
  EXPECT_NE(durable.evidence.find("compressed"), std::string::npos);
}

TEST_F(DurableZxidTest, ALogThatCannotBeReadIsNamedAndNotTakenForNone) {
  MakeReader();
  WriteSnapshot("snapshot.1", kSnapshot);
  fs::create_symlink("log.2", root_ / "log/version-2/log.2");
  const auto durable = reader_->Read();
  ASSERT_FALSE(durable);
  EXPECT_EQ(durable.error().reason(), "zk.log_unreadable");
  EXPECT_EQ(durable.error().message(),
            "cannot open " + (root_ / "log/version-2/log.2").string() +
                ": Too many levels of symbolic links");
}

TEST_F(DurableZxidTest, EntryLargerThanOneReadIsRead) {
  MakeReader();
  const std::string large(3U << 20U, 'r');
  WriteLog("log.1",
           LogHeader() + LogEntryBytes(1) + LogEntryBytes({.zxid = {2}}, large) + LogEntryBytes(3) +
               kPadding);
  EXPECT_EQ(Read().zxid, (model::Zxid{3}));
}

TEST_F(DurableZxidTest, ManyEntriesAcrossReadsAreRead) {
  MakeReader();
  std::string log = LogHeader();
  for (std::uint64_t zxid = 1; zxid <= 20'000; ++zxid) {
    log += LogEntryBytes(zxid);
  }
  WriteLog("log.1", log + kPadding);
  EXPECT_EQ(Read().zxid, (model::Zxid{20'000}));
}

}  // namespace
}  // namespace zoowarden::zk
