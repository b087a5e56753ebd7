#include "controller/cli/approval.h"

#include "controller/cli/plan_file.h"
#include "controller/run/prepare.h"
#include "pki/authority.h"
#include "pki/revocation.h"
#include "tests/unit/controller/cli/fake_world.h"

namespace zoowarden::controller {
namespace {

// An ensemble that wants approvals, its CA, an operator (the default --pki) and an approver.
class ApprovalTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    Write("ensemble.yaml", std::string(kEnsembleText) + "policy: {approval: required}\n");
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    ASSERT_TRUE(loaded);
    for (auto& seen : words_.seen) {
      seen.current->release_sha512 = loaded->spec.release.sha512;
    }
    ASSERT_TRUE(pki::InitCa(Path("ca"), "lab", manual_clock_));
    Issue("pki", pki::Role::kOperator);
    Issue("approver", pki::Role::kApprover);
    MakePlan("plan.json");
  }

  void Issue(const std::string& out, pki::Role role, pki::Days lifetime = pki::Days(365)) {
    const auto issued = pki::Issue({.ca_directory = Path("ca"),
                                    .out_directory = Path(out),
                                    .role = role,
                                    .lifetime = lifetime},
                                   manual_clock_);
    ASSERT_TRUE(issued) << issued.error().message();
  }
  void MakePlan(const std::string& name) {
    const auto planned = Run({"plan", "-o", "json"});
    ASSERT_EQ(planned.code, 0) << planned.err;
    Write(name, planned.out);
  }
  Outcome Approve(const std::string& who = "approver") {
    return Run({"approve", Path("plan.json"), "--pki", Path(who), "--yes"});
  }
  // The error's reason; "" = a run would begin.
  std::string Refused() {
    const auto outcome = Run({"apply", Path("plan.json"), "--yes", "-o", "json"});
    const auto document = Document::FromJson(outcome.out);
    const auto reason =
        document ? std::get<std::string>(document->Find("error")->Find("reason")->value()) : "?";
    return reason == "lease.denied" ? "" : reason;
  }
  // A run of the plan in plan.json, as an agent has it.
  Answer<std::vector<RunRecord>> BegunWithThePlan(core::RunOutcome outcome) {
    RunFile run{.kind = "apply", .plan_digest = ReadPlanFile(Path("plan.json"))->digest};
    run.spec = config::LoadEnsembleFile(Path("ensemble.yaml"))->spec;
    run.state.run_id = "r-1";
    run.state.phase = core::RunPhase::kEnded;
    run.state.outcome = outcome;
    return {{1}, std::vector<RunRecord>{{.run_id = "r-1", .state_json = EncodeRun(run)}}};
  }
  std::string Text(const std::string& name) { return *sys::ReadFile(Path(name), 1U << 20U); }
};

TEST_F(ApprovalTest, APlanThatAnApproverSignedIsCarriedOut) {
  EXPECT_EQ(Refused(), "approval.missing");
  const auto approved = Approve();
  EXPECT_EQ(approved.code, 0) << approved.err;
  EXPECT_NE(approved.out.find("restart server 1: 3.9.4 -> 3.9.4, generation aaaabbbbccccdddd -> "),
            std::string::npos)
      << approved.out;
  EXPECT_NE(approved.out.find("  config.settings.tickTime: 2000\n"), std::string::npos);
  EXPECT_EQ(Refused(), "");
}

TEST_F(ApprovalTest, WithoutAPlanFileNothingRolls) {
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"apply", "--yes"}, {"config", "apply", "--yes"}, {"config", "set", "a=b", "--yes"}}) {
    const auto outcome = Run(line);
    EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kRefused)) << outcome.err;
    EXPECT_NE(outcome.err.find("approval: required"), std::string::npos) << outcome.err;
  }
}

TEST_F(ApprovalTest, ARestartIsPlannedAndApprovedToo) {
  const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
  ASSERT_TRUE(loaded);
  for (auto& seen : words_.seen) {
    seen.current = WantedGenerations(loaded->spec).at(seen.id);
    seen.settings = model::SettingsOf(loaded->spec, *model::FindServer(loaded->spec, seen.id));
  }
  const auto refused = Run({"restart", "--yes"});
  EXPECT_EQ(refused.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_NE(refused.err.find("--restart for a restart"), std::string::npos) << refused.err;
  const auto planned = Run({"plan", "--restart", "--server", "3", "-o", "json"});
  ASSERT_EQ(planned.code, 0) << planned.err;
  Write("plan.json", planned.out);
  ASSERT_EQ(Approve().code, 0);
  EXPECT_EQ(Refused(), "");
  RunFile done{.kind = "restart", .plan_digest = ReadPlanFile(Path("plan.json"))->digest};
  done.spec = loaded->spec;
  done.state.run_id = "r-1";
  done.state.phase = core::RunPhase::kEnded;
  done.state.outcome = core::RunOutcome::kSucceeded;
  words_.records.push_back(
      {{1}, std::vector<RunRecord>{{.run_id = "r-1", .state_json = EncodeRun(done)}}});
  EXPECT_EQ(Refused(), "plan.carried_out");
  // A new plan of the same world is another plan, which is approved for itself.
  random_ = 0x4a0bU;
  const auto again = Run({"plan", "--restart", "--server", "3", "-o", "json"});
  ASSERT_EQ(again.code, 0) << again.err;
  Write("plan.json", again.out);
  EXPECT_EQ(Refused(), "approval.other_plan");
  ASSERT_EQ(Approve().code, 0);
  EXPECT_EQ(Refused(), "");
  EXPECT_EQ(Run({"plan", "--server", "3"}).code, 2);
  EXPECT_EQ(Run({"plan", "--restart", "--to", "3.9.4"}).code, 2);
}

// Whatever became of it: when the world has come back to where the plan was made, the plan would
// fit again, and its approval with it.
TEST_F(ApprovalTest, AnApprovalIsUsedUpByTheFirstRun) {
  using core::RunOutcome;
  ASSERT_EQ(Approve().code, 0);
  EXPECT_EQ(Refused(), "");
  for (const auto outcome : {RunOutcome::kSucceeded,
                             RunOutcome::kRolledBack,
                             RunOutcome::kHalted,
                             RunOutcome::kStuck,
                             RunOutcome::kRefused}) {
    words_.records = {BegunWithThePlan(outcome)};
    EXPECT_EQ(Refused(), "plan.carried_out") << core::RunOutcomeName(outcome);
    EXPECT_EQ(Run({"apply", Path("plan.json"), "--yes", "--retry"}).code,
              static_cast<int>(ExitCode::kRefused));
  }
  words_.records.clear();
  EXPECT_EQ(Refused(), "");
}

// Its own run has moved what it was of: the leader went last, and each server has another
// generation.
TEST_F(ApprovalTest, WhatACarriedOutPlanItselfHasMovedIsNotWhatIsSaid) {
  ASSERT_EQ(Approve().code, 0);
  words_.records = {BegunWithThePlan(core::RunOutcome::kSucceeded)};
  std::swap(words_.seen[0].mode, words_.seen[1].mode);
  EXPECT_EQ(Refused(), "plan.carried_out");
  words_.records.clear();
  EXPECT_EQ(Refused(), "plan.moved_leader");
}

// One agent may be in other hands: its copy says that the run was another one's, and newer.
TEST_F(ApprovalTest, OneAgentDoesNotMakeAnApprovalUsableTwice) {
  ASSERT_EQ(Approve().code, 0);
  const auto begun = BegunWithThePlan(core::RunOutcome::kSucceeded);
  auto forged = begun;
  auto& record = forged.result->front();
  auto run = *DecodeRun(record.state_json);
  run.plan_digest = "x";
  record.state_json = EncodeRun(run);
  record.epoch = 1ULL << 60U;
  for (std::uint32_t liar = 1; liar <= 3; ++liar) {
    words_.records.clear();
    for (std::uint32_t server = 1; server <= 3; ++server) {
      words_.records.push_back(server == liar ? forged : begun);
      words_.records.back().server = {server};
    }
    EXPECT_EQ(Refused(), "plan.carried_out") << liar;
  }
}

TEST_F(ApprovalTest, AnApprovalIsGoodForAWeek) {
  ASSERT_EQ(Approve().code, 0);
  manual_clock_.Advance(std::chrono::hours(7 * 24) - std::chrono::minutes(1));
  EXPECT_EQ(Refused(), "");
  manual_clock_.Advance(std::chrono::minutes(2));
  EXPECT_EQ(Refused(), "approval.too_old");
  ASSERT_EQ(Approve().code, 0);
  EXPECT_EQ(Refused(), "");
}

// By a clock that is ahead it would be good for longer.
TEST_F(ApprovalTest, AnApprovalOfTomorrowIsRefused) {
  manual_clock_.Advance(std::chrono::minutes(30));
  ASSERT_EQ(Approve().code, 0);
  manual_clock_.JumpWall(-std::chrono::minutes(9));
  EXPECT_EQ(Refused(), "");
  manual_clock_.JumpWall(-std::chrono::minutes(2));
  EXPECT_EQ(Refused(), "approval.not_yet");
}

TEST_F(ApprovalTest, OnlyAnApproversCertificateSigns) {
  for (const auto role : {pki::Role::kOperator, pki::Role::kPlanner, pki::Role::kViewer}) {
    const std::string who = "of " + std::string(pki::RoleName(role));
    Issue(who, role);
    const auto outcome = Approve(who);
    EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kDenied)) << who << outcome.err;
  }
  EXPECT_EQ(Refused(), "approval.missing");
}

// What the command does not do, somebody may still do by hand.
TEST_F(ApprovalTest, AnOperatorsOwnSignatureIsRefused) {
  ASSERT_EQ(Approve().code, 0);
  auto approval = ParseApproval(Text("plan.json.approval"), "a");
  ASSERT_TRUE(approval);
  const auto forged =
      pki::SignText({.certificate_pem = Text("pki/cert.pem"), .key_pem = Text("pki/key.pem")},
                    TextToSign(*approval));
  ASSERT_TRUE(forged);
  approval->signed_text = *forged;
  Write("plan.json.approval", EncodeApproval(*approval));
  EXPECT_EQ(Refused(), "pki.wrong_role");
}

TEST_F(ApprovalTest, AnApproverWhoseKeyCarriesThePlanOutIsRefused) {
  ASSERT_EQ(Approve().code, 0);
  environment_["ZOOWARDEN_PKI"] = Path("approver");  // and whatever certificate speaks
  EXPECT_EQ(Refused(), "approval.same_key");
}

TEST_F(ApprovalTest, AnotherPlansApprovalIsRefused) {
  ASSERT_EQ(Approve().code, 0);
  const auto approval = Text("plan.json.approval");
  words_.seen[0].current->digest = "0123456789abcdef";
  MakePlan("plan.json");
  EXPECT_EQ(Refused(), "approval.other_plan");
  // Nor does it help to write the digest into it.
  auto parsed = ParseApproval(approval, "a");
  ASSERT_TRUE(parsed);
  parsed->plan_digest = ReadPlanFile(Path("plan.json"))->digest;
  Write("plan.json.approval", EncodeApproval(*parsed));
  EXPECT_EQ(Refused(), "pki.wrong_signature");
}

TEST_F(ApprovalTest, AnotherEnsemblesApproverIsRefused) {
  ASSERT_TRUE(pki::InitCa(Path("ca of payments"), "payments", manual_clock_));
  ASSERT_TRUE(pki::Issue({.ca_directory = Path("ca of payments"),
                          .out_directory = Path("stranger"),
                          .role = pki::Role::kApprover},
                         manual_clock_));
  EXPECT_EQ(Approve("stranger").code, static_cast<int>(ExitCode::kDenied));
  ApprovalFile approval{
      .ensemble = "lab", .plan_digest = ReadPlanFile(Path("plan.json"))->digest, .approved_ms = 1};
  approval.signed_text = *pki::SignText(
      {.certificate_pem = Text("stranger/cert.pem"), .key_pem = Text("stranger/key.pem")},
      TextToSign(approval));
  Write("plan.json.approval", EncodeApproval(approval));
  EXPECT_EQ(Refused(), "pki.wrong_ca");
}

TEST_F(ApprovalTest, AnExpiredOrRevokedApproverIsRefused) {
  Issue("short", pki::Role::kApprover, pki::Days(1));
  ASSERT_EQ(Approve("short").code, 0);
  EXPECT_EQ(Refused(), "");
  manual_clock_.Advance(std::chrono::hours(25));
  EXPECT_EQ(Refused(), "pki.expired");
  ASSERT_EQ(Approve().code, 0);
  EXPECT_EQ(Refused(), "");
  ASSERT_TRUE(pki::Revoke(Path("ca"), Path("approver/cert.pem"), manual_clock_));
  ASSERT_TRUE(pki::WriteCrl({.ca_directory = Path("ca"), .out = Path("crl.pem")}, manual_clock_));
  environment_["ZOOWARDEN_CRL"] = Path("crl.pem");
  EXPECT_EQ(Refused(), "pki.revoked");
}

TEST_F(ApprovalTest, ADamagedOrNewerApprovalIsNamed) {
  ASSERT_EQ(Approve().code, 0);
  const auto good = Text("plan.json.approval");
  for (const auto& text :
       {std::string(), std::string("[]"), std::string("{}"), good.substr(0, good.size() / 2)}) {
    Write("plan.json.approval", text);
    EXPECT_EQ(Refused(), "approval.damaged") << text;
  }
  auto newer = good;
  newer.replace(newer.find("\"schema_version\": 1"), 19, "\"schema_version\": 2");
  Write("plan.json.approval", newer);
  EXPECT_EQ(Refused(), "approval.newer");
}

// Who can write the file could else have the approver look at something that is not true.
TEST_F(ApprovalTest, APlanThatShowsWhatIsNotTrueIsRefusedThoughApproved) {
  auto document = *Document::FromJson(Text("plan.json"));
  document.Set("warnings", Document::List());
  document.Set("way_back", "there is always one");
  document.Set("digest", PlanDigest(document));
  Write("plan.json", document.ToJson());
  ASSERT_EQ(Approve().code, 0);
  EXPECT_EQ(Refused(), "plan.shows_other");
}

TEST_F(ApprovalTest, TakingThePolicyOutOfTheFileIsAMove) {
  Write("ensemble.yaml", kEnsembleText);
  EXPECT_EQ(Refused(), "plan.moved_desired");
  Write("ensemble.yaml", std::string(kEnsembleText) + "policy: {approval: maybe}\n");
  EXPECT_EQ(Run({"plan"}).code, 2);
}

}  // namespace
}  // namespace zoowarden::controller
