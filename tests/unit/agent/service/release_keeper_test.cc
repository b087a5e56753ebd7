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
    keeper_.emplace(instance(), instance().generations());
  }

  [[nodiscard]] std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto known = keeper_->List();
    for (const auto& one : *known) {
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
  std::optional<ReleaseKeeper> keeper_;
};

TEST_F(ReleaseKeeperTest, ListsReleasesWithTheGenerationsThatNameThem) {
  fs::create_directories(At("releases/.unpack-left"));
  const auto known = keeper_->List();
  ASSERT_TRUE(known) << known.error().message();
  ASSERT_EQ(known->size(), 2U);
  const KnownRelease& old = known->front();
  EXPECT_EQ(old.installed.version, (model::Version{3, 8, 4}));
  EXPECT_EQ(old.installed.files, 2U);
  EXPECT_GT(old.installed.bytes, 0U);
  EXPECT_EQ(old.installed.problem, "");
  ASSERT_EQ(old.generations.size(), 1U);
  EXPECT_EQ(old.generations[0].digest, ran());
  EXPECT_TRUE(old.generations[0].current);
  const KnownRelease& next = known->back();
  EXPECT_EQ(next.installed.name, new_release_);
  ASSERT_EQ(next.generations.size(), 1U);
  EXPECT_FALSE(next.generations[0].current);
  EXPECT_EQ(next.generations[0].last_ran, std::nullopt);
}

TEST_F(ReleaseKeeperTest, VerifyFindsAFlippedByteAndListDoesNotLook) {
  EXPECT_EQ(keeper_->Verify()->front().installed.problem_reason, "");
  Write(At("releases/" + OldRelease() + "/lib/zookeeper.jar"), "jaR");
  EXPECT_EQ(keeper_->List()->front().installed.problem_reason, "");
  const auto verified = keeper_->Verify();
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->front().installed.problem_reason, "release.tree_changed");
  EXPECT_EQ(verified->back().installed.problem_reason, "");
}

TEST_F(ReleaseKeeperTest, ADamagedRecordIsShownAsSuch) {
  Write(At("releases/" + new_release_ + "/zoowarden-release.json"), "{");
  EXPECT_EQ(keeper_->List()->back().installed.problem_reason, "release.damaged");
  EXPECT_EQ(keeper_->Verify()->back().installed.problem_reason, "release.damaged");
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

TEST_F(ReleaseKeeperTest, RefusesToRemoveWhatIsNeeded) {
  EXPECT_EQ(Reason(keeper_->Remove(OldRelease(), {})), "release.in_use");
  EXPECT_EQ(Reason(keeper_->Remove(new_release_, {staged_})), "release.in_use");
  EXPECT_EQ(Names().size(), 2U);
  EXPECT_TRUE(fs::exists(At("generations/" + staged_)));
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

}  // namespace
}  // namespace zoowarden::agent
