#include "zknet/admin_client.h"

#include "fake_server.h"

#include <gtest/gtest.h>

namespace zoowarden::zknet {
namespace {

using std::chrono::milliseconds;

// Answers any request with these bytes.
FakeServer::Script Answering(std::string response) {
  return [response = std::move(response)](Peer peer) {
    static_cast<void>(peer.ReadUntil("\r\n\r\n"));
    peer.Write(response);
  };
}

std::string Http(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string ReasonOf(const FakeServer& server, milliseconds timeout = milliseconds(2000)) {
  const auto answer = AdminCommand(server.endpoint(), "zabstate", timeout);
  return answer ? "answered" : answer.error().reason();
}

TEST(AdminClientTest, AsksForTheCommandAndReturnsTheBody) {
  std::string asked;
  {
    const FakeServer server([&asked](Peer peer) {
      asked = peer.ReadUntil("\r\n\r\n");
      peer.Write(Http("200 OK", "{\"error\":null}"));
    });
    const auto answer = AdminCommand(server.endpoint(), "voting_view", milliseconds(2000));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(*answer, "{\"error\":null}");
  }
  EXPECT_TRUE(asked.starts_with("GET /commands/voting_view HTTP/1.1\r\n")) << asked;
}

TEST(AdminClientTest, ChunkedBodyIsPutTogether) {
  const FakeServer server(Answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n"));
  const auto answer = AdminCommand(server.endpoint(), "stats", milliseconds(2000));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(*answer, "{\"a\":1}");
}

TEST(AdminClientTest, JsonCountsWhateverTheStatus) {
  const FakeServer server(Answering(Http("503 Service Unavailable", "{\"error\":\"x\"}")));
  EXPECT_EQ(ReasonOf(server), "answered");
}

TEST(AdminClientTest, AnythingElseIsAnError) {
  EXPECT_EQ(ReasonOf(FakeServer(Answering(Http("404 Not Found", "<html>no</html>")))),
            "zk.command_failed");
  EXPECT_EQ(ReasonOf(FakeServer(Answering(Http("200 OK", "")))), "zk.command_failed");
  EXPECT_EQ(ReasonOf(FakeServer(Answering("SSH-2.0-OpenSSH\r\n"))), "zk.closed");
  EXPECT_EQ(ReasonOf(FakeServer(Answering(""))), "zk.closed");
  EXPECT_EQ(ReasonOf(FakeServer(Answering("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"))),
            "zk.closed");
  EXPECT_EQ(
      ReasonOf(FakeServer(Answering("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n{}"))),
      "zk.reply_too_large");
}

TEST(AdminClientTest, SilenceEndsAtTheDeadline) {
  const FakeServer server([](Peer peer) { peer.WaitForClose(); });
  EXPECT_EQ(ReasonOf(server, milliseconds(40)), "zk.timeout");
}

TEST(AdminClientTest, NobodyListeningIsUnreachable) {
  const auto answer = AdminCommand(NobodyThere(), "stats", milliseconds(2000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason(), "zk.unreachable");
}

}  // namespace
}  // namespace zoowarden::zknet
