#include "controller/run/run_file.h"

#include <gtest/gtest.h>

namespace zoowarden::controller {
namespace {

TEST(RunFileTest, TextThatIsNotUtf8IsStoredAllTheSame) {
  RunFile run{.kind = "upgrade"};
  run.spec.release.version = {3, 9, 4};
  run.state.outcome_text = "check 'smoke' vetoed: caf\xe9 closed";
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->state.outcome_text, "check 'smoke' vetoed: caf\xef\xbf\xbd closed");
}

TEST(RunFileTest, ARecordOfAProgramBeforePlansHadDigestsIsRead) {
  RunFile run{.kind = "apply"};
  run.spec.release.version = {3, 9, 4};
  const auto before = EncodeRun(run);
  EXPECT_EQ(before.find("plan_digest"), std::string::npos);
  const auto read = DecodeRun(before);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->plan_digest, "");
  run.plan_digest = "d1";
  const auto again = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->plan_digest, "d1");
}

TEST(RunFileTest, EditsAndRestartsComeBackAndOlderRecordsHaveNone) {
  RunFile run{.kind = "config set"};
  run.spec.release.version = {3, 9, 4};
  run.spec.servers.push_back({.id = {1}});
  const model::Generation same{.digest = "d", .version = {3, 9, 4}};
  run.state.servers.push_back({.id = {1}, .origin = same, .target = same});
  const auto older = EncodeRun(run);
  EXPECT_EQ(older.find("edits"), std::string::npos);
  EXPECT_EQ(older.find("\"restart\""), std::string::npos);
  ASSERT_TRUE(DecodeRun(older));
  EXPECT_FALSE(DecodeRun(older)->state.servers[0].restart);
  run.edits = {{.server = std::nullopt, .key = "snapCount", .value = "5"},
               {.server = model::ServerId{1}, .key = "tickTime", .value = "9"}};
  run.state.servers[0].restart = true;
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->edits, run.edits);
  EXPECT_TRUE(read->state.servers[0].restart);
  EXPECT_NE(ApprovedPart(*read), ApprovedPart(*DecodeRun(older)));
}

// Programs before `repair` wrote no such key; who is not repaired may not have been seen at all.
TEST(RunFileTest, WhoIsRepairedIsStoredAndSaidOfTheRun) {
  RunFile run{.kind = "apply"};
  run.spec.name = "lab";
  run.spec.servers.push_back({.id = {1}});
  run.state.servers.push_back({.id = {1}, .origin = {}, .target = {}});
  const auto older = EncodeRun(run);
  EXPECT_EQ(older.find("\"repair\""), std::string::npos);
  ASSERT_TRUE(DecodeRun(older));
  EXPECT_FALSE(core::IsRepair(DecodeRun(older)->state));
  run.kind = "repair";
  run.state.servers[0].repair = true;
  run.state.servers.push_back({.id = {9}, .origin = {}, .target = {}});
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(read->state.servers[0].repair);
  EXPECT_EQ(read->state.servers.back().origin.digest, "");
  EXPECT_EQ(DescribeRun(*read), "repair of server 1 of ensemble lab");
  EXPECT_EQ(DescribeVerb(*read), "repair of server 1");
  EXPECT_NE(ApprovedPart(run), ApprovedPart(*DecodeRun(older)));
}

// Actual: "config set of ensemble lab to 3.9.4", where nobody goes to 3.9.4.
TEST(RunFileTest, ARunIsSaidToLeadToAReleaseOnlyWhereItDoes) {
  RunFile run{.kind = "config set"};
  run.spec.name = "lab";
  run.spec.release.version = {3, 9, 4};
  const model::Generation now{.digest = "a", .version = {3, 9, 4}};
  run.state.servers.push_back({.id = {1}, .origin = now, .target = now});
  for (const auto* kind : {"config set", "config apply", "restart", "apply"}) {
    run.kind = kind;
    EXPECT_EQ(DescribeVerb(run), std::string(kind) + " on 3.9.4");
  }
  EXPECT_EQ(DescribeRun(run), "apply of ensemble lab on 3.9.4");
  run.kind = "upgrade";
  EXPECT_EQ(DescribeVerb(run), "upgrade to 3.9.4");
  run.kind = "apply";
  run.state.servers[0].origin.version = {3, 8, 4};
  EXPECT_EQ(DescribeRun(run), "apply of ensemble lab to 3.9.4");
  run.state.settlement = core::Settlement{.server = {1}};
  run.kind = "server confirm";
  EXPECT_EQ(DescribeVerb(run), "server confirm 1");
}

// Programs before wrote no such key and said that nothing was touched.
TEST(RunFileTest, WhatWasSettledIsStoredAndIsNoPartOfWhatIsApproved) {
  RunFile run{.kind = "repair"};
  run.spec.servers.push_back({.id = {1}});
  run.state.servers.push_back({.id = {1}, .origin = {}, .target = {}});
  const auto older = EncodeRun(run);
  EXPECT_EQ(older.find("settled"), std::string::npos);
  ASSERT_TRUE(DecodeRun(older));
  EXPECT_EQ(DecodeRun(older)->state.servers[0].settled, "");
  run.state.servers[0].settled = "close r-1-2";
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->state.servers[0].settled, "close r-1-2");
  EXPECT_EQ(ApprovedPart(*read), ApprovedPart(*DecodeRun(older)));
}

TEST(RunFileTest, ThatASecondPersonApprovesIsInTheRecordAndOlderRecordsDoNotTell) {
  RunFile run{.kind = "apply"};
  run.spec.release.version = {3, 9, 4};
  EXPECT_EQ(EncodeRun(run).find("approval"), std::string::npos);
  EXPECT_FALSE(DecodeRun(EncodeRun(run))->approval_required);
  run.approval_required = true;
  EXPECT_TRUE(DecodeRun(EncodeRun(run))->approval_required);
}

// An agent may be in other hands, and the name becomes a path here.
TEST(RunFileTest, ATemplateWhoseNameIsAPathIsRefused) {
  RunFile run{.kind = "apply"};
  run.spec.release.version = {3, 9, 4};
  run.spec.config.files = {{.name = "jaas.conf", .content = "text"}};
  EXPECT_TRUE(DecodeRun(EncodeRun(run)));
  for (const char* name : {"../x", "/x", "a/b", ".bashrc", "..", "", "a b"}) {
    run.spec.config.files.front().name = name;
    const auto read = DecodeRun(EncodeRun(run));
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().reason(), "run.damaged");
    EXPECT_NE(read.error().message().find("plain file name"), std::string::npos);
  }
}

TEST(RunFileTest, WhatTheFileSaidComesBackAndOlderRecordsDoNotTell) {
  RunFile run{.kind = "config set"};
  run.spec.release.version = {3, 9, 4};
  EXPECT_EQ(EncodeRun(run).find("file_before"), std::string::npos);
  EXPECT_EQ(DecodeRun(EncodeRun(run))->file_before, std::nullopt);
  run.file_before = FileValues{"2000", std::nullopt};
  EXPECT_EQ(DecodeRun(EncodeRun(run))->file_before, run.file_before);
}

TEST(RunFileTest, WhoApprovedIsInTheRecordAndOlderRecordsHaveNobody) {
  RunFile run{.kind = "apply"};
  run.spec.release.version = {3, 9, 4};
  EXPECT_EQ(EncodeRun(run).find("approval"), std::string::npos);
  EXPECT_EQ(DecodeRun(EncodeRun(run))->approval, std::nullopt);
  run.approval =
      RunApproval{.approver = "zoowarden://lab/approver", .serial = "ab", .approved_ms = 5};
  EXPECT_EQ(DecodeRun(EncodeRun(run))->approval, run.approval);
}

TEST(RunFileTest, WhatClientsFeltAndMayFeelComesBackAndOlderRecordsHaveNone) {
  RunFile run{.kind = "apply"};
  run.spec.release.version = {3, 9, 4};
  const auto unmeasured = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(unmeasured);
  EXPECT_EQ(unmeasured->spec.policy.client_impact, std::nullopt);
  EXPECT_EQ(unmeasured->state.impact, core::RunImpact{});
  auto older = EncodeRun(run);
  const auto at = older.find("\"impact\":");
  ASSERT_NE(at, std::string::npos);
  older.replace(at, 9, "\"nothing\":");  // of a program that did not know it
  ASSERT_TRUE(DecodeRun(older)) << DecodeRun(older).error().message();
  EXPECT_EQ(DecodeRun(older)->state.impact, core::RunImpact{});
  run.spec.policy.client_impact = {.max_write_gap = std::chrono::milliseconds(3'000),
                                   .then = model::OverBudget::kRollback};
  run.state.impact = {.writes = 400,
                      .longest = {.lasted = std::chrono::milliseconds(412), .server = {{3}}},
                      .counted = {.lasted = std::chrono::milliseconds(7)},
                      .unmeasured = std::chrono::milliseconds(90),
                      .controllers = 2,
                      .before = {{{1}, 5}, {{2}, std::nullopt}},
                      .after = {{{1}, 0}}};
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->spec.policy, run.spec.policy);
  EXPECT_EQ(read->state.policy, run.spec.policy);
  EXPECT_EQ(read->state.impact, run.state.impact);
  EXPECT_NE(ApprovedPart(*read), ApprovedPart(*unmeasured));
}

TEST(RunFileTest, HooksAndWhomTheRunHasToldComeBackAndOlderRecordsHaveNone) {
  RunFile run{.kind = "apply"};
  run.spec.release.version = {3, 9, 4};
  EXPECT_EQ(EncodeRun(run).find("hooks"), std::string::npos);
  EXPECT_TRUE(DecodeRun(EncodeRun(run))->state.hooks.patience.empty());
  run.spec.hooks = {{.name = "drain",
                     .when = model::HookPoint::kBeforeStep,
                     .command = {"/drain", "x"},
                     .timeout = std::chrono::milliseconds(5'000)}};
  run.state.hooks.passed = core::HookCall{.when = model::HookPoint::kBeforeStep, .server = {2}};
  run.state.hooks.owed = {
      {.when = model::HookPoint::kAfterStep, .server = {1}, .back = true, .failed = true}};
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->spec.hooks, run.spec.hooks);
  EXPECT_EQ(read->state.hooks.passed, run.state.hooks.passed);
  EXPECT_EQ(read->state.hooks.owed, run.state.hooks.owed);
  EXPECT_EQ(read->state.hooks.patience.at(model::HookPoint::kBeforeStep),
            std::chrono::milliseconds(5'000));
  run.state.settlement = core::Settlement{.server = {1}};
  EXPECT_TRUE(DecodeRun(EncodeRun(run))->state.hooks.patience.empty()) << "settling tells nobody";
}

// Programs before wrote none of these keys.
TEST(RunFileTest, InWhichLifeOfTheRunACallWasOwedComesBackAndOlderRecordsDoNotTell) {
  RunFile run{.kind = "apply"};
  run.state.hooks.owed = {{.when = model::HookPoint::kAfterRun}};
  const auto older = EncodeRun(run);
  EXPECT_EQ(older.find("opened"), std::string::npos);
  EXPECT_EQ(older.find("\"outcome\":\"\""), std::string::npos);
  ASSERT_TRUE(DecodeRun(older));
  EXPECT_EQ(DecodeRun(older)->state.hooks.owed, run.state.hooks.owed);
  EXPECT_EQ(DecodeRun(older)->state.hooks.opened, 0);
  run.state.hooks.owed.front().opened = 1;
  run.state.hooks.owed.front().outcome = "halted";
  run.state.hooks.owed.front().outcome_text = "server 3 died";
  run.state.hooks.opened = 2;
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->state.hooks.owed, run.state.hooks.owed);
  EXPECT_EQ(read->state.hooks.opened, 2);
  run.state.hooks.owed.clear();
  EXPECT_EQ(DecodeRun(EncodeRun(run))->state.hooks.opened, 2);
}

}  // namespace
}  // namespace zoowarden::controller
