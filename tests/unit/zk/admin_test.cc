#include "zk/admin.h"

#include "fixtures.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace zoowarden::zk {
namespace {

std::vector<std::string> VersionsFrom(model::Version first) {
  std::vector<std::string> versions;
  for (const auto& version : FixtureVersions()) {
    if (*model::ParseVersion(version) >= first) {
      versions.push_back(version);
    }
  }
  return versions;
}

TEST(AdminTest, StatsOfEveryReleaseLine) {
  for (const auto& version : VersionsFrom({3, 5, 0})) {
    const auto stats = ParseAdminStats(ReadFixture(version, "stats-follower.json"));
    ASSERT_TRUE(stats) << version << ": " << stats.error().message();
    EXPECT_EQ(stats->version.ToString(), version);
    EXPECT_EQ(stats->mode, ServerMode::kFollower);
    EXPECT_EQ(stats->zxid, ParseSrvr(ReadFixture(version, "srvr-follower.txt"))->zxid) << version;
    EXPECT_TRUE(stats->connections) << version;
  }
}

TEST(AdminTest, TreeDigestsOfARealServer) {
  const auto digests = ParseTreeDigests(ReadFixture("3.9.4", "hash-follower.json"));
  ASSERT_TRUE(digests) << digests.error().message();
  ASSERT_EQ(digests->size(), 4U);
  EXPECT_EQ(digests->back(),
            (model::TreeDigest{.zxid = {0x100000200}, .version = 2, .value = 115'149'346'422}));
}

TEST(AdminTest, TreeDigestsAreReadAsTheyWereLogged) {
  const auto digests = ParseTreeDigests(
      R"({"digests": [{"zxid": 4294967424, "digest_version": 2, "digest": 1371985504},
                      {"zxid": 4294967552, "digest_version": 2, "digest": -5}],
          "command": "hash", "error": null})");
  ASSERT_TRUE(digests) << digests.error().message();
  EXPECT_EQ(*digests,
            (std::vector<model::TreeDigest>{
                {.zxid = {0x100000080}, .version = 2, .value = 1'371'985'504},
                {.zxid = {0x100000100}, .version = 2, .value = ~std::uint64_t{4}}}));
  const auto none = ParseTreeDigests(R"({"digests": [], "command": "hash", "error": null})");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  for (const std::string bad : {R"({"error": null})",
                                R"({"digests": {}, "error": null})",
                                R"({"digests": [7], "error": null})",
                                R"({"digests": [{"zxid": 1, "digest": 2}], "error": null})",
                                R"({"digests": [{"zxid": -1, "digest_version": 2, "digest": 2}],
                                    "error": null})"}) {
    EXPECT_EQ(ParseTreeDigests(bad).error().reason(), "zk.reply_malformed") << bad;
  }
  EXPECT_EQ(
      ParseTreeDigests(R"({"command": "hash", "error": "Unknown command: hash"})").error().reason(),
      "zk.command_unknown");
}

TEST(AdminTest, ZabStateGrewWithTheReleases) {
  for (const auto& version : VersionsFrom({3, 5, 0})) {
    const auto state = ParseZabState(ReadFixture(version, "zabstate-leader.json"));
    ASSERT_TRUE(state) << version << ": " << state.error().message();
    EXPECT_TRUE(state->voting);
    EXPECT_TRUE(state->Broadcasting());
    const bool full = version != "3.5.10";
    EXPECT_EQ(state->is_leader.has_value(), full) << version;
    EXPECT_EQ(state->is_leader.value_or(true), true);
    EXPECT_EQ(state->my_id.has_value(), full);
    EXPECT_EQ(state->last_zxid.has_value(), full);
  }
  const auto looking =
      ParseZabState(R"({"voting":false,"zabstate":"","command":"zabstate","error":null})");
  ASSERT_TRUE(looking);
  EXPECT_FALSE(looking->Broadcasting());
}

TEST(AdminTest, VotingViewIsTheMembership) {
  for (const auto& version : VersionsFrom({3, 6, 0})) {
    const auto view = ParseVotingView(ReadFixture(version, "voting_view-follower.json"));
    ASSERT_TRUE(view) << version << ": " << view.error().message();
    EXPECT_EQ(view->Voters().size(), 3U);
    EXPECT_EQ(view->members.at({2}).addresses,
              (std::vector<QuorumAddress>{{"127.0.0.1", 23122, 23132}}));
  }
}

TEST(AdminTest, ConfigurationSnapshotAndProperties) {
  for (const auto& version : VersionsFrom({3, 5, 0})) {
    const auto configuration =
        ParseAdminConfiguration(ReadFixture(version, "configuration-leader.json"));
    ASSERT_TRUE(configuration) << version << ": " << configuration.error().message();
    EXPECT_GE(configuration->client_port, 23101);
    EXPECT_TRUE(configuration->data_directory.ends_with("/data/version-2"));
    EXPECT_TRUE(ParseLastSnapshot(ReadFixture(version, "last_snapshot-leader.json"))) << version;
  }
  const auto properties =
      ParseSystemProperties(ReadFixture("3.9.5", "system_properties-leader.json"));
  ASSERT_TRUE(properties);
  EXPECT_EQ(properties->at("zookeeper.4lw.commands.whitelist"), "*");
}

TEST(AdminTest, RefusalsHaveTheirOwnReasons) {
  const auto reason = [](std::string_view text) {
    const auto parsed = ParseAdminStats(text);
    return parsed ? "healthy" : parsed.error().reason();
  };
  EXPECT_EQ(ParseVotingView(ReadFixture("3.5.10", "voting_view-leader.json")).error().reason(),
            "zk.command_unknown");
  EXPECT_EQ(reason(R"({"command":"stats","error":)"
                   R"("This ZooKeeper instance is not currently serving requests"})"),
            "zk.not_serving");
  EXPECT_EQ(reason(R"({"command":"stats","error":"boom"})"), "zk.command_failed");
  for (const auto* text : {"",
                           "null",
                           "[]",
                           "<html>500</html>",
                           "{",
                           R"({"error":null})",
                           R"({"command":"stats"})",
                           R"({"error":7})"}) {
    EXPECT_EQ(reason(text), "zk.reply_malformed") << text;
  }
}

TEST(AdminTest, InsaneFieldsAreNeverHealthy) {
  const auto good = ReadFixture("3.9.5", "stats-follower.json");
  const auto with = [&good](const std::string& from, const std::string& to) {
    auto text = good;
    EXPECT_NE(text.find(from), std::string::npos) << from;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_FALSE(ParseAdminStats(with("\"last_processed_zxid\" : ", "\"last_processed_zxid\" : -")));
  EXPECT_FALSE(ParseAdminStats(with("\"last_processed_zxid\"", "\"last\"")));
  EXPECT_FALSE(ParseAdminStats(
      with("\"last_processed_zxid\" : ", "\"last_processed_zxid\" : 99999999999999999999")));
  EXPECT_FALSE(ParseAdminStats(with("\"follower\"", "\"looking\"")));
  EXPECT_FALSE(ParseAdminStats(with("\"read_only\" : false", "\"read_only\" : true")));
  EXPECT_FALSE(ParseAdminStats(with("\"read_only\" : false", "\"read_only\" : \"no\"")));
}

TEST(AdminTest, NoPrefixOfAnAnswerIsHealthy) {
  const auto text = ReadFixture("3.9.5", "zabstate-leader.json");
  const auto end = text.rfind('}');
  for (std::size_t length = 0; length < end; ++length) {
    EXPECT_FALSE(ParseZabState(text.substr(0, length))) << length;
  }
}

TEST(AdminTest, VotingViewWithBrokenAddressesIsRefused) {
  for (
      const auto* view :
      {R"({})",
       R"({"x":{}})",
       R"({"1":7})",
       R"({"1":{"learner_type":"participant"}})",
       R"({"1":{"learner_type":"voter","server_addresses":["a:1"],"election_addresses":["a:2"]}})",
       R"({"1":{"learner_type":"participant","server_addresses":[],"election_addresses":[]}})",
       R"({"1":{"learner_type":"participant","server_addresses":["a"],"election_addresses":["a"]}})",
       R"({"1":{"learner_type":"participant","server_addresses":[1],"election_addresses":[2]}})"}) {
    const auto text = std::string(R"({"error":null,"current_config":)") + view + "}";
    EXPECT_FALSE(ParseVotingView(text)) << view;
  }
}

TEST(AdminTest, ArbitraryBytesNeverCrash) {
  EXPECT_TRUE(rc::check("any text", [](const std::string& text) {
    RC_ASSERT(!ParseAdminStats(text));
    RC_ASSERT(!ParseVotingView(text));
  }));
}

}  // namespace
}  // namespace zoowarden::zk
