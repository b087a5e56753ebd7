#include "zknet/session.h"

#include "fake_zookeeper.h"
#include "zk/srvr.h"

#include <gtest/gtest.h>

#include <atomic>

namespace zoowarden::zknet {
namespace {

using model::Zxid;
using std::chrono::milliseconds;

constexpr std::int64_t kSession = 0x1000001;

// A member that answers `srvr` and makes sessions; tests change what it does.
struct Member {
  std::uint64_t srvr_zxid = 0x100000005;
  std::uint64_t srvr_rises_by = 0;  // each time it is asked
  std::string connect_response = Frame(ConnectResponse(kSession));
  std::int64_t applied = 0x100000007;  // header zxid of replies
  std::int32_t error = -8;             // of a delete
  std::int64_t xid_offset = 0;
  bool answers_requests = true;
  std::string last_request;
  std::int64_t last_seen = -1;
  std::atomic<int> closes = 0;

  void Serve(Peer peer) {
    const auto begin = peer.Read(4);
    if (begin == "srvr") {
      srvr_zxid += srvr_rises_by;
      peer.Write(zk::PrintSrvr({.version = {3, 9, 4},
                                .version_text = "3.9.4",
                                .latency = "0/0/0",
                                .zxid = {srvr_zxid},
                                .mode = zk::ServerMode::kFollower}));
      return;
    }
    const auto connect = ReadFrame(peer, begin);
    if (!connect || connect->size() != 45) {
      return;
    }
    last_seen = Number(*connect, 4, 8);
    peer.Write(connect_response);
    while (const auto request = ReadFrame(peer)) {
      if (!answers_requests) {
        peer.WaitForClose();
        return;
      }
      const auto type = Number(*request, 4, 4);
      if (type == -11) {
        ++closes;
      } else {
        last_request = request->substr(4);
      }
      peer.Write(Frame(
          ReplyHeader(Number(*request, 0, 4) + xid_offset, applied, type == -11 ? 0 : error)));
      if (error == -124) {
        return;  // as servers do
      }
    }
  }
};

class SessionTest : public testing::Test {
 protected:
  base::Result<Canary> Commit(milliseconds timeout = milliseconds(2000)) {
    const FakeServer server([this](Peer peer) { member_.Serve(peer); });
    return CommitCanary(server.endpoint(), timeout);
  }
  std::string ReasonOfCommit(milliseconds timeout = milliseconds(2000)) {
    const auto canary = Commit(timeout);
    return canary ? "committed" : canary.error().reason();
  }
  std::string Accepts(std::uint64_t zxid, milliseconds timeout = milliseconds(2000)) {
    const FakeServer server([this](Peer peer) { member_.Serve(peer); });
    const auto accepts = AcceptsSessionAt(server.endpoint(), Zxid{zxid}, timeout);
    return !accepts ? accepts.error().reason() : *accepts ? "accepted" : "closed";
  }
  Member member_;
};

TEST_F(SessionTest, FailedWriteIsTheCanary) {
  const auto canary = Commit();
  ASSERT_TRUE(canary) << canary.error().message();
  EXPECT_EQ(canary->zxid, (Zxid{0x100000007}));
  EXPECT_TRUE(canary->evidence.starts_with("failed write committed at 0x100000007 through "));
  // delete("/", any version), and nothing else: a bare check would take old leaders down.
  EXPECT_EQ(
      member_.last_request,
      BigEndian(std::int32_t{2}) + BigEndian(std::int32_t{1}) + "/" + BigEndian(std::int32_t{-1}));
  EXPECT_EQ(member_.last_seen, 0);
  EXPECT_EQ(member_.closes, 1);
}

TEST_F(SessionTest, ReplyWithoutAZxidIsNoCanary) {
  for (const std::int64_t zxid : {0, -1}) {
    member_.applied = zxid;
    EXPECT_EQ(ReasonOfCommit(), "zk.canary_refused") << zxid;
  }
}

TEST_F(SessionTest, AnyOtherErrorIsNoCanary) {
  for (const std::int32_t error : {0, -6, -102, -127}) {
    member_.error = error;
    EXPECT_EQ(ReasonOfCommit(), "zk.canary_refused") << error;
  }
}

TEST_F(SessionTest, ReplyToAnotherRequestIsNoCanary) {
  member_.xid_offset = 1;
  EXPECT_EQ(ReasonOfCommit(), "zk.reply_malformed");
}

TEST_F(SessionTest, EnforcedAuthenticationMakesTheSessionTheCanary) {
  member_.error = -124;
  member_.applied = 0;
  member_.srvr_rises_by = 1;
  const auto canary = Commit();
  ASSERT_TRUE(canary) << canary.error().message();
  EXPECT_EQ(canary->zxid, (Zxid{0x100000007}));  // asked twice, before and after
}

TEST_F(SessionTest, EnforcedAuthenticationWithoutACommitIsNoCanary) {
  member_.error = -124;
  member_.applied = 0;
  EXPECT_EQ(ReasonOfCommit(), "zk.canary_not_committed");
}

TEST_F(SessionTest, MemberThatMakesASessionAndFallsSilentTimesOut) {
  member_.answers_requests = false;
  EXPECT_EQ(ReasonOfCommit(milliseconds(60)), "zk.timeout");
}

TEST_F(SessionTest, HostileConnectResponsesMakeNoSession) {
  for (const auto& [response, reason] : std::vector<std::pair<std::string, std::string>>{
           {"", "zk.timeout"},
           {std::string("\0\0", 2), "zk.timeout"},
           {Frame(ConnectResponse(0)), "zk.no_session"},
           {Frame(ConnectResponse(kSession, '\1')), "zk.read_only"},
           {Frame(ReplyHeader(0, 0, -119)), "zk.read_only"},
           {Frame(""), "zk.reply_malformed"},
           {Frame(ConnectResponse(kSession).substr(0, 36)), "zk.reply_malformed"},
           {Frame(std::string(37, '\xff')), "zk.reply_malformed"},
           {BigEndian(std::int32_t{-1}), "zk.reply_malformed"},
           {"HTTP/1.1 400 Bad Request\r\n\r\n", "zk.reply_malformed"}}) {
    member_.connect_response = response;
    const milliseconds timeout(reason == "zk.timeout" ? 60 : 2000);
    EXPECT_EQ(ReasonOfCommit(timeout), reason) << testing::PrintToString(response);
    EXPECT_EQ(Accepts(1, timeout), reason == "zk.no_session" ? "closed" : reason);
  }
}

// Takes the request for a session, answers with these bytes and closes.
FakeServer::Script ClosingAfter(std::string answer) {
  return [answer = std::move(answer)](Peer peer) {
    if (const auto begin = peer.Read(4); begin != "srvr" && ReadFrame(peer, begin)) {
      peer.Write(answer);
    }
  };
}

TEST(SessionClosingTest, CloseWithoutAnswerIsNoSession) {
  const FakeServer server(ClosingAfter(""));
  const auto canary = CommitCanary(server.endpoint(), milliseconds(2000));
  ASSERT_FALSE(canary);
  EXPECT_EQ(canary.error().reason(), "zk.no_session");
  const auto accepts = AcceptsSessionAt(server.endpoint(), Zxid{5}, milliseconds(2000));
  ASSERT_TRUE(accepts) << accepts.error().message();
  EXPECT_FALSE(*accepts);
}

TEST(SessionClosingTest, CloseInTheMiddleOfAFrameIsNoSession) {
  const FakeServer server(ClosingAfter(Frame(ConnectResponse(kSession)).substr(0, 20)));
  EXPECT_FALSE(CommitCanary(server.endpoint(), milliseconds(2000)));
  const auto accepts = AcceptsSessionAt(server.endpoint(), Zxid{5}, milliseconds(2000));
  EXPECT_TRUE(!accepts || !*accepts);
}

TEST_F(SessionTest, AcceptedSessionCarriesTheZxidAndIsClosed) {
  EXPECT_EQ(Accepts(0x100000007), "accepted");
  EXPECT_EQ(member_.last_seen, 0x100000007);
  EXPECT_EQ(member_.closes, 1);
}

TEST_F(SessionTest, NobodyThereIsAnErrorAndNotARefusal) {
  const auto accepts = AcceptsSessionAt(NobodyThere(), Zxid{1}, milliseconds(2000));
  ASSERT_FALSE(accepts);
  EXPECT_EQ(accepts.error().reason(), "zk.unreachable");
}

}  // namespace
}  // namespace zoowarden::zknet
