#include "zknet/zoo_client.h"

#include "fake_zookeeper.h"

#include <gtest/gtest.h>

#include <map>

namespace zoowarden::zknet {
namespace {

using model::Zxid;
using std::chrono::milliseconds;

std::string Text(const std::string& text) {
  return BigEndian(static_cast<std::int32_t>(text.size())) + text;
}

// A tree of znodes behind the requests that the client sends.
struct Tree {
  std::map<std::string, std::string> nodes = {{"", ""}, {"/zookeeper/config", "version=0"}};
  std::int64_t zxid = 0x100000000;
  std::int32_t refuse = 0;  // error of every request when not 0
  bool silent = false;

  std::string Stat() const {
    return BigEndian(std::int64_t{1}) + BigEndian(zxid) + std::string(52, '\0');
  }

  std::string Answer(std::int64_t type, const std::string& body) {
    const auto size = static_cast<std::size_t>(Number(body, 0, 4));
    const auto path = body.substr(4, size);
    const bool exists = nodes.contains(path);
    if (refuse != 0) {
      return BigEndian(zxid) + BigEndian(refuse);
    }
    if (type == 1) {
      const bool parent = nodes.contains(path.substr(0, path.rfind('/')));
      if (exists || !parent) {
        return BigEndian(++zxid) + BigEndian(std::int32_t{exists ? -110 : -101});
      }
      nodes[path] = "";
      return BigEndian(++zxid) + BigEndian(std::int32_t{0}) + Text(path);
    }
    if (!exists) {
      return BigEndian(zxid) + BigEndian(std::int32_t{-101});
    }
    if (type == 5) {
      ++zxid;
      nodes[path] = body.substr(8 + size, static_cast<std::size_t>(Number(body, 4 + size, 4)));
      return BigEndian(zxid) + BigEndian(std::int32_t{0}) + Stat();
    }
    return BigEndian(zxid) + BigEndian(std::int32_t{0}) + Text(nodes[path]) + Stat();
  }

  void Serve(Peer peer) {
    if (!ReadFrame(peer)) {
      return;
    }
    peer.Write(Frame(ConnectResponse(7)));
    while (const auto request = ReadFrame(peer)) {
      const auto xid = Number(*request, 0, 4);
      const auto type = Number(*request, 4, 4);
      if (type == -11) {
        return;
      }
      if (!silent) {
        peer.Write(Frame(BigEndian(static_cast<std::int32_t>(xid)) +
                         (type == 11 ? BigEndian(zxid) + BigEndian(std::int32_t{0})
                                     : Answer(type, request->substr(8)))));
      }
    }
  }
};

class ZooClientTest : public testing::Test {
 protected:
  Tree tree_;
  FakeServer server_{[this](Peer peer) { tree_.Serve(peer); }};

  ZooClient Connect() {
    auto client = ZooClient::Connect(server_.endpoint(), milliseconds(5000));
    EXPECT_TRUE(client) << (client ? "" : client.error().message());
    return *std::move(client);
  }
};

TEST_F(ZooClientTest, CanaryIsWrittenAndReadBack) {
  auto client = Connect();
  const auto written = client.WriteCanary("/zoowarden/canary", "run 1", milliseconds(2000));
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(written->value, static_cast<std::uint64_t>(tree_.zxid));
  const auto read = client.Read("/zoowarden/canary", milliseconds(2000));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->data, "run 1");
  EXPECT_EQ(read->modified, *written);
  const auto again = client.WriteCanary("/zoowarden/canary", "run 2", milliseconds(2000));
  ASSERT_TRUE(again);
  EXPECT_GT(*again, *written);
}

TEST_F(ZooClientTest, CommittedConfigurationIsRead) {
  auto client = Connect();
  const auto config = client.CommittedConfig(milliseconds(2000));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(*config, "version=0");
}

TEST_F(ZooClientTest, RefusalsHaveTheirOwnReasons) {
  auto client = Connect();
  const auto absent = client.Read("/absent", milliseconds(2000));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().reason(), "zk.no_node");
  tree_.refuse = -102;
  const auto denied = client.WriteCanary("/zoowarden", "x", milliseconds(2000));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().reason(), "zk.no_permission");
}

TEST_F(ZooClientTest, SilenceEndsAtTheDeadlineAndTheAnswerIsDroppedLater) {
  auto client = Connect();
  tree_.silent = true;
  const auto read = client.Read("/absent", milliseconds(30));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason(), "zk.timeout");
}

TEST(ZooClientConnectTest, MemberThatMakesNoSessionTimesOut) {
  const FakeServer server([](Peer peer) { peer.WaitForClose(); });
  const auto client = ZooClient::Connect(server.endpoint(), milliseconds(40));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().reason(), "zk.timeout");
}

}  // namespace
}  // namespace zoowarden::zknet
