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
  EXPECT_NE(ApprovedPart(run), ApprovedPart(*DecodeRun(older)));
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

}  // namespace
}  // namespace zoowarden::controller
