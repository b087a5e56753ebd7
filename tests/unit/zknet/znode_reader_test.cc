#include "zknet/znode_reader.h"

#include "fake_zookeeper.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <mutex>

namespace zoowarden::zknet {
namespace {

using model::Sight;
using std::chrono::milliseconds;

constexpr std::int32_t kGetData = 4;
constexpr std::int32_t kGetAcl = 6;
constexpr milliseconds kTimeout{5'000};

std::string Buffer(const std::string& bytes) {
  return BigEndian(static_cast<std::int32_t>(bytes.size())) + bytes;
}

std::string StatOf(std::int64_t czxid, std::int32_t version, std::int32_t children = 0) {
  return BigEndian(czxid) + BigEndian(std::int64_t{9}) + BigEndian(std::int64_t{1}) +
         BigEndian(std::int64_t{2}) + BigEndian(version) + BigEndian(std::int32_t{5}) +
         BigEndian(std::int32_t{6}) + BigEndian(std::int64_t{0x77}) + BigEndian(std::int32_t{4}) +
         BigEndian(children) + BigEndian(std::int64_t{3});
}

const std::string kOpenAcl =
    BigEndian(std::int32_t{1}) + BigEndian(std::int32_t{31}) + Buffer("world") + Buffer("anyone");

// Answers every request as the script says: error and body, by type and path.
struct Member {
  struct Answer {
    std::int32_t error = 0;
    std::string body;
  };
  std::function<Answer(std::int32_t type, const std::string& path)> answer;
  int refuse_sessions = 0;
  std::int64_t last_seen = 0;

  void Serve(Peer peer) {
    const auto connect = ReadFrame(peer);
    if (!connect || connect->size() != 45) {
      return;
    }
    last_seen = Number(*connect, 4, 8);
    if (refuse_sessions > 0) {
      --refuse_sessions;
      return;
    }
    peer.Write(Frame(ConnectResponse(1)));
    while (const auto request = ReadFrame(peer)) {
      const auto type = static_cast<std::int32_t>(Number(*request, 4, 4));
      if (type == -11) {
        peer.Write(Frame(ReplyHeader(Number(*request, 0, 4), 1, 0)));
        return;
      }
      const auto size = static_cast<std::size_t>(Number(*request, 8, 4));
      const auto said = answer(type, request->substr(12, size));
      peer.Write(Frame(ReplyHeader(Number(*request, 0, 4), 0x10, said.error) + said.body));
    }
  }
};

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
}

}  // namespace
}  // namespace zoowarden::zknet
