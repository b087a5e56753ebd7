#include "zknet/connection.h"

#include "fake_server.h"

#include <gtest/gtest.h>

namespace zoowarden::zknet {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(ConnectionTest, NobodyListeningIsUnreachable) {
  const auto connection = Connection::Open(NobodyThere(), milliseconds(2000));
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().reason(), "zk.unreachable");
}

TEST(ConnectionTest, UnknownNameIsUnreachable) {
  const auto connection = Connection::Open({"no such name", 1}, milliseconds(2000));
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().reason(), "zk.unreachable");
}

TEST(ConnectionTest, SilenceEndsAtTheDeadline) {
  const FakeServer server([](Peer peer) { peer.WaitForClose(); });
  const auto begin = steady_clock::now();
  {
    auto connection = Connection::Open(server.endpoint(), milliseconds(40));
    ASSERT_TRUE(connection);
    const auto bytes = connection->ReceiveExactly(1);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().reason(), "zk.timeout");
    EXPECT_EQ(connection->Remaining(), milliseconds(0));
  }
  EXPECT_GE(steady_clock::now() - begin, milliseconds(40));
}

TEST(ConnectionTest, DrippingBytesDoNotMoveTheDeadline) {
  const FakeServer server([](Peer peer) {
    for (int i = 0; i < 1000 && peer.Read(1) == "x"; ++i) {
      peer.Write("y");
    }
  });
  auto connection = Connection::Open(server.endpoint(), milliseconds(30));
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->Send("x"));
  const auto bytes = connection->ReceiveExactly(2);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().reason(), "zk.timeout");
}

TEST(ConnectionTest, ShortenOnlyEverShortens) {
  const FakeServer server([](Peer peer) { peer.WaitForClose(); });
  auto connection = Connection::Open(server.endpoint(), milliseconds(1000));
  ASSERT_TRUE(connection);
  connection->Shorten(milliseconds(5000));
  EXPECT_LE(connection->Remaining(), milliseconds(1000));
  connection->Shorten(milliseconds(0));
  EXPECT_EQ(connection->Remaining(), milliseconds(0));
}

TEST(ConnectionTest, CloseInTheMiddleIsNotAReply) {
  const FakeServer server([](Peer peer) { peer.Write("abc"); });
  auto connection = Connection::Open(server.endpoint(), milliseconds(2000));
  ASSERT_TRUE(connection);
  const auto bytes = connection->ReceiveExactly(4);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().reason(), "zk.closed");
}

TEST(ConnectionTest, EndpointsPrintAsTheyAreWritten) {
  EXPECT_EQ((Endpoint{"10.0.0.1", 2181}.ToString()), "10.0.0.1:2181");
  EXPECT_EQ((Endpoint{"::1", 2181}.ToString()), "[::1]:2181");
}

}  // namespace
}  // namespace zoowarden::zknet
