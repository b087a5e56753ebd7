#include "agent/service/release_keeper.h"

#include "tests/unit/agent/service/instance_fixture.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Release 3.8.4 is current, 3.9.4 was staged and never ran.
class ReleaseKeeperTest : public InstanceTest {
 protected:
  void SetUp() override {
    InstanceTest::SetUp();
    Open({.keep = 1});
    StageRequest request = WithTickTime("2000");
    request.release = {.version = {3, 9, 4}, .sha512 = Publish("3.9.4")};
    const auto made = instance().Stage(request);
    ASSERT_TRUE(made) << made.error().message();
    staged_ = made->digest;
    new_release_ = "3.9.4-" + request.release.sha512.substr(0, 8);
    MakeKeeper();
  }
  void MakeKeeper() {
    keeper_.emplace(instance(), instance().generations(), [this](sys::TempDir tree) {
      aside_.push_back(std::move(tree));
    });
  }

  [[nodiscard]] std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto known = keeper_->List();
    for (const auto& one : known->releases) {
      names.push_back(one.installed.name);
    }
    return names;
  }
  [[nodiscard]] std::string OldRelease() { return Names().front(); }
  template <typename T>
  static std::string Reason(const base::Result<T>& result) {
    return result ? "" : result.error().reason();
  }

  std::string staged_;
  std::string new_release_;
  std::vector<sys::TempDir> aside_;  // what the keeper has discarded, not deleted yet
  std::optional<ReleaseKeeper> keeper_;
};

TEST_F(ReleaseKeeperTest, ListsReleasesWithTheGenerationsThatNameThem) {
  fs::create_directories(At("releases/.unpack-left"));
  const auto listed = keeper_->List();
  ASSERT_TRUE(listed) << listed.error().message();
  const std::vector<KnownRelease>& known = listed->releases;
  ASSERT_EQ(known.size(), 2U);
  const KnownRelease& old = known.front();
  EXPECT_EQ(old.installed.version, (model::Version{3, 8, 4}));
  EXPECT_EQ(old.installed.files, 2U);
  EXPECT_GT(old.installed.bytes, 0U);
  EXPECT_EQ(old.installed.problem, "");
  ASSERT_EQ(old.generations.size(), 1U);
  EXPECT_EQ(old.generations[0].digest, ran());
  EXPECT_TRUE(old.generations[0].current);
  const KnownRelease& next = known.back();
  EXPECT_EQ(next.installed.name, new_release_);
  ASSERT_EQ(next.generations.size(), 1U);
  EXPECT_FALSE(next.generations[0].current);
  EXPECT_EQ(next.generations[0].last_ran, std::nullopt);
}

TEST_F(ReleaseKeeperTest, VerifyFindsAFlippedByteAndListDoesNotLook) {
  EXPECT_EQ(keeper_->Verify()->releases.front().installed.problem_reason, "");
  Write(At("releases/" + OldRelease() + "/lib/zookeeper.jar"), "jaR");
  EXPECT_EQ(keeper_->List()->releases.front().installed.problem_reason, "");
  const auto verified = keeper_->Verify();
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->releases.front().installed.problem_reason, "release.tree_changed");
  EXPECT_EQ(verified->releases.back().installed.problem_reason, "");
}

TEST_F(ReleaseKeeperTest, ADamagedRecordIsShownAsSuch) {
  Write(At("releases/" + new_release_ + "/zoowarden-release.json"), "{");
  EXPECT_EQ(keeper_->List()->releases.back().installed.problem_reason, "release.damaged");
  EXPECT_EQ(keeper_->Verify()->releases.back().installed.problem_reason, "release.damaged");
}

TEST_F(ReleaseKeeperTest, RemovesTheTreeItsGenerationsAndItsArchive) {
  const auto removed = keeper_->Remove(new_release_, {});
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_THAT(*removed, ElementsAre(staged_));
  EXPECT_THAT(Names(), ElementsAre(OldRelease()));
  EXPECT_FALSE(fs::exists(At("generations/" + staged_)));
  EXPECT_EQ(std::distance(fs::directory_iterator(At("state/uploads")), {}), 1);
  EXPECT_EQ(Reason(keeper_->Remove(new_release_, {})), "release.not_unpacked");
}

// Deleting takes long for big trees, and is nothing that anybody should wait for.
TEST_F(ReleaseKeeperTest, WhatIsRemovedIsOutOfTheWayAtOnceAndDeletedBySomebodyElse) {
  const auto removed = keeper_->Remove(new_release_, {});
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_THAT(Names(), ElementsAre(OldRelease()));
  ASSERT_EQ(aside_.size(), 2U);
  EXPECT_TRUE(fs::exists(aside_.front().path() / staged_ / "generation.json"));
  EXPECT_FALSE(fs::is_empty(aside_.back().path() / new_release_));
}

// Actual: what a removal that fails half-way has renamed aside is deleted inside it, with its locks
// held. Expected: it goes the same way as that of a whole one.
TEST_F(ReleaseKeeperTest, WhatARemovalThatFailsHalfWayHasTakenAsideIsDeletedBySomebodyElseToo) {
  fs::remove_all(At("releases/" + new_release_));
  EXPECT_EQ(Reason(keeper_->Remove(new_release_, {})), "release.not_unpacked");
  EXPECT_FALSE(fs::exists(At("generations/" + staged_)));
  ASSERT_EQ(aside_.size(), 1U);
  EXPECT_TRUE(fs::exists(aside_.front().path() / staged_ / "generation.json"));
}

TEST_F(ReleaseKeeperTest, WhatAKillLeavesOfARemovalGoesAtTheNextStart) {
  ASSERT_TRUE(keeper_->Remove(new_release_, {}));
  std::vector<fs::path> aside;
  for (auto& tree : aside_) {
    aside.push_back(tree.Release());
  }
  ASSERT_TRUE(fs::exists(aside.front()));
  keeper_.reset();
  Open({});
  for (const auto& path : aside) {
    EXPECT_FALSE(fs::exists(path));
  }
}

TEST_F(ReleaseKeeperTest, AStagedArchiveIsListedAndCanBeRemoved) {
  const std::string sha512(128, '1');
  Write(At("state/uploads/" + sha512 + ".archive"), "four");
  const auto staged = keeper_->Staged();
  ASSERT_TRUE(staged) << staged.error().message();
  ASSERT_EQ(staged->size(), 1U) << "those that were unpacked belong to their releases";
  EXPECT_EQ(staged->front().sha512, sha512);
  EXPECT_EQ(staged->front().bytes, 4U);
  EXPECT_TRUE(keeper_->Remove(sha512, {}));
  EXPECT_THAT(*keeper_->Staged(), IsEmpty());
  EXPECT_EQ(Reason(keeper_->Remove(sha512, {})), "release.not_staged");
  const std::string unpacked = keeper_->List()->releases.front().installed.sha512;
  EXPECT_EQ(Reason(keeper_->Remove(unpacked, {})), "release.not_staged");
  EXPECT_TRUE(fs::exists(At("state/uploads/" + unpacked + ".archive")));
}

TEST_F(ReleaseKeeperTest, WhatWasAdoptedIsListedForItself) {
  EXPECT_FALSE(keeper_->Adopted().has_value());
  fs::remove_all(At("generations"));
  Open({});
  MakeKeeper();
  for (const char* file : {"zk.cfg", "zookeeper.jar"}) {
    Write(At(std::string("foreign/") + file), "");
  }
  const auto adopted = instance().generations().Adopt(
      {.record = {.generation = {.version = {3, 8, 6},
                                 .release_sha512 = std::string(model::kAdoptedRelease),
                                 .configuration_digest = std::string(64, 'c')},
                  .server = {1},
                  .declared_servers = 3,
                  .settings = {},
                  .foreign = ForeignPaths{.configuration = At("foreign/zk.cfg"),
                                          .release_directory = At("foreign"),
                                          .server_jar = At("foreign/zookeeper.jar"),
                                          .launcher = model::ForeignLauncher::kUnit}},
       .start = std::nullopt});
  ASSERT_TRUE(adopted) << adopted.error().message();
  const auto listed = keeper_->Adopted();
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(listed->version, (model::Version{3, 8, 6}));
  EXPECT_EQ(listed->use.digest, adopted->digest);
  EXPECT_TRUE(listed->use.current);
}

TEST_F(ReleaseKeeperTest, RefusesToRemoveWhatIsNeeded) {
  EXPECT_EQ(Reason(keeper_->Remove(OldRelease(), {})), "release.in_use");
  EXPECT_EQ(Reason(keeper_->Remove(new_release_, {staged_})), "release.in_use");
  EXPECT_EQ(Names().size(), 2U);
  EXPECT_TRUE(fs::exists(At("generations/" + staged_)));
}

// Actual: one damaged generation, and no release is listed. Expected: it is named beside the
// others; removed is nothing while it may be of any.
TEST_F(ReleaseKeeperTest, OneThatDoesNotSayItsReleaseIsNamedAndKeepsThemAll) {
  const auto expect_kept = [&](const char* how) {
    EXPECT_THAT(Names(), ElementsAre(OldRelease(), new_release_)) << how;
    const auto known = keeper_->List();
    ASSERT_TRUE(known) << how << known.error().message();
    ASSERT_EQ(known->unknown.size(), 1U) << how;
    EXPECT_EQ(known->unknown.front().digest, staged_) << how;
    EXPECT_EQ(Reason(keeper_->CheckUses()), "release.use_unknown") << how;
    EXPECT_EQ(Reason(keeper_->Remove(new_release_, {})), "release.use_unknown") << how;
    EXPECT_EQ(Reason(keeper_->Collect({})), "release.use_unknown") << how;
    EXPECT_EQ(Names().size(), 2U) << how;
  };
  const fs::path link = At("generations/" + staged_ + "/release");
  fs::remove(link);
  expect_kept("its link is gone");
  fs::create_directory(link);
  expect_kept("its link is none");
  fs::remove_all(At("generations/" + staged_));
  Write(At("generations/" + staged_), "x");
  expect_kept("it is a file");
  fs::remove(At("generations/" + staged_));
  EXPECT_TRUE(keeper_->CheckUses());
  EXPECT_TRUE(keeper_->Remove(new_release_, {}));
}

TEST_F(ReleaseKeeperTest, RemovesNothingByAnotherNameThanAReleases) {
  Write(At("releases/own/file"), "x");
  for (const char* name : {"", ".", "..", "own", "../generations", "3.9.4-9418f5e1/../own"}) {
    EXPECT_EQ(Reason(keeper_->Remove(name, {})), "release.not_unpacked") << name;
  }
  EXPECT_TRUE(fs::exists(At("releases/own/file")));
}

TEST_F(ReleaseKeeperTest, CollectsOldOnesButNeverWhatIsNeeded) {
  ASSERT_TRUE(keeper_->Collect({staged_}));
  EXPECT_EQ(Names().size(), 2U);
  ASSERT_TRUE(keeper_->Collect({}));
  EXPECT_THAT(Names(), ElementsAre(OldRelease()));
  EXPECT_TRUE(fs::exists(At("generations/" + ran())));
  EXPECT_FALSE(fs::exists(At("generations/" + staged_)));
  ASSERT_TRUE(keeper_->Collect({}));
  EXPECT_THAT(Names(), ElementsAre(OldRelease()));
}

TEST_F(ReleaseKeeperTest, CollectsArchivesThatWereNeverUnpackedButTheNewest) {
  for (const char digit : {'1', '2', '3'}) {
    Write(At("state/uploads/" + std::string(128, digit) + ".archive"), "x");
  }
  ASSERT_TRUE(keeper_->Collect({staged_}));
  EXPECT_EQ(std::distance(fs::directory_iterator(At("state/uploads")), {}), 3);
}

// Actual: where one generation does not say its release, archives that are of none pile up too.
// Expected: they are collected all the same.
TEST_F(ReleaseKeeperTest, CollectsSuchArchivesAlsoWhereNoReleaseMayGo) {
  for (const char digit : {'1', '2', '3'}) {
    Write(At("state/uploads/" + std::string(128, digit) + ".archive"), "x");
  }
  fs::remove(At("generations/" + staged_ + "/release"));
  EXPECT_EQ(Reason(keeper_->Collect({})), "release.use_unknown");
  EXPECT_EQ(keeper_->Staged()->size(), 1U);
  EXPECT_EQ(Names().size(), 2U);
}

}  // namespace
}  // namespace zoowarden::agent
