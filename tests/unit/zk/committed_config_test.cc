#include "zk/committed_config.h"

#include "fixtures.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace zoowarden::zk {
namespace {

TEST(CommittedConfigTest, ReadsWhatRealServersCommitted) {
  for (const auto& version : FixtureVersions()) {
    if (version.starts_with("3.4.")) {
      continue;  // no /zookeeper/config before 3.5
    }
    const auto config = ParseCommittedConfig(ReadFixture(version, "config.txt"));
    ASSERT_TRUE(config) << version << ": " << config.error().message();
    EXPECT_EQ(config->membership.Voters().size(), 3U);
    EXPECT_EQ(config->version, 0U);
  }
}

TEST(CommittedConfigTest, VersionIsHexadecimal) {
  const auto config =
      ParseCommittedConfig("server.1=a:1:2:participant;0.0.0.0:2181\nversion=10000001a");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->version, 0x10000001aU);
}

TEST(CommittedConfigTest, AnythingIncompleteIsRefused) {
  for (const auto* text : {"",
                           "version=0",
                           "server.1=a:1:2",
                           "server.1=a:1:2\nversion=",
                           "server.1=a:1:2\nversion=xyz",
                           "server.1=a:1:2\nserver.1=b:1:2\nversion=0",
                           "server.1=a:1:2\nversion=0\nversion=1",
                           "server.1=a\nversion=0",
                           "server.1=a:1:2\nclientPort=1\nversion=0"}) {
    const auto config = ParseCommittedConfig(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().reason(), "zk.config_malformed");
  }
}

TEST(CommittedConfigTest, PrintedConfigParsesToItself) {
  EXPECT_TRUE(rc::check("parse(print(x)) == x", [] {
    CommittedConfig config;
    config.version = *rc::gen::arbitrary<std::uint64_t>();
    const auto count = *rc::gen::inRange<std::uint32_t>(1, 6);
    config.membership.hierarchical = *rc::gen::arbitrary<bool>();
    for (std::uint32_t id = 1; id <= count; ++id) {
      Member member;
      member.role = *rc::gen::element(model::Role::kParticipant, model::Role::kObserver);
      member.addresses = {{"10.0.0." + std::to_string(id),
                           *rc::gen::inRange<std::uint16_t>(1, 65535),
                           *rc::gen::inRange<std::uint16_t>(1, 65535)}};
      if (*rc::gen::arbitrary<bool>()) {
        member.client = ClientAddress{"0.0.0.0", *rc::gen::inRange<std::uint16_t>(1, 65535)};
      }
      if (config.membership.hierarchical) {
        member.group = *rc::gen::inRange<std::uint64_t>(1, 4);
        member.weight = *rc::gen::inRange<std::uint64_t>(0, 4);
      }
      config.membership.members[{id}] = member;
    }
    const auto parsed = ParseCommittedConfig(PrintCommittedConfig(config));
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == config);
  }));
}

}  // namespace
}  // namespace zoowarden::zk
