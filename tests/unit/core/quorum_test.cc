#include "core/quorum.h"

#include "tests/unit/core/ensemble_values.h"

#include <gtest/gtest.h>

#include <array>

namespace zoowarden::core {
namespace {

using testing::Id;
using testing::Voters;

std::set<model::ServerId> Ids(std::initializer_list<std::uint32_t> values) {
  std::set<model::ServerId> ids;
  for (const auto value : values) {
    ids.insert(Id(value));
  }
  return ids;
}

std::set<model::ServerId> FirstIds(std::uint32_t count) {
  std::set<model::ServerId> ids;
  for (std::uint32_t id = 1; id <= count; ++id) {
    ids.insert(Id(id));
  }
  return ids;
}

// Groups of three: 1-3, 4-6, 7-9.
std::vector<model::Member> NineInThreeGroups() {
  auto members = Voters(9);
  for (auto& member : members) {
    member.group = (member.id.value - 1) / 3 + 1;
  }
  return members;
}

TEST(QuorumTest, MajoritiesOfOneToSevenVoters) {
  constexpr std::array<std::uint32_t, 8> kSmallest = {0, 1, 2, 2, 3, 3, 4, 4};
  for (std::uint32_t voters = 1; voters <= 7; ++voters) {
    for (std::uint32_t present = 0; present <= voters; ++present) {
      EXPECT_EQ(ContainsQuorum(Voters(voters), FirstIds(present)), present >= kSmallest.at(voters))
          << present << " of " << voters;
    }
  }
}

TEST(QuorumTest, NobodyIsNoQuorum) { EXPECT_FALSE(ContainsQuorum({}, {})); }

TEST(QuorumTest, ObserversNeitherCountNorRaiseTheQuorum) {
  auto members = Voters(5);
  members[3].role = model::Role::kObserver;
  members[4].role = model::Role::kObserver;
  EXPECT_TRUE(ContainsQuorum(members, Ids({1, 2})));
  EXPECT_FALSE(ContainsQuorum(members, Ids({1, 4, 5})));
  EXPECT_EQ(CountVoters(members), 3U);
}

TEST(QuorumTest, StrangersDoNotCount) { EXPECT_FALSE(ContainsQuorum(Voters(3), Ids({1, 8, 9}))); }

TEST(QuorumTest, GroupsNeedAMajorityInMoreThanHalfOfThem) {
  const auto members = NineInThreeGroups();
  EXPECT_TRUE(ContainsQuorum(members, Ids({1, 2, 4, 5})));
  EXPECT_FALSE(ContainsQuorum(members, Ids({1, 2, 3, 4, 7})));  // five of nine, but one group only
}

TEST(QuorumTest, WeightsDecideInsideAGroup) {
  auto members = Voters(3);
  for (auto& member : members) {
    member.group = 1;
  }
  members[0].weight = 3;
  EXPECT_TRUE(ContainsQuorum(members, Ids({1})));
  EXPECT_FALSE(ContainsQuorum(members, Ids({2, 3})));
}

TEST(QuorumTest, HalfTheWeightIsNoMajority) {
  auto members = Voters(2);
  members[0].group = members[1].group = 1;
  EXPECT_FALSE(ContainsQuorum(members, Ids({1})));
}

TEST(QuorumTest, AGroupWithoutWeightIsNotCounted) {
  auto members = NineInThreeGroups();
  for (std::size_t i = 6; i < 9; ++i) {
    members[i].weight = 0;
  }
  EXPECT_TRUE(ContainsQuorum(members, Ids({1, 2, 4, 5})));
  EXPECT_FALSE(ContainsQuorum(members, Ids({1, 2, 7, 8, 9})));  // one of two groups
}

TEST(QuorumTest, AVoterWithoutGroupCountsForNothingWhereGroupsDo) {
  auto members = Voters(4);
  for (std::size_t i = 0; i < 3; ++i) {
    members[i].group = 1;
  }
  EXPECT_TRUE(ContainsQuorum(members, Ids({1, 2})));
  EXPECT_FALSE(ContainsQuorum(members, Ids({1, 4})));
}

TEST(QuorumTest, ArithmeticSaysWhatAStopLeaves) {
  const auto three = IfStopped(Voters(3), FirstIds(3), Id(3));
  EXPECT_TRUE(three.holds);
  EXPECT_EQ(three.sentence, "if server 3 stops, 2 of 3 voters remain, quorum 2, spare 0");
  const auto five = IfStopped(Voters(5), FirstIds(5), Id(1));
  EXPECT_EQ(five.sentence, "if server 1 stops, 4 of 5 voters remain, quorum 3, spare 1");
  const auto degraded = IfStopped(Voters(3), Ids({2, 3}), Id(3));
  EXPECT_FALSE(degraded.holds);
  EXPECT_EQ(degraded.sentence, "if server 3 stops, 1 of 3 voters remain, quorum 2: too few");
}

TEST(QuorumTest, StoppingAnObserverCostsNoVoter) {
  auto members = Voters(4);
  members[3].role = model::Role::kObserver;
  EXPECT_EQ(IfStopped(members, FirstIds(4), Id(4)).sentence,
            "if server 4 stops, 3 of 3 voters remain, quorum 2, spare 1");
}

TEST(QuorumTest, SpareOfGroupsIsTheWorstOrder) {
  const auto all = IfStopped(NineInThreeGroups(), FirstIds(9), Id(9));
  EXPECT_TRUE(all.holds);
  // Group 3 falls with one more voter, then a second group with two: the third loss is one too
  // many.
  EXPECT_EQ(all.spare, 2U);
  EXPECT_EQ(all.sentence,
            "if server 9 stops, 8 of 9 voters remain, a quorum by weights and groups, spare 2");
}

TEST(QuorumTest, AHeavyVoterThatTheOthersCannotOutvoteMayNotStop) {
  auto members = Voters(3);
  for (auto& member : members) {
    member.group = 1;
  }
  members[0].weight = 3;
  const auto arithmetic = IfStopped(members, FirstIds(3), Id(1));
  EXPECT_FALSE(arithmetic.holds);
  EXPECT_EQ(arithmetic.sentence,
            "if server 1 stops, 2 of 3 voters remain, no quorum by weights and groups");
}

TEST(QuorumTest, SpareOfManyGroupsIsCountedAtOnce) {
  auto members = Voters(63);
  for (auto& member : members) {
    member.group = (member.id.value - 1) / 3 + 1;
  }
  // 21 groups: 11 hold a quorum, 11 must fall, two voters each.
  EXPECT_EQ(IfStopped(members, FirstIds(63), Id(63)).spare, 20U);
}

}  // namespace
}  // namespace zoowarden::core
