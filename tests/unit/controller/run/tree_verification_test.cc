#include "controller/run/tree_verification.h"

#include "tests/unit/controller/run/modelled_trees.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

namespace zoowarden::controller {
namespace {

using core::Aspect;
using model::ServerId;
using ::testing::ElementsAre;

// Quiet znodes below /quiet, and below /busy those that the load changes.
constexpr int kZnodes = 12;

std::string Busy(int number) { return "/busy/" + std::to_string(number); }

void Fill(ModelledTrees& trees) {
  trees.Create("/quiet", 0);
  trees.Create("/busy", 0);
  for (int i = 0; i < kZnodes; ++i) {
    trees.Create(Quiet(i), 100 + static_cast<std::uint32_t>(i));
    trees.Create(Busy(i), 0);
  }
  trees.ApplyAll();
}

// Creates, changes and deletes znodes below /busy whenever anybody looks.
void PutUnderLoad(ModelledTrees& trees, std::uint32_t seed) {
  trees.load = [&trees, source = std::mt19937(seed)]() mutable {
    const auto random = [&source] { return static_cast<std::uint32_t>(source()); };
    for (auto left = random() % 4; left > 0; --left) {
      const auto path = Busy(static_cast<int>(random() % kZnodes));
      switch (random() % 6) {
        case 0:
          trees.Create(path, random());
          break;
        case 1:
          trees.Delete(path);
          break;
        case 2:
          trees.SetAcl(path, random());
          break;
        default:
          trees.Set(path, random());
      }
    }
  };
}

TreeVerdict Verify(ModelledTrees& trees, std::uint32_t members, std::size_t most = 100) {
  sys::ManualClock clock;
  auto options = OptionsFor(members);
  options.most_differences = most;
  return Verify(trees, options, clock);
}

// One thing on one member that is not as it should be; the aspect that shows it.
Aspect Damage(ModelledTrees::Nodes& nodes, const std::string& path, int kind) {
  auto& facts = nodes[path];
  switch (kind) {
    case 0:
      facts.data_crc ^= 1U;
      return Aspect::kData;
    case 1:
      ++facts.version;
      return Aspect::kData;
    case 2:
      facts.modified = {1};
      return Aspect::kData;
    case 3:
      facts.owner = 77;
      return Aspect::kData;
    case 4:
      facts.acl_crc ^= 1U;
      return Aspect::kAcl;
    case 5:
      ++facts.aversion;
      return Aspect::kAcl;
    case 6:
      ++facts.cversion;
      return Aspect::kChildren;
    case 7:
      facts.created = {1};
      return Aspect::kExistence;
    default:
      nodes.erase(path);
      return Aspect::kExistence;
  }
}

TEST(TreeVerificationTest, UnderLoadNothingIsTakenForADifference) {
  rc::check([] {
    const auto members = *rc::gen::inRange<std::uint32_t>(2, 6);
    ModelledTrees trees(members, *rc::gen::arbitrary<std::uint32_t>());
    Fill(trees);
    PutUnderLoad(trees, *rc::gen::arbitrary<std::uint32_t>());
    const auto verdict = Verify(trees, members);
    RC_ASSERT(verdict.complete);
    RC_ASSERT(verdict.differences.empty());
    RC_ASSERT(verdict.znodes >= std::uint64_t{kZnodes} + 3);
  });
}

TEST(TreeVerificationTest, AnySingleDifferenceIsFoundAndNamedUnderLoad) {
  rc::check([] {
    const auto members = *rc::gen::inRange<std::uint32_t>(3, 6);
    ModelledTrees trees(members, *rc::gen::arbitrary<std::uint32_t>());
    Fill(trees);
    PutUnderLoad(trees, *rc::gen::arbitrary<std::uint32_t>());
    const ServerId odd{*rc::gen::inRange<std::uint32_t>(1, members + 1)};
    const auto path = Quiet(*rc::gen::inRange(0, kZnodes));
    const int kind = *rc::gen::inRange(0, 9);
    trees.damage[odd] = [=](ModelledTrees::Nodes& nodes) { Damage(nodes, path, kind); };
    ModelledTrees::Nodes scratch;
    const auto aspect = Damage(scratch, path, kind);
    const auto verdict = Verify(trees, members);
    RC_ASSERT(verdict.complete);
    RC_ASSERT(verdict.differences.size() == 1U);
    const auto& found = verdict.differences.front();
    RC_ASSERT(found.path == path);
    RC_ASSERT(found.aspect == aspect);
    RC_ASSERT(found.odd == std::vector<ServerId>{odd});
  });
}

// One that changes whenever somebody looks shows the same in no two rounds; but who agrees with
// another on which change was the last must have the same from it.
TEST(TreeVerificationTest, ADifferenceOfAZnodeThatChangesAllTheTimeIsFound) {
  for (const int kind : {0, 1, 3, 4}) {
    int found = 0;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
      ModelledTrees trees(3, seed);
      Fill(trees);
      trees.load = [&trees, source = std::mt19937(seed)]() mutable {
        const auto random = static_cast<std::uint32_t>(source());
        if (random % 3 != 0) {
          trees.Set(Busy(1), random);
          trees.SetAcl(Busy(1), random);
        }
      };
      trees.damage[ServerId{2}] = [=](ModelledTrees::Nodes& nodes) {
        Damage(nodes, Busy(1), kind);
      };
      const auto verdict = Verify(trees, 3);
      for (const auto& difference : verdict.differences) {
        EXPECT_EQ(difference.path, Busy(1));
        EXPECT_THAT(difference.odd, ::testing::Contains(ServerId{2}));
      }
      found += verdict.differences.empty() ? 0 : 1;
    }
    EXPECT_EQ(found, 20) << "kind " << kind;
  }
}

TEST(TreeVerificationTest, AZnodeThatOnlyOneMemberHasIsFound) {
  ModelledTrees trees(3, 1);
  Fill(trees);
  trees.damage[ServerId{2}] = [](ModelledTrees::Nodes& nodes) {
    nodes["/quiet/x"] = {.created = {5}, .modified = {5}};
  };
  const auto verdict = Verify(trees, 3);
  ASSERT_EQ(verdict.differences.size(), 1U);
  EXPECT_EQ(verdict.differences.front().text,
            "/quiet/x: existence differs: server 2: czxid 0x5; servers 1, 3: none");
  EXPECT_THAT(verdict.differences.front().odd, ElementsAre(ServerId{2}));
}

TEST(TreeVerificationTest, WithoutAMajorityAllAreNamed) {
  ModelledTrees trees(2, 1);
  Fill(trees);
  trees.damage[ServerId{2}] = [](ModelledTrees::Nodes& nodes) { Damage(nodes, Quiet(3), 0); };
  const auto verdict = Verify(trees, 2);
  ASSERT_EQ(verdict.differences.size(), 1U);
  EXPECT_THAT(verdict.differences.front().odd, ElementsAre(ServerId{1}, ServerId{2}));
}

TEST(TreeVerificationTest, WhatMayNotBeReadIsCountedAndComparedByNobody) {
  ModelledTrees trees(3, 1);
  Fill(trees);
  trees.forbidden = {{{1}, Quiet(1)}, {{2}, Quiet(1)}, {{3}, Quiet(1)}};
  const auto verdict = Verify(trees, 3);
  EXPECT_TRUE(verdict.differences.empty());
  EXPECT_TRUE(verdict.complete);
  EXPECT_EQ(verdict.unreadable, (std::map<ServerId, std::uint64_t>{{{1}, 1}, {{2}, 1}, {{3}, 1}}));
}

TEST(TreeVerificationTest, WhatOneMemberAloneHidesIsADifferenceOfItsOwnKind) {
  rc::check([] {
    ModelledTrees trees(3, *rc::gen::arbitrary<std::uint32_t>());
    Fill(trees);
    PutUnderLoad(trees, *rc::gen::arbitrary<std::uint32_t>());
    const ServerId odd{*rc::gen::inRange<std::uint32_t>(1, 4)};
    const auto path = Quiet(*rc::gen::inRange(0, kZnodes));
    trees.forbidden = {{odd, path}};
    const auto verdict = Verify(trees, 3);
    RC_ASSERT(verdict.complete);
    RC_ASSERT(verdict.differences.size() == 1U);
    const auto& found = verdict.differences.front();
    RC_ASSERT(found.path == path);
    RC_ASSERT(found.aspect == Aspect::kAccess);
    RC_ASSERT(found.odd == std::vector<ServerId>{odd});
    RC_ASSERT(found.shown.at(odd) == "hidden by its ACL");
  });
}

// A client that hides and shows a znode all the time: no member is ever seen with another ACL than
// an other one had at the same moment.
TEST(TreeVerificationTest, AnAclThatChangesAllTheTimeIsNoDifference) {
  rc::check([] {
    ModelledTrees trees(3, *rc::gen::arbitrary<std::uint32_t>());
    Fill(trees);
    trees.hides = [](const model::ZnodeFacts& facts) { return facts.acl_crc == 66; };
    trees.load = [&trees, number = 0U]() mutable {
      trees.SetAcl(Busy(1), ++number % 2 == 0 ? 66 : 1);
    };
    const auto verdict = Verify(trees, 3);
    RC_ASSERT(verdict.differences.empty());
  });
}

// A znode that is made, hidden, and deleted again.
TEST(TreeVerificationTest, AHiddenZnodeThatComesAndGoesIsNoDifference) {
  rc::check([] {
    ModelledTrees trees(3, *rc::gen::arbitrary<std::uint32_t>());
    Fill(trees);
    trees.hides = [](const model::ZnodeFacts& facts) { return facts.data_crc == 66; };
    trees.load = [&trees, number = 0U]() mutable {
      if (++number % 2 == 0) {
        trees.Create("/busy/x", 66);
      } else {
        trees.Delete("/busy/x");
      }
    };
    RC_ASSERT(Verify(trees, 3).differences.empty());
  });
}

TEST(TreeVerificationTest, ARootThatMayNotBeReadIsNoCompleteComparison) {
  ModelledTrees trees(3, 1);
  Fill(trees);
  trees.forbidden = {{{1}, "/"}, {{2}, "/"}, {{3}, "/"}};
  const auto verdict = Verify(trees, 3);
  EXPECT_FALSE(verdict.complete);
  EXPECT_THAT(verdict.root_hidden, ElementsAre(ServerId{1}, ServerId{2}, ServerId{3}));
}

TEST(TreeVerificationTest, ItStopsAtTheLimitOfDifferences) {
  ModelledTrees trees(3, 1);
  trees.Create("/quiet", 0);
  for (int i = 0; i < 3'000; ++i) {
    trees.Create(Quiet(i), 1);
  }
  trees.ApplyAll();
  trees.damage[ServerId{3}] = [](ModelledTrees::Nodes& nodes) {
    for (auto& [path, facts] : nodes) {
      ++facts.aversion;
    }
  };
  const auto verdict = Verify(trees, 3, 5);
  EXPECT_EQ(verdict.differences.size(), 5U);
  EXPECT_FALSE(verdict.complete);
  EXPECT_LT(verdict.znodes, 3'000U);
}

TEST(TreeVerificationTest, WhatEachServerMakesOfItsOwnIsNotCompared) {
  ModelledTrees trees(3, 1);
  for (const std::string path : {"/zookeeper",
                                 "/zookeeper/config",
                                 "/zookeeper/quota",
                                 "/zookeeper/quota/a",
                                 "/zookeeper/quota/a/zookeeper_limits",
                                 "/zookeeper/quota/a/zookeeper_stats"}) {
    trees.Create(path, 1);
  }
  trees.ApplyAll();
  trees.damage[ServerId{2}] = [](ModelledTrees::Nodes& nodes) {
    nodes["/zookeeper"].cversion = -2;
    nodes["/zookeeper/config"].data_crc = 9;
    nodes["/zookeeper/quota/a/zookeeper_stats"].data_crc = 9;
  };
  EXPECT_TRUE(Verify(trees, 3).differences.empty());
  trees.damage[ServerId{2}] = [](ModelledTrees::Nodes& nodes) {
    nodes["/zookeeper/quota/a/zookeeper_limits"].data_crc = 9;
  };
  EXPECT_EQ(Verify(trees, 3).differences.size(), 1U);
}

}  // namespace
}  // namespace zoowarden::controller
