#include "core/plan.h"

#include "model/discovery.h"
#include "tests/unit/core/ensemble_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace zoowarden::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Id;

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() { Make(3, 1); }

  void Make(std::uint32_t servers, std::uint32_t leader) {
    input_ = {};
    input_.spec.name = "lab";
    for (std::uint32_t id = 1; id <= servers; ++id) {
      input_.spec.servers.push_back(testing::Server(id));
      input_.wanted[Id(id)] = testing::New();
    }
    Observe(leader);
  }
  void Observe(std::uint32_t leader) {
    input_.seen = testing::HealthyRound(DeclaredMembers(input_.spec), leader).members;
  }
  Plan Made() const { return MakePlan(input_); }
  std::vector<std::uint32_t> Order() const {
    std::vector<std::uint32_t> order;
    for (const auto& step : Made().steps) {
      order.push_back(step.server.value);
    }
    return order;
  }
  std::vector<std::string> Reasons() const {
    std::vector<std::string> reasons;
    for (const auto& refusal : Made().refusals) {
      reasons.push_back(refusal.reason);
    }
    return reasons;
  }
  // The only refusal's text, or what was wrong with that.
  std::string Refused(const std::string& reason) const {
    const auto plan = Made();
    for (const auto& refusal : plan.refusals) {
      if (refusal.reason == reason) {
        return refusal.text;
      }
    }
    return "(not refused with " + reason + ")";
  }
  PlanInput input_;
};

TEST_F(PlanTest, TheLeaderGoesLastWhereverItsId) {
  EXPECT_THAT(Order(), ElementsAre(2, 3, 1));
  Make(3, 2);
  EXPECT_THAT(Order(), ElementsAre(1, 3, 2));
  Make(3, 3);
  EXPECT_THAT(Order(), ElementsAre(1, 2, 3));
}

TEST_F(PlanTest, ObserversGoFirst) {
  Make(5, 1);
  input_.spec.servers[2].role = model::Role::kObserver;
  input_.spec.servers[4].role = model::Role::kObserver;
  Observe(1);
  EXPECT_THAT(Order(), ElementsAre(3, 5, 2, 4, 1));
  EXPECT_THAT(Made().steps[0].why_here, HasSubstr("observer"));
  EXPECT_THAT(Made().steps[4].why_here, HasSubstr("leader: goes last"));
}

TEST_F(PlanTest, EachStepShowsItsArithmeticAndWhatChanges) {
  const auto plan = Made();
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_TRUE(plan.refusals.empty());
  EXPECT_EQ(plan.steps[0].arithmetic.sentence,
            "if server 2 stops, 2 of 3 voters remain, quorum 2, spare 0");
  EXPECT_EQ(plan.steps[2].arithmetic.sentence,
            "if server 1 stops, 2 of 3 voters remain, quorum 2, spare 0");
  EXPECT_TRUE(plan.steps[0].release_changes);
  EXPECT_FALSE(plan.steps[0].configuration_changes);
  EXPECT_EQ(plan.leader, Id(1));
  EXPECT_THAT(plan.way_back, HasSubstr("rollback_all"));
}

TEST_F(PlanTest, AChangedSettingAloneIsRolledToo) {
  for (auto& [id, wanted] : input_.wanted) {
    wanted = testing::Old();
    wanted.digest = "old-2";
    wanted.configuration_digest = "c2";
  }
  const auto plan = Made();
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_FALSE(plan.steps[0].release_changes);
  EXPECT_TRUE(plan.steps[0].configuration_changes);
  EXPECT_TRUE(plan.refusals.empty());
}

TEST_F(PlanTest, ReleaseAndSettingTogetherRestartEachServerOnce) {
  for (auto& [id, wanted] : input_.wanted) {
    wanted.configuration_digest = "c2";
  }
  const auto plan = Made();
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_TRUE(plan.steps[0].release_changes);
  EXPECT_TRUE(plan.steps[0].configuration_changes);
}

TEST_F(PlanTest, AFinishedEnsembleHasNothingToDo) {
  for (auto& [id, wanted] : input_.wanted) {
    wanted = testing::Old();
  }
  EXPECT_TRUE(Made().NothingToDo());
}

// Actual: what an agent says of itself is shown by `status` alone. Expected: whoever plans a roll
// reads it too.
TEST_F(PlanTest, WhatTheAgentOfAServerThatServesSaysIsAWarning) {
  EXPECT_THAT(Made().warnings, ::testing::IsEmpty());
  input_.seen[1].problem = "no release is removed while ...";
  EXPECT_THAT(Made().warnings,
              ElementsAre("server 2: its agent says: no release is removed while ..."));
  EXPECT_TRUE(Made().refusals.empty());
  input_.seen[1].mode = model::Mode::kNotServing;
  EXPECT_THAT(Made().warnings, ::testing::IsEmpty()) << "told by the refusal";
}

TEST_F(PlanTest, OnlyTheServersThatDifferAreRolled) {
  input_.wanted[Id(3)] = testing::Old();
  EXPECT_THAT(Order(), ElementsAre(2, 1));
}

TEST_F(PlanTest, EveryChangeOfServersIsRefusedByName) {
  const std::vector<std::pair<std::string, std::function<void(model::ServerSpec&)>>> changes = {
      {"10.0.0.9", [](auto& s) { s.host = "10.0.0.9"; }},
      {"2889", [](auto& s) { s.quorum_port = 2889; }},
      {"3889", [](auto& s) { s.election_port = 3889; }},
      {"observer", [](auto& s) { s.role = model::Role::kObserver; }},
      {"weight 3", [](auto& s) { s.weight = 3; }},
      {"group 1", [](auto& s) { s.group = 1; }},
  };
  for (const auto& [name, change] : changes) {
    Make(3, 1);
    change(input_.spec.servers[2]);
    EXPECT_THAT(Refused("plan.membership_change"), HasSubstr(name));
    EXPECT_THAT(Refused("plan.membership_change"), HasSubstr("put `servers:` back"));
  }
}

TEST_F(PlanTest, AnAddedOrRemovedServerIsRefused) {
  Make(5, 1);
  for (auto& seen : input_.seen) {
    seen.membership->members.pop_back();
  }
  EXPECT_THAT(Refused("plan.membership_change"), HasSubstr("declared: server.5="));
}

TEST_F(PlanTest, ANameThatZooKeeperShowsAsItsAddressIsNoChange) {
  input_.spec.servers[2].host = "zk3.example";
  input_.seen[2].membership->members[2].host = "0.0.0.0";
  input_.seen[0].membership->members[2].host = "10.0.0.3";
  input_.seen[1].membership->members[2].host = "zk3.example";
  EXPECT_TRUE(Made().refusals.empty());
}

TEST_F(PlanTest, AChangedClientPortIsRefused) {
  input_.spec.servers[1].client_port = 2999;
  EXPECT_THAT(Refused("plan.client_port_change"),
              HasSubstr("server 2 serves clients on port 2181 and ensemble.yaml says 2999"));
}

TEST_F(PlanTest, SettingsThatARestartCannotChangeAreRefusedByName) {
  for (const std::string key : {"reconfigEnabled", "standaloneEnabled", "dataDir", "dataLogDir"}) {
    Make(3, 1);
    input_.spec.config.settings[key] = key == "reconfigEnabled"     ? "true"
                                       : key == "standaloneEnabled" ? "false"
                                                                    : "/elsewhere";
    EXPECT_THAT(Refused("plan.setting_not_rollable"), HasSubstr(key + " would change from"));
  }
}

TEST_F(PlanTest, AServersOwnSettingIsLookedAtToo) {
  input_.spec.servers[2].settings["reconfigEnabled"] = "true";
  EXPECT_THAT(Refused("plan.setting_not_rollable"), HasSubstr("server 3: reconfigEnabled"));
}

TEST_F(PlanTest, SpellingADefaultOutIsNoChange) {
  input_.spec.config.settings["reconfigEnabled"] = "false";
  input_.spec.config.settings["standaloneEnabled"] = "true";
  EXPECT_TRUE(Made().refusals.empty());
}

TEST_F(PlanTest, DirectoriesThatTheAgentNamesAreNoChange) {
  for (auto& seen : input_.seen) {
    seen.settings["dataDir"] = "/var/lib/zookeeper";
  }
  EXPECT_TRUE(Made().refusals.empty());
}

TEST_F(PlanTest, WhatRanBeforeAdoptionIsReturnedToOnlyAsItWas) {
  for (auto& [id, wanted] : input_.wanted) {
    wanted = {.digest = "zero",
              .version = {3, 8, 4},
              .release_sha512 = std::string(model::kAdoptedRelease)};
  }
  EXPECT_NE(Refused("plan.adopted_release").find("only as it was"), std::string::npos);
  for (auto& seen : input_.seen) {
    seen.generations.push_back("zero");
  }
  EXPECT_THAT(Reasons(), ::testing::Not(::testing::Contains("plan.adopted_release")));
}

TEST_F(PlanTest, OneOrTwoVotersNeedTheOperatorsWord) {
  for (const std::uint32_t voters : {1U, 2U}) {
    Make(voters, 1);
    EXPECT_THAT(Refused("plan.outage"), HasSubstr("--allow-outage"));
    input_.allow_outage = true;
    EXPECT_TRUE(Reasons().empty());
    EXPECT_THAT(Made().warnings, ::testing::Contains(HasSubstr("OUTAGE")));
  }
}

TEST_F(PlanTest, AnObserverOfASmallEnsembleMayRestart) {
  Make(3, 1);
  input_.spec.servers[2].role = model::Role::kObserver;
  Observe(1);
  input_.wanted[Id(1)] = input_.wanted[Id(2)] = testing::Old();
  EXPECT_TRUE(Made().refusals.empty());
  EXPECT_THAT(Order(), ElementsAre(3));
}

TEST_F(PlanTest, AHeavyVoterThatTheOthersCannotOutvoteIsAnOutage) {
  for (auto& server : input_.spec.servers) {
    server.group = 1;
  }
  input_.spec.servers[0].weight = 3;
  Observe(1);
  EXPECT_THAT(Refused("plan.outage"), HasSubstr("no quorum by weights and groups"));
}

TEST_F(PlanTest, ASmallEnsembleWithNothingToDoIsNotRefused) {
  Make(1, 1);
  input_.wanted[Id(1)] = testing::Old();
  EXPECT_TRUE(Made().NothingToDo());
}

TEST_F(PlanTest, AnUnreachableAgentIsRefused) {
  testing::Silence(input_.seen[2]);
  EXPECT_THAT(Refused("preflight.agent_unreachable"), HasSubstr("server 3: its agent"));
}

TEST_F(PlanTest, AServerThatItsAgentWouldNotStartAgainIsRefused) {
  input_.seen[1].processes_visible = false;
  EXPECT_THAT(Refused("preflight.processes_hidden"), HasSubstr("server 2"));
}

TEST_F(PlanTest, ADegradedEnsembleIsRefused) {
  testing::Kill(input_.seen[1]);
  EXPECT_THAT(Refused("preflight.degraded"), HasSubstr("server 2 is down"));
  Make(3, 1);
  testing::Elect(input_.seen[1]);
  EXPECT_THAT(Refused("preflight.degraded"), HasSubstr("server 2 does not serve (not_serving)"));
  Make(3, 1);
  input_.seen[1].mode = model::Mode::kStandalone;
  EXPECT_THAT(Refused("preflight.standalone"), HasSubstr("server 2 runs STANDALONE"));
}

TEST_F(PlanTest, AServerWithoutAGenerationIsRefused) {
  input_.seen[1].current.reset();
  EXPECT_THAT(Refused("preflight.no_generation"), HasSubstr("server 2"));
}

TEST_F(PlanTest, RefusedVersionsAreNoTargetsButMayBeReconfigured) {
  for (auto& [id, wanted] : input_.wanted) {
    wanted.version = {3, 9, 3};
  }
  EXPECT_THAT(Reasons(), ElementsAre("version.data_loss.4925"));
  for (auto& seen : input_.seen) {
    seen.current->version = {3, 9, 3};
    seen.current->configuration_digest = "c0";
  }
  EXPECT_THAT(Reasons(), ElementsAre());
  EXPECT_EQ(Made().steps.size(), 3U);
}

TEST_F(PlanTest, ADowngradeIsWarnedOnce) {
  for (auto& seen : input_.seen) {
    seen.current->version = {3, 9, 5};
  }
  const auto plan = Made();
  EXPECT_TRUE(plan.refusals.empty());
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("older than the running 3.9.5")));
}

TEST_F(PlanTest, AnEvenNumberOfVotersIsWarned) {
  Make(4, 1);
  EXPECT_THAT(Made().warnings,
              ElementsAre(HasSubstr("an even number of voters (4) tolerates no more failures")));
}

TEST_F(PlanTest, ThePlanSaysWhatWillBeCheckedAndTheWayBackOfEachPolicy) {
  input_.spec.checks.push_back({.name = "app-smoke", .command = {"/smoke"}});
  EXPECT_THAT(Made().checks, ::testing::Contains(HasSubstr("your check 'app-smoke'")));
  input_.spec.policy.on_failure = model::OnFailure::kRollbackServer;
  EXPECT_THAT(Made().way_back, HasSubstr("rollback_server"));
  input_.spec.policy.on_failure = model::OnFailure::kHalt;
  EXPECT_THAT(Made().way_back, HasSubstr("halt"));
}

TEST_F(PlanTest, ARestartIsAStepOnTheSameGeneration) {
  input_.wanted = {{Id(1), testing::Old()}, {Id(2), testing::Old()}, {Id(3), testing::Old()}};
  input_.scope = PlanScope::kRestart;
  input_.restart = {Id(1), Id(3)};
  EXPECT_THAT(Order(), ElementsAre(3U, 1U));
  const auto plan = Made();
  EXPECT_TRUE(plan.refusals.empty());
  EXPECT_FALSE(plan.steps.front().release_changes);
  EXPECT_FALSE(plan.steps.front().configuration_changes);
  EXPECT_THAT(plan.way_back, HasSubstr("there is nothing to go back to"));
  input_.spec.policy.on_failure = model::OnFailure::kHalt;
  EXPECT_THAT(Made().way_back, HasSubstr("the run halts"));
  EXPECT_THAT(Made().way_back, HasSubstr("(on_failure: halt)"));
}

TEST_F(PlanTest, ARestartIsRefusedWhenSomethingElseIsWanted) {
  input_.scope = PlanScope::kRestart;
  input_.restart = {Id(1)};
  EXPECT_THAT(Refused("plan.restart_differs"), HasSubstr("server 1 runs something else"));
}

TEST_F(PlanTest, TheConfigurationAloneIsRefusedWhenAReleaseDiffers) {
  input_.scope = PlanScope::kConfiguration;
  EXPECT_THAT(Refused("plan.release_differs"),
              HasSubstr("runs 3.8.4 and ensemble.yaml says 3.9.4"));
  for (auto& [id, wanted] : input_.wanted) {
    wanted = testing::Old();
    wanted.digest = "changed";
    wanted.configuration_digest = "c2";
  }
  EXPECT_THAT(Reasons(), ElementsAre());
  EXPECT_EQ(Order().size(), 3U);
}

// One pass, whatever changes.
TEST_F(PlanTest, ReleaseAndConfigurationTogetherRestartEachServerOnce) {
  for (auto& [id, wanted] : input_.wanted) {
    wanted.configuration_digest = "c2";
  }
  const auto plan = Made();
  ASSERT_EQ(plan.steps.size(), 3U);
  for (const auto& step : plan.steps) {
    EXPECT_TRUE(step.release_changes && step.configuration_changes);
  }
}

}  // namespace
}  // namespace zoowarden::core
