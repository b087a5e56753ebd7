#include "zknet/four_letter.h"

#include "fake_server.h"

#include <gtest/gtest.h>

namespace zoowarden::zknet {
namespace {

using std::chrono::milliseconds;

TEST(FourLetterTest, ReturnsEverythingUntilTheServerCloses) {
  const FakeServer server([](Peer peer) {
    if (peer.Read(4) == "srvr") {
      peer.Write("Zookeeper version: ");
      peer.Write("3.9.4\n");
    }
  });
  const auto reply = FourLetter(server.endpoint(), "srvr", milliseconds(2000));
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(*reply, "Zookeeper version: 3.9.4\n");
}

TEST(FourLetterTest, EndlessReplyIsCutOff) {
  const FakeServer server([](Peer peer) {
    static_cast<void>(peer.Read(4));
    const std::string chunk(65536, 'x');
    for (int i = 0; i < 32; ++i) {
      peer.Write(chunk);
    }
  });
  const auto reply = FourLetter(server.endpoint(), "mntr", milliseconds(5000));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().reason(), "zk.reply_too_large");
}

TEST(FourLetterTest, ReplyThatNeverEndsIsNotAReply) {
  const FakeServer server([](Peer peer) {
    peer.Write("Zookeeper version: 3.9.4\n");
    peer.WaitForClose();
  });
  const auto reply = FourLetter(server.endpoint(), "srvr", milliseconds(30));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().reason(), "zk.timeout");
}

TEST(FourLetterTest, ResetIsNotAnEnd) {
  const FakeServer server([](Peer peer) {
    static_cast<void>(peer.Read(4));
    peer.Reset();
  });
  const auto reply = FourLetter(server.endpoint(), "srvr", milliseconds(2000));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().reason(), "zk.closed");
}

}  // namespace
}  // namespace zoowarden::zknet
