#include "controller/run/tree_verification.h"

#include "controller/run/tree_rows.h"
#include "tests/unit/controller/run/modelled_trees.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

namespace zoowarden::controller {
namespace {

using core::Aspect;
using model::ServerId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Quiet znodes below /quiet, and below /busy those that the load changes.
constexpr int kZnodes = 12;

std::string Quiet(int number) { return "/quiet/" + std::to_string(number); }
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

TreeVerifyOptions OptionsFor(std::uint32_t members) {
  TreeVerifyOptions options{.run = {}, .canary_through = {1}};
  for (std::uint32_t id = 1; id <= members; ++id) {
    options.servers.insert({id});
  }
  return options;
}

TreeVerdict Verify(ModelledTrees& trees, const TreeVerifyOptions& options, sys::Clock& clock) {
  const auto verdict = VerifyTrees(trees, trees, clock, options);
  EXPECT_TRUE(verdict) << verdict.error().message();
  return verdict.value_or(TreeVerdict{});
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

// The znodes of one transaction are changed one after the other.
TEST(ZnodeCaseTest, WhatOneRoundShowsHalfwayThroughATransactionIsNoDifference) {
  const auto views = [](std::uint64_t zxid, std::int32_t first, std::int32_t second) {
    const auto one = [&](std::int32_t version) {
      return model::Znode{.path = "/a",
                          .sight = model::Sight::kPresent,
                          .facts = {.created = {1}, .modified = {zxid}, .version = version}};
    };
    return core::ZnodeViews{{{1}, one(first)}, {{2}, one(second)}};
  };
  core::ZnodeCase halfway("/a");
  halfway.AddRound(views(7, 1, 2));
  halfway.AddRound(views(8, 3, 3));
  EXPECT_TRUE(halfway.settled());
  EXPECT_TRUE(halfway.differences().empty());
  core::ZnodeCase different("/a");
  different.AddRound(views(7, 1, 2));
  EXPECT_FALSE(different.settled());
  different.AddRound(views(8, 2, 3));
  ASSERT_EQ(different.differences().size(), 1U);
  EXPECT_EQ(different.differences().front().aspect, Aspect::kData);
}

model::Znode Shown(model::Sight sight, std::uint32_t data = 0) {
  return {.path = "/a",
          .sight = sight,
          .facts = {.created = {1}, .modified = {data}, .version = static_cast<int>(data)}};
}

// That those who show it are equal says nothing of the one that does not.
TEST(ZnodeCaseTest, NothingIsEqualBecauseOneMemberDoesNotShowIt) {
  using model::Sight;
  core::ZnodeCase hidden("/a");
  hidden.AddRound(
      {{{1}, Shown(Sight::kAbsent)}, {{2}, Shown(Sight::kPresent)}, {{3}, Shown(Sight::kPresent)}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(hidden.settled());
    hidden.AddRound({{{1}, Shown(Sight::kForbidden)},
                     {{2}, Shown(Sight::kPresent)},
                     {{3}, Shown(Sight::kPresent)}});
  }
  ASSERT_EQ(hidden.differences().size(), 1U);
  EXPECT_EQ(hidden.differences().front().aspect, Aspect::kAccess);
  EXPECT_TRUE(hidden.settled());

  core::ZnodeCase behind("/a");
  behind.AddRound({{{1}, Shown(Sight::kForbidden)},
                   {{2}, Shown(Sight::kPresent, 5)},
                   {{3}, Shown(Sight::kPresent, 5)}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(behind.settled());
    behind.AddRound({{{1}, Shown(Sight::kPresent, 4)},
                     {{2}, Shown(Sight::kPresent, 5)},
                     {{3}, Shown(Sight::kPresent, 5)}});
  }
  ASSERT_EQ(behind.differences().size(), 1U);
  EXPECT_EQ(behind.differences().front().aspect, Aspect::kData);
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

// --- how often and what is read again

class ReadAgainTest : public testing::Test {
 protected:
  // Member 2 shows other data in all of them.
  void Differ(int znodes, const std::string& filling, std::uint32_t data_bytes) {
    trees_.Create("/quiet", 0);
    for (int i = 0; i < znodes; ++i) {
      trees_.Create(Quiet(i) + filling, 1);
    }
    trees_.Write([data_bytes](ModelledTrees::Nodes& nodes, model::Zxid) {
      for (auto& [path, facts] : nodes) {
        facts.data_bytes = data_bytes;
      }
    });
    trees_.ApplyAll();
    trees_.damage[ServerId{2}] = [](ModelledTrees::Nodes& nodes) {
      for (auto& [path, facts] : nodes) {
        facts.data_crc ^= 1U;
      }
    };
    options_.most_differences = 100'000;
  }

  ModelledTrees trees_{4, 1};
  TreeVerifyOptions options_ = OptionsFor(3);
  sys::ManualClock clock_;
};

TEST_F(ReadAgainTest, OnlyTheMembersThatAreComparedAreAsked) {
  Differ(3, "", 1);
  EXPECT_FALSE(Verify(trees_, options_, clock_).differences.empty());
  ASSERT_FALSE(trees_.asked.empty());
  for (const auto& asked : trees_.asked) {
    EXPECT_EQ(asked.servers, options_.servers);
  }
}

TEST_F(ReadAgainTest, NoFasterThanAllowed) {
  Differ(250, "", 1);
  options_.znodes_per_second = 100;
  const auto began = clock_.BootTime();
  EXPECT_EQ(Verify(trees_, options_, clock_).differences.size(), 252U);
  std::size_t paths = 0;
  for (const auto& asked : trees_.asked) {
    EXPECT_LE(asked.paths, 100U);
    paths += asked.paths;
  }
  EXPECT_GE(paths, 2 * 252U);
  EXPECT_GE(clock_.BootTime() - began, std::chrono::milliseconds(10 * paths));
}

TEST_F(ReadAgainTest, WhatIsStoppedIsNotReadOnceMore) {
  Differ(250, "", 1);
  options_.znodes_per_second = 100;
  bool stopped = false;
  trees_.on_read = [&stopped] { stopped = true; };
  options_.stop_requested = [&stopped] { return stopped; };
  const auto verdict = Verify(trees_, options_, clock_);
  EXPECT_EQ(trees_.asked.size(), 1U);
  EXPECT_FALSE(verdict.complete);
  EXPECT_EQ(verdict.unsettled, 0U) << "nobody has judged them";
}

TEST_F(ReadAgainTest, LongPathsAreReadAgainSooner) {
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  const std::string filling(20'000, 'a');
  Differ(120, filling, 1);
  EXPECT_EQ(Verify(trees_, options_, clock_).differences.size(), 122U);
  std::size_t most = 0;
  for (const auto& asked : trees_.asked) {
    most = std::max(most, asked.bytes);
  }
  EXPECT_GE(most, kMiB);
  EXPECT_LE(most, kMiB + filling.size() + 100);
}

TEST_F(ReadAgainTest, LargeDataIsReadAgainSooner) {
  Differ(20, "", 200'000);
  EXPECT_EQ(Verify(trees_, options_, clock_).differences.size(), 22U);
  for (const auto& asked : trees_.asked) {
    EXPECT_LE(asked.paths, 6U);
  }
}

// --- what a hostile agent may send

class ScriptedWalk final : public TreeWalk {
 public:
  explicit ScriptedWalk(std::vector<std::vector<std::string>> batches)
      : batches_(std::move(batches)) {}
  base::Result<std::vector<model::Znode>> Next() override {
    std::vector<model::Znode> znodes;
    if (next_ < batches_.size()) {
      for (const auto& path : batches_[next_++]) {
        znodes.push_back({.path = path, .sight = model::Sight::kPresent});
      }
    }
    return znodes;
  }

 private:
  std::vector<std::vector<std::string>> batches_;
  std::size_t next_ = 0;
};

std::string ReasonOf(std::vector<std::vector<std::string>> batches) {
  TreeRows::Walks walks;
  walks.emplace(ServerId{1}, std::make_unique<ScriptedWalk>(std::move(batches)));
  TreeRows rows(std::move(walks));
  while (true) {
    const auto row = rows.Next();
    if (!row) {
      EXPECT_THAT(row.error().message(), HasSubstr("server 1"));
      return row.error().reason();
    }
    if (!*row) {
      return "";
    }
  }
}

TEST(TreeRowsTest, ATreeOutOfOrderIsRefused) {
  EXPECT_EQ(ReasonOf({{"/", "/a"}, {"/a/b", "/b"}}), "");
  EXPECT_EQ(ReasonOf({}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/a"}}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/", "/b", "/a"}}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/", "/a"}, {"/a"}}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/", "/a"}, {"/"}}), "tree.disorder");
}

}  // namespace
}  // namespace zoowarden::controller
