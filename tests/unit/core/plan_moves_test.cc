#include "core/plan_moves.h"

#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

model::Generation Generation(const std::string& digest, model::Version version) {
  return {.digest = digest, .version = version, .release_sha512 = "r" + version.ToString()};
}

class PlanMovesTest : public ::testing::Test {
 protected:
  PlanMovesTest() {
    plan_ = {.ensemble = "lab",
             .kind = "upgrade",
             .declared = {.version = {3, 8, 4}, .sha512 = "r3.8.4"},
             .release = {.version = {3, 9, 4}, .sha512 = "r3.9.4"},
             .leader = model::ServerId{2},
             .order = {{1}, {3}, {2}},
             .desired = {{"config.settings.tickTime", "2000"},
                         {"config.settings.ssl.keyStore.password", "********"},
                         {"policy.soak", "10000 ms"},
                         {"release.version", "3.9.4"},
                         {"servers.3.host", "zk3"},
                         {"servers.3.settings.maxClientCnxns", "60"}}};
    for (const std::uint32_t id : {1U, 2U, 3U}) {
      plan_.servers.push_back(
          {.id = {id}, .from = Generation("old", {3, 8, 4}), .to = Generation("new", {3, 9, 4})});
    }
    now_ = plan_;
  }

  // Of the only move.
  std::string Reason() {
    const auto moves = FindMoves(plan_, now_);
    EXPECT_EQ(moves.size(), 1U);
    text_ = moves.empty() ? "" : moves.front().text;
    return moves.empty() ? "" : moves.front().reason;
  }

  ApprovedPlan plan_;
  ApprovedPlan now_;
  std::string text_;
};

TEST_F(PlanMovesTest, TheSamePlanHasNotMoved) { EXPECT_TRUE(FindMoves(plan_, now_).empty()); }

TEST_F(PlanMovesTest, AServersGenerationIsNamed) {
  now_.servers[1].from = Generation("other", {3, 9, 4});
  EXPECT_EQ(Reason(), "plan.moved_generation");
  EXPECT_EQ(text_,
            "server 2 had generation old (3.8.4) when the plan was made and has other (3.9.4) now");
}

TEST_F(PlanMovesTest, TheLeaderIsNamed) {
  now_.leader = model::ServerId{3};
  EXPECT_EQ(Reason(), "plan.moved_leader");
  EXPECT_EQ(text_,
            "server 2 led when the plan was made and server 3 leads now, and the leader goes last");
}

TEST_F(PlanMovesTest, AKeyOfTheDesiredStateIsNamedWithBothValues) {
  now_.desired["config.settings.tickTime"] = "3000";
  EXPECT_EQ(Reason(), "plan.moved_desired");
  EXPECT_EQ(text_, "config.settings.tickTime was '2000' when the plan was made and is '3000' now");
  now_ = plan_;
  now_.desired.erase("servers.3.settings.maxClientCnxns");
  EXPECT_EQ(Reason(), "plan.moved_desired");
  EXPECT_EQ(text_,
            "servers.3.settings.maxClientCnxns was '60' when the plan was made and is not set now");
}

TEST_F(PlanMovesTest, AMemberThatMovedIsMembership) {
  now_.desired["servers.3.host"] = "zk9";
  EXPECT_EQ(Reason(), "plan.moved_membership");
  now_ = plan_;
  now_.desired["servers.4.host"] = "zk4";
  EXPECT_EQ(Reason(), "plan.moved_membership");
}

TEST_F(PlanMovesTest, TheReleaseAndItsArchiveAreNamed) {
  now_.desired["release.version"] = "3.9.5";
  EXPECT_EQ(Reason(), "plan.moved_release");
  now_ = plan_;
  now_.declared = {.version = {3, 9, 5}, .sha512 = "r3.9.5"};
  EXPECT_EQ(Reason(), "plan.moved_release");
  EXPECT_EQ(text_, "`release:` of ensemble.yaml was 3.8.4 when the plan was made and is 3.9.5 now");
  now_.declared = {.version = {3, 8, 4}, .sha512 = "another"};
  EXPECT_EQ(Reason(), "plan.moved_release");
}

// What a run that succeeded wrote into ensemble.yaml.
TEST_F(PlanMovesTest, TheReleaseThatThePlanLeadsToIsNoMove) {
  now_.declared = plan_.release;
  EXPECT_TRUE(FindMoves(plan_, now_).empty());
}

TEST_F(PlanMovesTest, ASecretThatMovedIsFoundByTheGenerations) {
  for (auto& server : now_.servers) {
    server.to.digest = "newer";
  }
  EXPECT_EQ(Reason(), "plan.moved_desired");
  EXPECT_NE(text_.find("masked"), std::string::npos);
  EXPECT_NE(text_.find("server 1, 2, 3"), std::string::npos) << text_;
}

TEST_F(PlanMovesTest, StepsThatAnotherProgramWouldOrderOtherwiseAreNotCarriedOut) {
  now_.order = {{3}, {1}, {2}};
  EXPECT_EQ(Reason(), "plan.moved_order");
  now_ = plan_;
  now_.servers.pop_back();
  EXPECT_EQ(Reason(), "plan.moved_order");
}

// The planner says so itself, and better.
TEST_F(PlanMovesTest, AServerThatCannotBeSeenIsNoMove) {
  now_.servers[1].from = {};
  now_.leader.reset();
  now_.order = {{1}, {3}};
  EXPECT_TRUE(FindMoves(plan_, now_).empty());
}

TEST_F(PlanMovesTest, APlanIsCarriedOutWhenEveryServerRunsWhatItLeadsTo) {
  EXPECT_FALSE(IsCarriedOut(plan_, now_));
  for (auto& server : now_.servers) {
    server.from = server.to;
  }
  now_.declared = plan_.release;
  EXPECT_TRUE(IsCarriedOut(plan_, now_));
  now_.desired["policy.soak"] = "20000 ms";
  EXPECT_FALSE(IsCarriedOut(plan_, now_));
}

}  // namespace
}  // namespace zoowarden::core
