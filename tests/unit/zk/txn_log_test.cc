#include "zk/txn_log.h"

#include "fixtures.h"
#include "log_builder.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <filesystem>
#include <string>
#include <vector>

namespace zoowarden::zk {
namespace {

// The zxids of a whole log, and what ended it.
struct Decoded {
  std::vector<LogEntry> entries;
  LogItem end = LogEof{};
};

Decoded DecodeAll(const std::string& log) {
  Decoded decoded;
  auto rest = AsBytes(log).subspan(kLogHeaderSize);
  while (true) {
    auto item = DecodeLogEntry(rest);
    if (const auto* entry = std::get_if<LogEntry>(&item)) {
      decoded.entries.push_back(*entry);
      rest = rest.subspan(entry->size);
      continue;
    }
    decoded.end = std::move(item);
    return decoded;
  }
}

TEST(TxnLogTest, ReadsTheLogsOfEveryReleaseLine) {
  for (const auto& version : FixtureVersions()) {
    const auto log = ReadFixture(version, "log.100000001");
    ASSERT_TRUE(IsLogHeader(AsBytes(log))) << version;
    const auto decoded = DecodeAll(log);
    EXPECT_TRUE(std::holds_alternative<LogPadding>(decoded.end)) << version;
    std::vector<int> types;
    for (std::size_t i = 0; i < decoded.entries.size(); ++i) {
      EXPECT_EQ(decoded.entries[i].zxid.value, 0x100000001 + i) << version;
      types.push_back(decoded.entries[i].type);
    }
    // createSession, create, two setData, the refused delete("/"), closeSession.
    EXPECT_EQ(types, (std::vector<int>{-10, 1, 5, 5, -1, -11})) << version;
  }
}

TEST(TxnLogTest, EveryCutOfARealLogEndsBeforeTheCutEntry) {
  for (const auto& version : FixtureVersions()) {
    const auto log = ReadFixture(version, "log.100000001");
    const auto all = DecodeAll(log).entries;
    std::size_t whole = 0;
    std::size_t end = kLogHeaderSize;
    for (std::size_t cut = kLogHeaderSize; cut <= log.size(); ++cut) {
      while (whole < all.size() && end + all[whole].size <= cut) {
        end += all[whole++].size;
      }
      const auto decoded = DecodeAll(log.substr(0, cut));
      ASSERT_EQ(decoded.entries.size(), whole) << version << " cut at " << cut;
      ASSERT_FALSE(std::holds_alternative<LogEntry>(decoded.end));
    }
  }
}

TEST(TxnLogTest, EveryDamagedByteOfAnEntryIsSeen) {
  const auto entry = LogEntryBytes(0x100000001);
  for (std::size_t at = 0; at < entry.size(); ++at) {
    auto damaged = LogHeader() + entry;
    damaged[kLogHeaderSize + at] = static_cast<char>(damaged[kLogHeaderSize + at] ^ 0x41);
    const auto decoded = DecodeAll(damaged);
    EXPECT_TRUE(decoded.entries.empty()) << at;
    EXPECT_TRUE(std::holds_alternative<LogPartial>(decoded.end)) << at;
  }
}

TEST(TxnLogTest, CutEntrySaysHowMuchItWants) {
  const auto entry = LogEntryBytes(1);
  const auto item = DecodeLogEntry(AsBytes(entry).first(20));
  ASSERT_TRUE(std::holds_alternative<LogPartial>(item));
  EXPECT_EQ(std::get<LogPartial>(item).wanted, entry.size());
}

TEST(TxnLogTest, AbsurdLengthsArePartial) {
  for (const std::uint32_t length : {1U, 31U, 0x7fffffffU, 0xffffffffU}) {
    std::string bytes;
    PutBigEndian(bytes, 7, 8);
    PutBigEndian(bytes, length, 4);
    const auto item = DecodeLogEntry(AsBytes(bytes));
    ASSERT_TRUE(std::holds_alternative<LogPartial>(item)) << length;
    EXPECT_EQ(std::get<LogPartial>(item).wanted, 0U);
  }
}

TEST(TxnLogTest, WrittenEntryDecodesToItself) {
  EXPECT_TRUE(rc::check("decode(encode(x)) == x", [](const std::string& record) {
    const LogEntry entry{.session_id = *rc::gen::arbitrary<std::int64_t>(),
                         .cxid = *rc::gen::arbitrary<std::int32_t>(),
                         .zxid = {*rc::gen::arbitrary<std::uint64_t>()},
                         .time_ms = *rc::gen::arbitrary<std::int64_t>(),
                         .type = *rc::gen::arbitrary<std::int32_t>()};
    const auto bytes = LogEntryBytes(entry, record);
    const auto item = DecodeLogEntry(AsBytes(bytes));
    RC_ASSERT(std::holds_alternative<LogEntry>(item));
    const auto& decoded = std::get<LogEntry>(item);
    RC_ASSERT(decoded.session_id == entry.session_id);
    RC_ASSERT(decoded.cxid == entry.cxid);
    RC_ASSERT(decoded.zxid == entry.zxid);
    RC_ASSERT(decoded.time_ms == entry.time_ms);
    RC_ASSERT(decoded.type == entry.type);
    RC_ASSERT(decoded.size == bytes.size());
  }));
}

TEST(TxnLogTest, NamesGiveTheirZxid) {
  EXPECT_EQ(ZxidOfLogName("log.10000002a"), (model::Zxid{0x10000002a}));
  for (const auto* name : {"log.", "log.x", "log.1.gz", "snapshot.1", "xlog.1", "log.1 "}) {
    EXPECT_EQ(ZxidOfLogName(name), std::nullopt) << name;
  }
  EXPECT_EQ(ParseSnapshotName("snapshot.1f")->zxid, (model::Zxid{0x1f}));
  EXPECT_FALSE(ParseSnapshotName("snapshot.1f")->compressed);
  EXPECT_TRUE(ParseSnapshotName("snapshot.1f.gz")->compressed);
  EXPECT_TRUE(ParseSnapshotName("snapshot.1f.snappy")->compressed);
  for (const auto* name : {"snapshot.", "snapshot.1.tmp", "snapshot.1.gz.tmp", "log.1"}) {
    EXPECT_FALSE(ParseSnapshotName(name)) << name;
  }
}

TEST(TxnLogTest, SnapshotsOfRealServersAreWhole) {
  for (const auto& version : FixtureVersions()) {
    int seen = 0;
    for (const auto& file : std::filesystem::directory_iterator(FixturePath(version, ""))) {
      const auto name = file.path().filename().string();
      if (!ParseSnapshotName(name)) {
        continue;
      }
      ++seen;
      const auto bytes = ReadFixture(version, name);
      EXPECT_TRUE(IsSnapshotHead(name, AsBytes(bytes))) << version << " " << name;
      EXPECT_TRUE(IsSnapshotTail(AsBytes(bytes))) << version << " " << name;
      EXPECT_FALSE(IsSnapshotTail(AsBytes(bytes).first(bytes.size() - 1)));
    }
    EXPECT_EQ(seen > 0, version != "3.4.14") << version;  // a young 3.4 server has written none
  }
}

}  // namespace
}  // namespace zoowarden::zk
