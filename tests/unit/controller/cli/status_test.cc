#include "controller/cli/status_view.h"
#include "tests/unit/controller/cli/as_desired.h"

namespace zoowarden::controller {
namespace {

// The names of generations are short ones that the tests can spell.
class StatusTest : public AsDesiredTest {
 protected:
  void SetUp() override {
    AsDesiredTest::SetUp();
    for (auto& seen : words_.seen) {
      seen.current->digest = "aaaabbbbccccdddd";
    }
  }
};

TEST_F(StatusTest, AHealthyEnsembleIsATableAndExitsZero) {
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "ensemble lab: healthy, server 2 leads\n\n"
            "ID  HOST        ROLE      STATE    VERSION  ZXID         PID   GENERATION        "
            "OPERATION\n"
            "1   127.0.11.1  follower  serving  3.9.4    0x100000005  4001  aaaabbbbccccdddd  -\n"
            "2   127.0.11.2  leader    serving  3.9.4    0x100000005  4002  aaaabbbbccccdddd  -\n"
            "3   127.0.11.3  follower  serving  3.9.4    0x100000005  4003  aaaabbbbccccdddd  -\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(StatusTest, JsonHasTheDocumentedShape) {
  words_.seen[2].process.reset();
  words_.seen[2].mode = model::Mode::kUnknown;
  words_.seen[2].version.reset();
  words_.seen[2].own_zxid.reset();
  words_.seen[2].current.reset();
  words_.seen[2].operation = {.operation_id = "r-1/3",
                              .run_id = "r-1",
                              .state = model::OperationState::kVerifying,
                              .from_generation = "aaaa",
                              .to_generation = "bbbb"};
  words_.seen.erase(words_.seen.begin());
  std::string text = kEnsembleText;
  text.erase(text.find("  - {id: 1"), text.find("  - {id: 2") - text.find("  - {id: 1"));
  Write("ensemble.yaml", text);
  const auto outcome = Run({"status", "-o", "json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, R"({
  "schema_version": 1,
  "ensemble": "lab",
  "healthy": false,
  "leader": 2,
  "members": [
    {
      "id": 2,
      "host": "127.0.11.2",
      "agent": "127.0.11.2:17443",
      "declared_role": "participant",
      "role": "leader",
      "version": "3.9.4",
      "zxid": "0x100000005",
      "durable_zxid": null,
      "pid": 4002,
      "state": "serving",
      "generation": "aaaabbbbccccdddd",
      "configuration_differs": false,
      "operation": null,
      "agent_version": null,
      "certificate": null,
      "problem": null
    },
    {
      "id": 3,
      "host": "127.0.11.3",
      "agent": "127.0.11.3:17443",
      "declared_role": "participant",
      "role": null,
      "version": null,
      "zxid": null,
      "durable_zxid": null,
      "pid": null,
      "state": "down",
      "generation": null,
      "configuration_differs": null,
      "operation": {
        "id": "r-1/3",
        "run": "r-1",
        "state": "verifying",
        "from": "aaaa",
        "to": "bbbb",
        "failure": null,
        "failure_reason": null
      },
      "agent_version": null,
      "certificate": null,
      "problem": null
    }
  ],
  "problems": [
    "server 3 is down"
  ],
  "warnings": [],
  "certificates_ending": [],
  "open_runs": [],
  "lease": null
}
)");
}

TEST_F(StatusTest, AnUnreachableAgentIsSaidAndTheOthersAreShown) {
  words_.seen[0] = {};
  words_.seen[0].id = {1};
  words_.seen[0].problem = "server 1 (agent 127.0.11.1:17443): \x1b[31mconnection refused";
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("unreachable"), std::string::npos);
  EXPECT_NE(outcome.out.find("problem: server 1: its agent does not answer"), std::string::npos);
  EXPECT_NE(outcome.out.find("server 2 leads"), std::string::npos);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
}

TEST_F(StatusTest, ACertificateThatNoAgentTakesIsDeniedAndNoTrouble) {
  for (auto& seen : words_.seen) {
    const auto id = seen.id;
    seen = {};
    seen.id = id;
    seen.problem = "certificate 4a has been revoked";
    words_.leases.push_back(
        {id, base::Fail(base::ErrorCode::kUnauthenticated, "pki.revoked", seen.problem)});
  }
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kDenied));
  EXPECT_NE(outcome.out.find("its agent is not for this certificate: certificate 4a"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(outcome.out.find("does not answer"), std::string::npos);
  EXPECT_EQ(outcome.out.find("no server says that it leads"), std::string::npos);
}

TEST_F(StatusTest, WhoLeadsIsOnlyMissedWhenAllAnswered) {
  words_.seen[1].answered = false;
  EXPECT_EQ(Run({"status"}).out.find("no server says"), std::string::npos);
  words_.seen[1].answered = true;
  words_.seen[1].mode = model::Mode::kFollower;
  EXPECT_NE(Run({"status"}).out.find("no server says that it leads"), std::string::npos);
}

TEST_F(StatusTest, AMisspeltEnsembleIsSaidWhereItStandsBeforeAnyAgentIsAsked) {
  own_ensemble_ = "laboratory";
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kUsage));
  EXPECT_NE(outcome.err.find("ensemble.yaml:1:11: ensemble is 'lab', but the certificate in " +
                             Path("pki") + " is of ensemble 'laboratory'"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(Run({"apply", "--yes"}).code, static_cast<int>(ExitCode::kUsage));
}

TEST_F(StatusTest, AStandaloneMemberIsAnAlarm) {
  words_.seen[2].mode = model::Mode::kStandalone;
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("server 3 serves STANDALONE"), std::string::npos);
}

TEST_F(StatusTest, TwoLeadersAreNoLeader) {
  words_.seen[0].mode = model::Mode::kLeader;
  const auto outcome = Run({"status", "-o", "json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("\"leader\": null"), std::string::npos);
  EXPECT_NE(outcome.out.find("more than one server says that it leads: 1, 2"), std::string::npos);
}

TEST_F(StatusTest, AnotherVersionThanDeclaredIsAWarningOnly) {
  words_.seen[0].version = model::Version{3, 8, 4};
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("warning: server 1 runs 3.8.4, ensemble.yaml says 3.9.4"),
            std::string::npos);
}

TEST_F(StatusTest, AnotherConfigurationThanDeclaredIsAWarningOfEachServer) {
  std::string text = kEnsembleText;
  Write("ensemble.yaml", text.replace(text.find("tickTime: 2000"), 14, "tickTime: 2500"));
  words_.seen[1].answered = false;
  words_.seen[1].current.reset();
  const auto outcome = Run({"status"});
  const std::string differs =
      ": its configuration differs from ensemble.yaml; `zoowarden plan` shows how";
  EXPECT_NE(outcome.out.find("warning: server 1" + differs), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("server 2" + differs), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("warning: server 3" + differs), std::string::npos) << outcome.out;
}

TEST_F(StatusTest, AnotherConfigurationIsNoProblem) {
  words_.seen[0].current->configuration_digest = "f00d";
  const auto outcome = Run({"status", "-o", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_NE(outcome.out.find("\"healthy\": true"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\"configuration_differs\": true"), std::string::npos) << outcome.out;
}

TEST_F(StatusTest, WhatPluginsWouldSayIsNotAsked) {
  words_.seen[0].current->configuration_digest = "f00d";
  std::string text = kEnsembleText;
  Write("ensemble.yaml",
        text.replace(text.find("settings: {"), 0, "plugins: [{use: file, path: x.yaml}]\n  "));
  const auto outcome = Run({"status", "-o", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(outcome.out.find("its configuration differs"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\"configuration_differs\": null"), std::string::npos) << outcome.out;
}

TEST_F(StatusTest, WhatAnAgentSaysOfAMemberThatServesIsAWarning) {
  words_.seen[0].problem = "begins no new operation: /x belongs to nobody";
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("warning: server 1: its agent says: begins no new operation: /x "),
            std::string::npos)
      << outcome.out;
}

TEST_F(StatusTest, ACertificateThatEndsSoonIsAWarningAndAField) {
  words_.seen[0].certificate = {
      .serial = "4a", .not_after = 1'700'000'000 + 86'400, .ca_not_after = 1'900'000'000};
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("warning: the certificate of agent 1 ends at 2023-11-15T22:13:20Z"),
            std::string::npos)
      << outcome.out;
  const auto json = Run({"status", "-o", "json"}).out;
  EXPECT_NE(json.find("\"holder\": \"agent 1\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"ca_not_after\": \"2030-03-17T17:46:40Z\""), std::string::npos) << json;
}

TEST_F(StatusTest, TheHolderOfTheLeaseIsNamed) {
  words_.leases.push_back({{1},
                           Lease{.epoch = {7},
                                 .holder = "zoowarden://lab/operator on ctl1",
                                 .run_id = "r-7",
                                 .left = std::chrono::milliseconds(900)}});
  EXPECT_NE(Run({"status"}).out.find("held by zoowarden://lab/operator on ctl1, run r-7"),
            std::string::npos);
}

TEST_F(StatusTest, WithoutACertificateItSaysHowToGetOne) {
  connect_error_ = "no certificate";
  const auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kUsage));
  EXPECT_NE(outcome.err.find("next: make one with `zoowarden pki issue --role operator`"),
            std::string::npos);
}

TEST(MemberStateTest, EachSightHasItsWord) {
  auto seen = Serving(1, model::Mode::kObserver);
  EXPECT_EQ(MemberState(seen), "serving");
  seen.mode = model::Mode::kNotServing;
  EXPECT_EQ(MemberState(seen), "not_serving");
  seen.mode = model::Mode::kReadOnly;
  EXPECT_EQ(MemberState(seen), "read_only");
  seen.mode = model::Mode::kUnknown;
  EXPECT_EQ(MemberState(seen), "unknown");
  seen.process.reset();
  EXPECT_EQ(MemberState(seen), "down");
  // Where processes cannot be seen, an absent one proves nothing.
  seen.processes_visible = false;
  EXPECT_EQ(MemberState(seen), "unknown");
  seen.answered = false;
  EXPECT_EQ(MemberState(seen), "unreachable");
}

}  // namespace
}  // namespace zoowarden::controller
