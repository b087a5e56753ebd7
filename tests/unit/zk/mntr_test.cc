#include "zk/mntr.h"

#include "fixtures.h"

#include <gtest/gtest.h>

namespace zoowarden::zk {
namespace {

std::string ReasonOf(std::string_view text) {
  const auto parsed = ParseMntr(text);
  return parsed ? "healthy" : parsed.error().reason();
}

TEST(MntrTest, ReadsEveryReleaseLine) {
  for (const auto& version : FixtureVersions()) {
    const auto leader = ParseMntr(ReadFixture(version, "mntr-leader.txt"));
    ASSERT_TRUE(leader) << version << ": " << leader.error().message();
    EXPECT_EQ(leader->mode, ServerMode::kLeader);
    EXPECT_EQ(leader->version.ToString(), version);
    const auto follower = ParseMntr(ReadFixture(version, "mntr-follower.txt"));
    ASSERT_TRUE(follower) << version << ": " << follower.error().message();
    EXPECT_EQ(follower->mode, ServerMode::kFollower);
    const bool tells_state = follower->version >= model::Version{3, 6, 0};
    EXPECT_EQ(follower->peer_state.has_value(), tells_state) << version;
    EXPECT_EQ(IsBroadcasting(follower->peer_state.value_or("")), tells_state) << version;
  }
}

TEST(MntrTest, RefusalsHaveTheirOwnReasons) {
  EXPECT_EQ(ReasonOf("This ZooKeeper instance is not currently serving requests\n"),
            "zk.not_serving");
  EXPECT_EQ(ReasonOf("mntr is not executed because it is not in the whitelist.\n"),
            "zk.word_refused");
  EXPECT_EQ(ReasonOf(""), "zk.reply_empty");
  EXPECT_EQ(ReasonOf("zk_version\t3.9.4\n"), "zk.reply_truncated");
  EXPECT_EQ(ReasonOf("zk_version\t3.9.4\nzk_server_state\tlead"), "zk.reply_truncated");
  EXPECT_EQ(ReasonOf("zk_version\t3.9.4\nzk_server_state\tbroken\n"), "zk.reply_malformed");
  EXPECT_EQ(ReasonOf("zk_version\t3.9.4\nzk_server_state\tleader\nnonsense\n"),
            "zk.reply_malformed");
  EXPECT_EQ(ReasonOf("zk_version\t3.9.4\nzk_server_state\tleader\nzk_server_state\tfollower\n"),
            "zk.reply_malformed");
}

TEST(MntrTest, OnlyBroadcastIsBroadcast) {
  EXPECT_TRUE(IsBroadcasting("observing - broadcast"));
  for (const auto* state : {"",
                            "broadcast",
                            "following - synchronization",
                            "looking",
                            "following - broadcast ",
                            "leading - discovery"}) {
    EXPECT_FALSE(IsBroadcasting(state)) << state;
  }
}

}  // namespace
}  // namespace zoowarden::zk
