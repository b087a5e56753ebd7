#include "core/verification.h"

#include "tests/unit/core/ensemble_values.h"

#include <gmock/gmock.h>

namespace zoowarden::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HealthyRound;
using testing::Id;
using ::testing::IsEmpty;
using testing::Of;

class VerificationTest : public ::testing::Test {
 protected:
  std::vector<Problem> Find() {
    return FindProblems({.declared = members_,
                         .wanted = wanted_,
                         .round = round_,
                         .conclusions = Conclude(members_, round_, {})});
  }
  std::vector<std::string> Reasons() {
    std::vector<std::string> reasons;
    for (const auto& problem : Find()) {
      reasons.push_back(problem.reason);
    }
    return reasons;
  }
  std::string Text() { return TextOf(Find()); }

  std::vector<model::Member> members_ = testing::Voters(3);
  model::Round round_ = HealthyRound(members_, 3);
  std::map<model::ServerId, model::Generation> wanted_{
      {Id(1), testing::Old()}, {Id(2), testing::Old()}, {Id(3), testing::Old()}};
};

TEST_F(VerificationTest, AHealthyEnsembleHasNoProblem) { EXPECT_THAT(Find(), IsEmpty()); }

TEST_F(VerificationTest, WhateverKeepsAMemberFromBeingProvedHasAReasonOfItsOwn) {
  const auto reason_after = [this](const std::function<void(model::MemberObservation&)>& change) {
    round_ = HealthyRound(members_, 3);
    change(Of(round_, 2));
    const auto problems = Find();
    EXPECT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems.front().server, Id(2));
    EXPECT_THAT(problems.front().text, HasSubstr("server 2"));
    return problems.front().reason;
  };
  EXPECT_EQ(reason_after(testing::Silence), "agent_silent");
  EXPECT_EQ(reason_after(testing::Kill), "no_process");
  EXPECT_EQ(reason_after(testing::Elect), "not_serving");
  EXPECT_EQ(reason_after([](auto& seen) {
              seen.process.reset();
              seen.processes_visible = false;
            }),
            "process_hidden");
  EXPECT_EQ(reason_after([](auto& seen) { seen.mode = model::Mode::kStandalone; }), "standalone");
  EXPECT_EQ(reason_after([](auto& seen) { seen.mode = model::Mode::kObserver; }), "other_role");
  EXPECT_EQ(reason_after([](auto& seen) { seen.broadcast = model::Broadcast::kNo; }),
            "not_synchronised");
  EXPECT_EQ(reason_after([](auto& seen) { --seen.own_zxid->value; }), "zxid_behind");
  EXPECT_EQ(reason_after([](auto& seen) { --seen.durable_zxid->value; }), "durable_behind");
  EXPECT_EQ(reason_after([](auto& seen) { seen.session_accepted = false; }), "session_refused");
  EXPECT_EQ(reason_after([](auto& seen) { seen.read_back = false; }), "not_read_back");
}

TEST_F(VerificationTest, NoCanaryNoLeaderAndTwoLeadersAreNamed) {
  round_.canary.reset();
  EXPECT_THAT(Reasons(), ElementsAre("no_canary", "no_canary", "no_canary"));
  round_ = HealthyRound(members_, 3);
  Of(round_, 3).mode = model::Mode::kFollower;
  EXPECT_THAT(Reasons(), ElementsAre("no_leader"));
  round_ = HealthyRound(members_, 3);
  Of(round_, 1).mode = model::Mode::kLeader;
  EXPECT_THAT(Reasons(), ElementsAre("several_leaders", "several_leaders", "several_leaders"));
}

TEST_F(VerificationTest, MembershipsMustBeTheDeclaredOneAndOfOneVersion) {
  Of(round_, 1).membership.reset();
  Of(round_, 2).membership->members.pop_back();
  EXPECT_THAT(Reasons(), ElementsAre("membership_unreadable", "membership_differs"));
  round_ = HealthyRound(members_, 3);
  for (auto& seen : round_.members) {
    seen.membership->source = model::kCommittedConfiguration;
    seen.membership->version = 0x100000000;
  }
  EXPECT_THAT(Find(), IsEmpty());
  Of(round_, 2).membership->version = 0x200000004;
  EXPECT_THAT(Reasons(), ElementsAre("membership_versions"));
  EXPECT_THAT(Text(), HasSubstr("0x100000000 on server 1, server 3, 0x200000004 on server 2"));
  // What was not read as the committed configuration has no version to compare.
  Of(round_, 2).membership->source = "voting_view";
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(VerificationTest, DriftIsToldByWhatOfItDiffers) {
  auto other = testing::Old();
  other.digest = "other";
  other.configuration_digest = "c2";
  wanted_[Id(1)] = other;
  EXPECT_THAT(Reasons(), ElementsAre("configuration_differs"));
  wanted_[Id(1)] = testing::New();
  EXPECT_THAT(Reasons(), ElementsAre("release_differs"));
  EXPECT_THAT(Text(), HasSubstr("server 1 runs release 3.8.4, ensemble.yaml asks for 3.9.4"));
  wanted_[Id(1)].release_sha512 = "sha-old";  // the archive of another version is said to be this
  EXPECT_THAT(Reasons(), ElementsAre("release_differs"));
  wanted_[Id(1)].configuration_digest = "c2";
  EXPECT_THAT(Reasons(), ElementsAre("release_differs", "configuration_differs"));
  Of(round_, 1).current.reset();
  EXPECT_THAT(Reasons(), ElementsAre("generation_differs"));
  Of(round_, 1).process->generation.clear();
  EXPECT_THAT(Reasons(), ElementsAre("no_generation"));
}

TEST_F(VerificationTest, WhatTheServerSaysAndWhatItWouldStartNextCountToo) {
  Of(round_, 2).version = testing::kNewVersion;
  EXPECT_THAT(Reasons(), ElementsAre("version_differs"));
  Of(round_, 2).version.reset();
  EXPECT_THAT(Reasons(), ElementsAre("version_unreadable"));
  round_ = HealthyRound(members_, 3);
  Of(round_, 3).current = testing::New();
  EXPECT_THAT(Reasons(), ElementsAre("current_differs"));
  EXPECT_THAT(Text(), HasSubstr("its next start would take generation new"));
}

TEST_F(VerificationTest, AMemberThatCouldNotStartAgainIsNoVerifiedOne) {
  Of(round_, 3).current.reset();
  EXPECT_THAT(Reasons(), ElementsAre("current_differs"));
  EXPECT_THAT(Text(), HasSubstr("server 3 runs what it should, but its next start would fail"));
}

class TreeDigestsTest : public VerificationTest {
 protected:
  void Log(std::uint32_t id, std::uint64_t zxid, std::uint64_t value, std::uint32_t version = 2) {
    auto& seen = Of(round_, id);
    seen.tree_digests_read = true;
    seen.tree_digests.push_back({.zxid = {zxid}, .version = version, .value = value});
  }
};

TEST_F(TreeDigestsTest, TheNewestThatAllHaveAndThatIsAboveTheFloorIsCompared) {
  for (std::uint32_t id = 1; id <= 3; ++id) {
    Log(id, 128, id);  // of before: may be false
    Log(id, 256, 7);
  }
  Log(1, 384, 8);
  const auto compared = CompareTreeDigests(round_, {200});
  EXPECT_EQ(compared.at, model::Zxid{256});
  EXPECT_EQ(compared.members, 3U);
  EXPECT_FALSE(compared.problem);
  EXPECT_FALSE(CompareTreeDigests(round_, {300}).at);
}

TEST_F(TreeDigestsTest, AMemberWhoseDataDiffersIsShownWithWhatItSays) {
  Log(1, 256, 7);
  Log(2, 256, 9);
  Log(3, 256, 7);
  const auto compared = CompareTreeDigests(round_, {0});
  ASSERT_TRUE(compared.problem);
  EXPECT_EQ(compared.problem->reason, "digests_differ");
  EXPECT_THAT(compared.problem->text, HasSubstr("at zxid 0x100"));
  EXPECT_THAT(compared.problem->text, HasSubstr("server 2 9"));
}

TEST_F(TreeDigestsTest, OneMemberAloneAndOtherWaysToComputeAreNotCompared) {
  Log(1, 256, 7);
  EXPECT_FALSE(CompareTreeDigests(round_, {0}).at);
  Log(2, 256, 8, /*version=*/3);
  EXPECT_FALSE(CompareTreeDigests(round_, {0}).at);
  Of(round_, 3).tree_digests_read = true;  // it has logged none yet
  Log(1, 384, 7);
  Log(2, 384, 7);
  EXPECT_FALSE(CompareTreeDigests(round_, {0}).at);
}

}  // namespace
}  // namespace zoowarden::core
