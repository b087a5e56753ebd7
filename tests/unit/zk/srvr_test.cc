#include "zk/srvr.h"

#include "fixtures.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace zoowarden::zk {
namespace {

std::string ReasonOf(std::string_view text) {
  const auto parsed = ParseSrvr(text);
  return parsed ? "healthy" : parsed.error().reason();
}

TEST(SrvrTest, ReadsEveryReleaseLine) {
  for (const auto& version : FixtureVersions()) {
    const auto leader = ParseSrvr(ReadFixture(version, "srvr-leader.txt"));
    ASSERT_TRUE(leader) << version << ": " << leader.error().message();
    EXPECT_EQ(leader->version.ToString(), version);
    EXPECT_EQ(leader->mode, ServerMode::kLeader);
    EXPECT_GE(leader->zxid, model::Zxid{0x100000006}) << version;
    const auto follower = ParseSrvr(ReadFixture(version, "srvr-follower.txt"));
    ASSERT_TRUE(follower) << version << ": " << follower.error().message();
    EXPECT_EQ(follower->mode, ServerMode::kFollower);
    EXPECT_EQ(follower->zxid, leader->zxid) << version;
  }
}

TEST(SrvrTest, ReadsStatLikeSrvr) {
  for (const auto& version : FixtureVersions()) {
    const auto stat = ParseSrvr(ReadFixture(version, "stat-leader.txt"));
    ASSERT_TRUE(stat) << version << ": " << stat.error().message();
    EXPECT_EQ(stat->mode, ServerMode::kLeader);
  }
}

TEST(SrvrTest, ServerWithoutQuorumIsNotServing) {
  for (const auto& version : FixtureVersions()) {
    EXPECT_EQ(ReasonOf(ReadFixture(version, "srvr-not-serving.txt")), "zk.not_serving") << version;
  }
}

TEST(SrvrTest, RefusalsHaveTheirOwnReasons) {
  EXPECT_EQ(ReasonOf(""), "zk.reply_empty");
  EXPECT_EQ(ReasonOf("\n\n"), "zk.reply_empty");
  EXPECT_EQ(ReasonOf("srvr is not executed because it is not in the whitelist.\n"),
            "zk.word_refused");
  EXPECT_EQ(ReasonOf("HTTP/1.1 400 Bad Request\r\n\r\n"), "zk.reply_malformed");
}

TEST(SrvrTest, NoPrefixOfAReplyIsHealthy) {
  for (const auto& version : FixtureVersions()) {
    const auto text = ReadFixture(version, "srvr-follower.txt");
    for (std::size_t length = 0; length < text.size(); ++length) {
      EXPECT_NE(ReasonOf(text.substr(0, length)), "healthy") << version << " at " << length;
    }
  }
}

TEST(SrvrTest, NoReplyWithoutOneOfItsLinesIsHealthy) {
  const auto text = ReadFixture("3.9.5", "srvr-follower.txt");
  for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    auto without = text;
    without.erase(begin, text.find('\n', begin) - begin + 1);
    EXPECT_EQ(ReasonOf(without), "zk.reply_truncated") << without;
  }
}

SrvrReply Sample() {
  return {.version = {3, 9, 4},
          .version_text = "3.9.4-abc, built on 2025-08-19",
          .latency = "0/1.5/20",
          .received = 1,
          .sent = 2,
          .connections = 3,
          .outstanding = 4,
          .zxid = {0x100000002},
          .mode = ServerMode::kFollower,
          .node_count = 5};
}

std::string With(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(SrvrTest, InsaneFieldsAreNeverHealthy) {
  const auto good = PrintSrvr(Sample());
  ASSERT_EQ(ReasonOf(good), "healthy");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"Zxid: 0x100000002", "Zxid: 0xffffffffffffffff"},
           {"Zxid: 0x100000002", "Zxid: 4294967298"},
           {"Zxid: 0x100000002", "Zxid: 0x"},
           {"Mode: follower", "Mode: looking"},
           {"Mode: follower", "Mode: Follower"},
           {"Mode: follower", "Mode: follower\nMode: leader"},
           {"Received: 1", "Received: -1"},
           {"Received: 1", "Received: 99999999999999999999"},
           {"Zookeeper version: 3.9.4", "Zookeeper version: unknown"},
           {"Latency min/avg/max: 0/1.5/20", "Latency min/avg/max: 0/20"},
           {"Sent: 2", "Sent: 2\x1b[31m"}}) {
    EXPECT_EQ(ReasonOf(With(good, from, to)), "zk.reply_malformed") << to;
  }
}

TEST(SrvrTest, ACountOfRequestsThatIsNegativeForAMomentIsNone) {
  const auto good = PrintSrvr(Sample());
  const auto reply = ParseSrvr(With(good, "Outstanding: 4", "Outstanding: -1"));
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->outstanding, 0U);
  for (const char* insane : {"-", "--1", "-x", "+1"}) {
    EXPECT_EQ(ReasonOf(With(good, "Outstanding: 4", std::string("Outstanding: ") + insane)),
              "zk.reply_malformed")
        << insane;
  }
}

TEST(SrvrTest, ReadOnlyServerIsReadOnlyAndNothingElse) {
  auto reply = Sample();
  reply.mode = ServerMode::kReadOnly;
  const auto text = PrintSrvr(reply);
  ASSERT_TRUE(ParseSrvr(text));
  EXPECT_EQ(ParseSrvr(text)->mode, ServerMode::kReadOnly);
  EXPECT_EQ(ReasonOf(With(text, "Mode: read-only", "Mode: follower")), "zk.reply_malformed");
}

TEST(SrvrTest, PrintedReplyParsesToItself) {
  EXPECT_TRUE(rc::check("parse(print(x)) == x", [] {
    SrvrReply reply = Sample();
    reply.zxid = {*rc::gen::inRange<std::uint64_t>(0, INT64_MAX)};
    reply.received = *rc::gen::arbitrary<std::uint64_t>();
    reply.outstanding = *rc::gen::arbitrary<std::uint64_t>();
    reply.node_count = *rc::gen::arbitrary<std::uint64_t>();
    reply.mode = *rc::gen::element(ServerMode::kLeader,
                                   ServerMode::kFollower,
                                   ServerMode::kObserver,
                                   ServerMode::kStandalone,
                                   ServerMode::kReadOnly);
    const auto parsed = ParseSrvr(PrintSrvr(reply));
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == reply);
  }));
}

TEST(SrvrTest, ArbitraryBytesNeverCrash) {
  EXPECT_TRUE(rc::check("any text", [](const std::string& text) {
    RC_ASSERT(!ParseSrvr(text) || text.find("Zxid: 0x") != std::string::npos);
  }));
}

}  // namespace
}  // namespace zoowarden::zk
