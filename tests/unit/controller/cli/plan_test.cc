#include "controller/cli/run_records.h"
#include "controller/run/prepare.h"
#include "sys/digest.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <filesystem>

namespace zoowarden::controller {
namespace {

// An ensemble on 3.8.4 whose ensemble.yaml asks for 3.9.4; server 2 leads.
class PlanTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    auto& members = words_.seen;
    for (auto& seen : members) {
      seen.version = model::Version{3, 8, 4};
      seen.current = model::Generation{
          .digest = "0ld0ld0ld0ld0ld0", .version = {3, 8, 4}, .configuration_digest = "cc"};
      seen.process->generation = seen.current->digest;
      seen.settings = {{"initLimit", "10"}, {"syncLimit", "5"}, {"tickTime", "3000"}};
    }
  }

  // Every server runs exactly what ensemble.yaml asks for.
  void EverythingIsDone() {
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    ASSERT_TRUE(loaded);
    const auto wanted = WantedGenerations(loaded->spec);
    for (auto& seen : words_.seen) {
      seen.version = model::Version{3, 9, 4};
      seen.current = wanted.at(seen.id);
      seen.process->generation = seen.current->digest;
    }
  }
};

TEST_F(PlanTest, ACheckThatCannotRunIsRefusedBeforeAnythingIsTouched) {
  Write("ensemble.yaml",
        std::string(kEnsembleText) + "checks: [{name: smoke, command: [./smoke.sh]}]\n");
  const auto missing = Run({"apply", "--yes"});
  EXPECT_EQ(missing.code, static_cast<int>(ExitCode::kUsage));
  EXPECT_NE(missing.err.find("check 'smoke' of ensemble.yaml cannot be run: " + Path("smoke.sh") +
                             " is no file"),
            std::string::npos)
      << missing.err;
  Write("smoke.sh", "#!/bin/sh\n");
  EXPECT_EQ(Run({"plan"}).code, static_cast<int>(ExitCode::kUsage));
  std::filesystem::permissions(Path("smoke.sh"), std::filesystem::perms::owner_all);
  EXPECT_EQ(Run({"plan"}).err.find("cannot be run"), std::string::npos);
}

// Of a run that somebody must end first, whatever the plan comes to.
TEST_F(PlanTest, ARunThatIsOpenIsNamedWithWhatToDo) {
  RunFile open{.kind = "upgrade", .holder = "zoowarden://lab/operator"};
  open.spec.name = "lab";
  open.spec.release.version = {3, 9, 4};
  open.state.run_id = "r-1";
  open.state.phase = core::RunPhase::kRolling;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    words_.records.push_back(
        {{id},
         std::vector<RunRecord>{
             {.run_id = "r-1", .ensemble = "lab", .epoch = 3, .state_json = EncodeRun(open)}}});
  }
  constexpr const char* kSaid =
      "run r-1 (upgrade to 3.9.4) was interrupted; `zoowarden resume` goes on with it";
  const auto planned = Run({"plan"});
  EXPECT_EQ(planned.code, 0);
  EXPECT_NE(planned.err.find(kSaid), std::string::npos) << planned.err;
  EXPECT_NE(Run({"plan", "-o", "json"}).out.find("\"open_run\": \"r-1\""), std::string::npos);
  words_.seen[0].answered = false;  // and what is refused is not all that is said
  for (const char* command : {"plan", "apply"}) {
    const auto refused = Run({command, "--allow-outage"});
    EXPECT_EQ(refused.code, static_cast<int>(ExitCode::kRefused)) << command;
    EXPECT_NE(refused.err.find(kSaid), std::string::npos) << command << refused.err;
  }
}

TEST_F(PlanTest, TextShowsOrderReasonsArithmeticDiffGatesAndTheWayBack) {
  const auto outcome = Run({"plan"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(
      outcome.out.substr(0, outcome.out.find("gates:")),
      "apply of ensemble lab to 3.9.4: 3 of 3 servers to restart, server 2 leads now\n"
      "\n"
      "  1. restart server 1: 3.8.4 -> 3.9.4, new configuration\n"
      "       follower: goes before the leader\n"
      "       if server 1 stops, 2 of 3 voters remain, quorum 2, spare 0\n"
      "  2. restart server 3: 3.8.4 -> 3.9.4, new configuration\n"
      "       follower: goes before the leader\n"
      "       if server 3 stops, 2 of 3 voters remain, quorum 2, spare 0\n"
      "  3. restart server 2: 3.8.4 -> 3.9.4, new configuration\n"
      "       leader: goes last, so that the roll costs one election\n"
      "       if server 2 stops, 2 of 3 voters remain, quorum 2, spare 0\n"
      "\n"
      "configuration of server 1, 2:\n"
      "@@ -1,3 +1,3 @@\n"
      " initLimit=10\n"
      " syncLimit=5\n"
      "-tickTime=3000\n"
      "+tickTime=2000\n"
      "  (settings only: no record says which java options and files run now)\n"
      "\n"
      "configuration of server 3:\n"
      "@@ -1,3 +1,4 @@\n"
      " initLimit=10\n"
      "+maxClientCnxns=70\n"
      " syncLimit=5\n"
      "-tickTime=3000\n"
      "+tickTime=2000\n"
      "  (settings only: no record says which java options and files run now)\n"
      "\n"
      "how it takes effect (all of it is rolled out by these restarts):\n"
      "  maxClientCnxns: read at the start; ZooKeeper can also be told live since 3.4.0, over "
      "JMX (MaxClientCnxnsPerHost of ZooKeeperServerMXBean), until it starts again\n"
      "  tickTime: read at the start; ZooKeeper can also be told live since 3.4.0, over JMX "
      "(TickTime of ZooKeeperServerMXBean), until it starts again\n"
      "\n");
  EXPECT_NE(outcome.out.find("way back:\n  the old generations stay"), std::string::npos);
}

TEST_F(PlanTest, JavaAndFilesAreComparedWithTheRunThatLedToWhatRunsNow) {
  RunFile run{.kind = "apply", .created_ms = 1, .holder = "h"};
  run.spec.name = "lab";
  run.spec.release.version = {3, 8, 4};
  run.spec.config.java = {.heap = "128m", .options = {"-Xss1m", "-Da.password=hunter2"}};
  run.spec.config.files = {{.name = "jaas.conf", .content = "old"}};
  run.state.run_id = "r-1";
  run.state.phase = core::RunPhase::kEnded;
  run.state.outcome = core::RunOutcome::kSucceeded;
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    run.spec.servers.push_back({.id = {id}});
    run.state.servers.push_back(
        {.id = {id}, .target = {.version = {3, 8, 4}, .configuration_digest = "cc"}});
  }
  words_.records.push_back(
      {{1}, std::vector<RunRecord>{{.run_id = "r-1", .state_json = EncodeRun(run)}}});
  std::string text = kEnsembleText;
  text.replace(text.find("config:"),
               7,
               "config:\n  java: {heap: 256m, options: [-Xss1m, -Da.password=hunter2]}\n"
               "  files: [{name: jaas.conf, template: jaas.conf}]");
  Write("ensemble.yaml", text);
  Write("jaas.conf", "new");
  for (const char* form : {"table", "json"}) {
    const auto out = Run({"plan", "-o", form}).out;
    EXPECT_NE(out.find("-java heap 128m"), std::string::npos) << out;
    EXPECT_NE(out.find("+java heap 256m"), std::string::npos) << out;
    EXPECT_NE(out.find("-file jaas.conf sha256 " + sys::Digest(sys::Hash::kSha256, "old")),
              std::string::npos);
    EXPECT_NE(out.find("+file jaas.conf sha256 " + sys::Digest(sys::Hash::kSha256, "new")),
              std::string::npos);
    EXPECT_EQ(out.find("hunter2"), std::string::npos);
    EXPECT_EQ(out.find("settings only"), std::string::npos);
  }
}

TEST_F(PlanTest, EachChangedKeySaysHowItTakesEffectAndSinceWhen) {
  std::string text = kEnsembleText;
  text.replace(text.find("syncLimit: 5"),
               12,
               "snapCount: 5000, myOwnKey: 1, clientPortAddress: 127.0.0.1, a.password: x");
  Write("ensemble.yaml", text);
  const auto document = Document::FromJson(Run({"plan", "-o", "json"}).out);
  ASSERT_TRUE(document);
  const auto& steps = std::get<Document::List>(document->Find("steps")->value());
  std::map<std::string, std::string> effects;
  for (const auto& change : std::get<Document::List>(steps[0].Find("changes")->value())) {
    const auto* since = std::get_if<std::string>(&change.Find("since")->value());
    effects[std::get<std::string>(change.Find("key")->value())] =
        std::get<std::string>(change.Find("effect")->value()) +
        (since == nullptr ? "" : " " + *since);
  }
  EXPECT_EQ(effects,
            (std::map<std::string, std::string>{{"a.password", "restart"},
                                                {"clientPortAddress", "reconfiguration 3.5.0"},
                                                {"myOwnKey", "restart"},
                                                {"snapCount", "restart 3.4.0"},
                                                {"syncLimit", "live 3.6.0"},
                                                {"tickTime", "live 3.4.0"}}));
  const auto out = Run({"plan"}).out;
  EXPECT_NE(out.find("  myOwnKey: unknown key 'myOwnKey' for ZooKeeper 3.9.4; passed on at the "
                     "start as -Dzookeeper.myOwnKey"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find("  snapCount: read at the start only since 3.4.0\n"), std::string::npos);
}

TEST_F(PlanTest, JsonHasTheDocumentedFields) {
  const auto outcome = Run({"plan", "-o", "json"});
  EXPECT_EQ(outcome.code, 0);
  const auto document = Document::FromJson(outcome.out);
  ASSERT_TRUE(document);
  for (const char* field : {"schema_version",
                            "ensemble",
                            "kind",
                            "nothing_to_do",
                            "leader",
                            "release",
                            "settings_digest",
                            "steps",
                            "checks",
                            "way_back",
                            "warnings",
                            "refusals"}) {
    EXPECT_NE(document->Find(field), nullptr) << field;
  }
  const auto& steps = std::get<Document::List>(document->Find("steps")->value());
  ASSERT_EQ(steps.size(), 3U);
  for (const char* field : {"server",
                            "kind",
                            "role",
                            "from",
                            "to",
                            "release_changes",
                            "configuration_changes",
                            "why_here",
                            "quorum",
                            "diff",
                            "changes",
                            "diff_complete"}) {
    EXPECT_NE(steps[0].Find(field), nullptr) << field;
  }
  EXPECT_EQ(std::get<std::uint64_t>(steps[2].Find("server")->value()), 2U);
}

TEST_F(PlanTest, DetailedExitCodeTellsChangesFromNone) {
  EXPECT_EQ(Run({"plan", "--detailed-exitcode"}).code, 3);
  EverythingIsDone();
  EXPECT_EQ(Run({"plan", "--detailed-exitcode"}).code, 0);
}

TEST_F(PlanTest, NothingToDoIsSaidAndChangesNothing) {
  EverythingIsDone();
  for (const char* command : {"plan", "apply"}) {
    const auto outcome = Run({command});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.out.starts_with("nothing to do: every server of ensemble lab runs 3.9.4"))
        << outcome.out;
  }
  const auto upgrade = Run({"upgrade", "--to", "3.9.4"});
  EXPECT_EQ(upgrade.code, 0) << upgrade.err;
  EXPECT_NE(upgrade.out.find("nothing to do"), std::string::npos);
}

TEST_F(PlanTest, ARefusedPlanExitsFiveWithThePlanAndTheErrorInJson) {
  words_.seen[0] = {};
  words_.seen[0].id = {1};
  words_.seen[0].problem = "connection refused";
  for (const auto& line : std::vector<std::vector<std::string>>{{"plan", "-o", "json"},
                                                                {"apply", "--yes", "-o", "json"}}) {
    const auto outcome = Run(line);
    EXPECT_EQ(outcome.code, 5);
    const auto document = Document::FromJson(outcome.out);
    ASSERT_TRUE(document) << outcome.out;
    ASSERT_NE(document->Find("error"), nullptr);
    EXPECT_EQ(std::get<std::string>(document->Find("error")->Find("reason")->value()),
              "preflight.agent_unreachable");
    EXPECT_NE(outcome.err.find("error: refused, nothing was touched: server 1"), std::string::npos);
  }
}

TEST_F(PlanTest, SecretsInTheDiffAreMasked) {
  std::string text = kEnsembleText;
  text.replace(text.find("syncLimit: 5"), 12, "ssl.keyStore.password: hunter2");
  Write("ensemble.yaml", text);
  for (const char* form : {"table", "json", "yaml"}) {
    const auto outcome = Run({"plan", "-o", form});
    EXPECT_EQ((outcome.out + outcome.err).find("hunter2"), std::string::npos);
    EXPECT_NE(outcome.out.find("ssl.keyStore.password=********"), std::string::npos);
  }
}

TEST_F(PlanTest, OffATerminalApplyAsksForYes) {
  const auto outcome = Run({"apply"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("add --yes to go ahead"), std::string::npos);
}

TEST_F(PlanTest, AtATerminalOnlyYesGoesAhead) {
  terminal_ = true;
  for (const char* answer : {"\n", "n\n", "", "yep\n"}) {
    typed_ = answer;
    const auto outcome = Run({"apply"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find("restart 3 servers of ensemble lab? [y/N] nothing was changed"),
              std::string::npos)
        << outcome.err;
  }
}

TEST_F(PlanTest, AnotherControllersLeaseIsRefusedWithItsName) {
  words_.leases.push_back({{1},
                           Lease{.epoch = {7},
                                 .holder = "zoowarden://lab/operator r-7 0badcafe",
                                 .run_id = "r-7",
                                 .left = std::chrono::milliseconds(900)}});
  const auto outcome = Run({"apply", "--yes"});
  EXPECT_EQ(outcome.code, 8);
  EXPECT_NE(outcome.err.find("another controller holds this ensemble: zoowarden://lab/operator "
                             "r-7 0badcafe (run r-7)"),
            std::string::npos);
}

TEST_F(PlanTest, AViewerMayPlanAndNotApply) {
  identity_ = "zoowarden://lab/viewer";
  EXPECT_EQ(Run({"plan"}).code, 0);
  const auto outcome = Run({"apply", "--yes"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_NE(outcome.err.find("may not change the ensemble"), std::string::npos);
}

TEST_F(PlanTest, ResumeAndRollbackWithoutAnOpenRunSaySo) {
  EXPECT_NE(Run({"resume", "--yes"}).err.find("no run is open, there is nothing to resume"),
            std::string::npos);
  EXPECT_NE(Run({"rollback", "--yes"}).err.find("no run is open, there is nothing to roll back"),
            std::string::npos);
  EXPECT_EQ(Run({"resume", "r-9", "--yes"}).code, 1);
}

TEST_F(PlanTest, ReleaseWithoutAVersionIsAUsageError) {
  EXPECT_EQ(Run({"plan", "--release", "a.tar.gz"}).code, 2);
  EXPECT_EQ(Run({"upgrade"}).code, 2);
}

}  // namespace
}  // namespace zoowarden::controller
