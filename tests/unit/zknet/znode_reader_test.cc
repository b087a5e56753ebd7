#include "zknet/znode_reader.h"

#include "fake_member.h"

#include <gtest/gtest.h>

#include <array>

namespace zoowarden::zknet {
namespace {

using model::Sight;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout{5'000};

class ZnodeReaderTest : public testing::Test {
 protected:
  base::Result<ZnodeReader> Open(milliseconds timeout = kTimeout) {
    return ZnodeReader::Open(server_.endpoint(), {0x20}, timeout);
  }
  base::Result<std::vector<ReadZnode>> Read(const std::vector<std::string>& paths) {
    auto reader = Open();
    EXPECT_TRUE(reader);
    auto read = reader->Read(paths);
    reader->Close();
    return read;
  }
  std::string ReadError(const std::string& data_body, std::int32_t error = 0) {
    member_.answer = [&](std::int32_t type, const std::string&) -> Member::Answer {
      return {error, type == kGetData ? data_body : kOpenAcl + StatOf(1, 0)};
    };
    const auto read = Read({"/a"});
    return read ? "" : read.error().reason();
  }

  Member member_;
  FakeServer server_{[this](Peer peer) { member_.Serve(peer); }};
};

TEST_F(ZnodeReaderTest, TellsWhatIsThereAndKeepsNoData) {
  member_.answer = [](std::int32_t type, const std::string& path) -> Member::Answer {
    if (path == "/gone") {
      return {-101, ""};
    }
    if (path == "/secret") {
      return {-102, ""};
    }
    return {0, type == kGetAcl ? kOpenAcl + StatOf(7, 3, 2) : Buffer("data") + StatOf(7, 3, 2)};
  };
  const auto read = Read({"/a", "/gone", "/secret"});
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 3U);
  const auto& node = read->front();
  EXPECT_EQ(node.children, 2);
  EXPECT_EQ(node.znode.path, "/a");
  EXPECT_EQ(node.znode.sight, Sight::kPresent);
  const auto& facts = node.znode.facts;
  EXPECT_EQ(facts.created, model::Zxid{7});
  EXPECT_EQ(facts.modified, model::Zxid{9});
  EXPECT_EQ((std::array{facts.version, facts.cversion, facts.aversion}), (std::array{3, 5, 6}));
  EXPECT_EQ(facts.owner, 0x77);
  EXPECT_EQ(facts.data_bytes, 4U);
  EXPECT_EQ(facts.data_crc, 0xadf3f363U);  // CRC-32 of "data"
  EXPECT_NE(facts.acl_crc, 0U);
  EXPECT_EQ(read->at(1).znode.sight, Sight::kAbsent);
  EXPECT_EQ(read->at(2).znode.sight, Sight::kForbidden);
  EXPECT_EQ(member_.last_seen, 0x20);
}

TEST_F(ZnodeReaderTest, ChildrenComeByTheirBytes) {
  member_.answer = [](std::int32_t, const std::string& path) -> Member::Answer {
    if (path != "/a") {
      return {-101, ""};
    }
    return {
        0,
        BigEndian(std::int32_t{3}) + Buffer("b") + Buffer("\xc3\xa4") + Buffer("a") + StatOf(1, 0)};
  };
  auto reader = Open();
  ASSERT_TRUE(reader);
  const std::vector<std::string> paths{"/a", "/gone"};
  const auto lists = reader->Children(paths);
  ASSERT_TRUE(lists) << lists.error().message();
  ASSERT_EQ(lists->front().size(), 3U);
  EXPECT_EQ(lists->front().at(0), "a");
  EXPECT_EQ(lists->front().at(1), "b");
  EXPECT_EQ(lists->front().at(2), "\xc3\xa4");
  EXPECT_EQ(lists->at(1).size(), 0U);
}

TEST_F(ZnodeReaderTest, AMemberThatIsStillBehindIsWaitedFor) {
  member_.refuse_sessions = 2;
  EXPECT_TRUE(Open());
  member_.refuse_sessions = 1'000'000;
  const auto never = Open(milliseconds(100));
  ASSERT_FALSE(never);
  EXPECT_TRUE(never.error().reason() == "zk.no_session" || never.error().reason() == "zk.timeout")
      << never.error().reason();
}

TEST_F(ZnodeReaderTest, GarbageIsRefused) {
  EXPECT_EQ(ReadError(Buffer("data") + StatOf(1, 0)), "");
  EXPECT_EQ(ReadError(""), "zk.reply_malformed");
  EXPECT_EQ(ReadError(Buffer("data")), "zk.reply_malformed");
  EXPECT_EQ(ReadError(Buffer("data") + StatOf(1, 0) + "x"), "zk.reply_malformed");
  EXPECT_EQ(ReadError(BigEndian(std::int32_t{1 << 30}) + StatOf(1, 0)), "zk.reply_malformed");
  EXPECT_EQ(ReadError(BigEndian(std::int32_t{-2}) + StatOf(1, 0)), "zk.reply_malformed");
  EXPECT_EQ(ReadError("", -4), "zk.read_failed");
  EXPECT_EQ(ReadError("", -124), "zk.authentication_required");
}

TEST_F(ZnodeReaderTest, GarbageInAListOfChildrenIsRefused) {
  for (const auto& body : {std::string(),
                           BigEndian(std::int32_t{1 << 30}) + StatOf(1, 0),
                           BigEndian(std::int32_t{1}) + Buffer("") + StatOf(1, 0),
                           BigEndian(std::int32_t{2}) + Buffer("a") + StatOf(1, 0),
                           BigEndian(std::int32_t{1}) + Buffer("a") + StatOf(1, 0) + "x"}) {
    EXPECT_FALSE(ChildNames::Parse(body));
  }
}

TEST_F(ZnodeReaderTest, LargeDataIsAskedForInSmallerPortions) {
  member_.answer = [](std::int32_t type, const std::string& path) -> Member::Answer {
    const std::string data(path == "/large" ? std::size_t{512} << 10U : 1, 'x');
    return {0, type == kGetAcl ? kOpenAcl + StatOf(1, 0) : Buffer(data) + StatOf(1, 0)};
  };
  auto reader = Open();
  ASSERT_TRUE(reader);
  const std::vector<std::string> small{"/small"};
  const std::vector<std::string> large{"/large"};
  ASSERT_TRUE(reader->Read(small));
  EXPECT_EQ(reader->Window(), 128U);
  ASSERT_TRUE(reader->Read(large));
  EXPECT_EQ(reader->Window(), 2U);
  ASSERT_TRUE(reader->Read(small));
  EXPECT_LE(reader->Window(), 3U) << "the next large one is not far";
  reader->Expect(9'000);
  EXPECT_EQ(reader->Window(), 116U);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(reader->Read(small));
  }
  EXPECT_EQ(reader->Window(), 128U) << "in the end it is";
}

std::string Acl(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string acl = BigEndian(static_cast<std::int32_t>(entries.size()));
  for (const auto& [scheme, id] : entries) {
    acl += BigEndian(std::int32_t{1}) + Buffer(scheme) + Buffer(id);
  }
  return acl;
}

TEST_F(ZnodeReaderTest, AnAclIsTheSameWithAndWithoutItsPasswordHashes) {
  const auto crc_of = [this](const std::string& acl) {
    member_.answer = [&acl](std::int32_t type, const std::string&) -> Member::Answer {
      return {0, type == kGetAcl ? acl + StatOf(1, 0) : Buffer("") + StatOf(1, 0)};
    };
    const auto read = Read({"/a"});
    EXPECT_TRUE(read) << read.error().message();
    return read ? read->front().znode.facts.acl_crc : 0;
  };
  const auto shown =
      crc_of(Acl({{"world", "anyone"}, {"digest", "user:5w9W4eL3797Y4Wq8AcKUPPk8ha4="}}));
  EXPECT_EQ(shown, crc_of(Acl({{"world", "anyone"}, {"digest", "user:x"}})));
  EXPECT_NE(shown, crc_of(Acl({{"world", "anyone"}, {"digest", "other:x"}})));
  // Of no other scheme is anything left out.
  EXPECT_NE(crc_of(Acl({{"sasl", "a:b"}})), crc_of(Acl({{"sasl", "a:x"}})));
  // As agents of before, which left nothing out, say it.
  EXPECT_EQ(crc_of(kOpenAcl), 0x38d6420fU);
}

TEST_F(ZnodeReaderTest, ADamagedAclIsRefused) {
  for (const auto& acl : {BigEndian(std::int32_t{2}) + kOpenAcl.substr(4),
                          kOpenAcl + "x",
                          kOpenAcl.substr(0, kOpenAcl.size() - 1)}) {
    member_.answer = [&acl](std::int32_t type, const std::string&) -> Member::Answer {
      return {0, type == kGetAcl ? acl + StatOf(1, 0) : Buffer("") + StatOf(1, 0)};
    };
    const auto read = Read({"/a"});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().reason(), "zk.reply_malformed");
  }
}

// Data and ACL are two answers.
TEST_F(ZnodeReaderTest, WhatChangesBetweenTwoAnswersIsNotMixed) {
  member_.answer = [](std::int32_t type, const std::string& path) -> Member::Answer {
    if (type == kGetData) {
      return {0, Buffer("") + StatOf(7, 0, 2)};
    }
    return path == "/hidden" ? Member::Answer{-102, ""}
                             : Member::Answer{0, kOpenAcl + StatOf(8, 0)};
  };
  const auto read = Read({"/hidden", "/anew"});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->front().znode.sight, Sight::kForbidden);
  EXPECT_EQ(read->at(1).znode.sight, Sight::kAbsent);
  EXPECT_EQ(read->at(1).children, 0);
}

}  // namespace
}  // namespace zoowarden::zknet
