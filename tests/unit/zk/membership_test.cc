#include "zk/membership.h"

#include <gtest/gtest.h>

namespace zoowarden::zk {
namespace {

using model::Role;
using model::ServerId;

ZooCfg Cfg(std::string_view text) { return *ZooCfg::Parse(text); }

TEST(MembershipTest, RolesWeightsAndGroups) {
  const auto membership =
      MembershipOf(Cfg("server.1=a:1:2\nserver.2=b:1:2:participant;2181\nserver.3=c:1:2:observer\n"
                       "group.1=1:2\nweight.2=0\ntickTime=2000\n"));
  ASSERT_TRUE(membership);
  EXPECT_EQ(membership->Voters(), (std::vector<ServerId>{{1}, {2}}));
  EXPECT_EQ(membership->Observers(), (std::vector<ServerId>{{3}}));
  EXPECT_TRUE(membership->hierarchical);
  EXPECT_EQ(membership->members.at({1}).weight, 1U);
  EXPECT_EQ(membership->members.at({2}).weight, 0U);
  EXPECT_EQ(membership->members.at({2}).group, 1U);
  EXPECT_EQ(membership->members.at({3}).group, std::nullopt);
}

TEST(MembershipTest, OnlyTheLastLineOfARepeatedServerCounts) {
  const auto membership = MembershipOf(Cfg("server.1=broken\nserver.1=b:1:2\n"));
  ASSERT_TRUE(membership);
  EXPECT_EQ(membership->members.at({1}).addresses.front().host, "b");
}

TEST(MembershipTest, ErrorsNameLineAndColumn) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"\nserver.1=a:x:2", "zoo.cfg:2:12: server.1: 'x' is not a port"},
           {"server.one=a:1:2", "zoo.cfg:1:12: 'server.one' has no number"},
           {"weight.1=heavy", "zoo.cfg:1:10: weight.1 is not a number"},
           {"group.1=1:2\ngroup.2=2:3", "zoo.cfg:2:9: server 2 is in more than one group"},
           {"group=1", "zoo.cfg:1:7: 'group' has no number"}}) {
    const auto membership = MembershipOf(Cfg(text));
    ASSERT_FALSE(membership) << text;
    EXPECT_EQ(membership.error().message(), message);
    EXPECT_EQ(membership.error().reason(), "zoo_cfg.invalid");
  }
}

TEST(MembershipTest, PrintedMembershipParsesToItself) {
  const auto membership =
      *MembershipOf(Cfg("server.1=a:1:2:participant\nserver.2=[::1]:1:2:participant;0.0.0.0:2181\n"
                        "server.10=c:1:2:observer\ngroup.1=1\ngroup.2=2\nweight.2=3\n"));
  EXPECT_EQ(*MembershipOf(Cfg(PrintMembership(membership))), membership);
}

TEST(MembershipTest, ClientAddressesDoNotMakeMembershipsDifferent) {
  const auto one = *MembershipOf(Cfg("server.1=a:1:2:participant;2181\nserver.2=b:1:2\n"));
  EXPECT_TRUE(SameMembers(one, *MembershipOf(Cfg("server.1=a:1:2\nserver.2=b:1:2\n"))));
  EXPECT_FALSE(SameMembers(one, *MembershipOf(Cfg("server.1=a:1:2\n"))));
  EXPECT_FALSE(SameMembers(one, *MembershipOf(Cfg("server.1=a:1:2\nserver.2=b:1:2:observer\n"))));
  EXPECT_FALSE(SameMembers(one, *MembershipOf(Cfg("server.1=a:1:2\nserver.2=b:9:2\n"))));
  EXPECT_FALSE(SameMembers(one, *MembershipOf(Cfg("server.1=a:1:2\nserver.3=b:1:2\n"))));
}

}  // namespace
}  // namespace zoowarden::zk
