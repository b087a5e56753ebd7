// Verbs that are edits of the desired state: config set, config apply, restart; and what they and
// apply say of a desired state that was rolled back.
#include "tests/unit/controller/cli/as_desired.h"

namespace zoowarden::controller {
namespace {

class VerbsTest : public AsDesiredTest {
 protected:
  std::string File() { return *sys::ReadFile(Path("ensemble.yaml"), 1U << 20U); }
  void Replace(const std::string& what, const std::string& by) {
    auto text = File();
    ASSERT_NE(text.find(what), std::string::npos);
    Write("ensemble.yaml", text.replace(text.find(what), what.size(), by));
  }

  // A run to what ensemble.yaml asks for now, on all agents.
  void Remember(const std::string& id, core::RunOutcome outcome, std::int64_t created_ms) {
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    ASSERT_TRUE(loaded);
    auto run = MakeRun(MakePlanInput(loaded->spec, words_.seen, false),
                       {.run_id = id, .kind = "apply", .created_ms = created_ms});
    run.state.phase = core::RunPhase::kEnded;
    run.state.outcome = outcome;
    run.state.outcome_text = "server 1 failed: it never joined";
    for (std::uint32_t server = 1; server <= 3; ++server) {
      words_.records.push_back(
          {{server},
           std::vector<RunRecord>{
               {.run_id = id, .ensemble = "lab", .epoch = 3, .state_json = EncodeRun(run)}}});
    }
  }
};

TEST_F(VerbsTest, ASettingIsPlannedFirstAndTheFileIsLeftUntilTheRunHasSucceeded) {
  const auto outcome = Run({"config", "set", "tickTime=2500", "snapCount=5000", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("config set of ensemble lab"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("-tickTime=2000\n+tickTime=2500"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("+snapCount=5000"), std::string::npos);
  EXPECT_EQ(File(), kEnsembleText);
}

TEST_F(VerbsTest, OneServersSettingRestartsThatServer) {
  const auto outcome = Run({"config", "set", "maxClientCnxns=80", "--server", "3", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("config set of ensemble lab on 3.9.4: 1 of 3 servers to restart"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(Run({"config", "set", "a=b", "--server", "9", "--yes"}).code, 2);
}

TEST_F(VerbsTest, WhatIsNoSettingIsRefusedBeforeAnyAgentIsAsked) {
  connect_error_ = "asked";
  for (const char* word : {"tickTime", "=5", "clientPort=2181", "tickTime=fast", "a b=c"}) {
    const auto outcome = Run({"config", "set", word, "--yes"});
    EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kUsage)) << word;
    EXPECT_EQ(outcome.err.find("asked"), std::string::npos) << word << outcome.err;
  }
  EXPECT_EQ(Run({"config", "set", "a=1", "a=2", "--yes"}).code, 2);
  EXPECT_EQ(Run({"config", "set", "--yes"}).code, 2);
  const auto secret = Run({"config", "set", "ssl.keyStore.password=hunter2", "--yes"});
  EXPECT_EQ(secret.code, 2);
  EXPECT_EQ(secret.err.find("hunter2"), std::string::npos);
  EXPECT_EQ(File(), kEnsembleText);
}

TEST_F(VerbsTest, WhatRunsAlreadyIsWrittenAtOnce) {
  for (auto& seen : words_.seen) {
    auto changed = spec_;
    changed.config.settings["tickTime"] = "2500";
    seen.current = WantedGenerations(changed).at(seen.id);
  }
  const auto outcome = Run({"config", "set", "tickTime=2500", "--yes"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("nothing to do"), std::string::npos);
  EXPECT_NE(File().find("tickTime: 2500"), std::string::npos);
}

TEST_F(VerbsTest, TheConfigurationAloneLeavesReleasesAlone) {
  EXPECT_EQ(Run({"config", "apply"}).code, 0);
  Replace("version: 3.9.4", "version: 3.9.5");
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"config", "apply", "--yes"}, {"config", "set", "tickTime=2500", "--yes"}}) {
    const auto outcome = Run(line);
    EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kRefused));
    EXPECT_NE(outcome.err.find("server 1 runs 3.9.4 and ensemble.yaml says 3.9.5"),
              std::string::npos)
        << outcome.err;
  }
}

TEST_F(VerbsTest, ARestartHasAStepForEachServerThatIsNamed) {
  const auto all = Run({"restart", "--yes"});
  EXPECT_TRUE(WouldBegin(all)) << all.err;
  EXPECT_NE(all.out.find("restart of ensemble lab on 3.9.4: 3 of 3 servers to restart"),
            std::string::npos)
      << all.out;
  EXPECT_NE(all.out.find("there is nothing to go back to"), std::string::npos);
  const auto two = Run({"restart", "--server", "3", "--server", "2", "--yes"});
  EXPECT_NE(two.out.find("  1. restart server 3: 3.9.4\n"), std::string::npos) << two.out;
  EXPECT_NE(two.out.find("  2. restart server 2: 3.9.4\n"), std::string::npos) << two.out;
  EXPECT_EQ(Run({"restart", "--server", "9", "--yes"}).code, 2);
  terminal_ = true;
  typed_ = "n\n";
  const auto one = Run({"restart", "--server", "2"});
  EXPECT_NE(one.err.find("restart 1 server of ensemble lab?"), std::string::npos) << one.err;
  Replace("tickTime: 2000", "tickTime: 2500");
  const auto differs = Run({"restart", "--server", "1", "--yes"});
  EXPECT_EQ(differs.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_NE(differs.err.find("server 1 runs something else than ensemble.yaml says"),
            std::string::npos)
      << differs.err;
}

TEST_F(VerbsTest, ARunIdThatWasChosenIsUsedOnce) {
  Replace("tickTime: 2000", "tickTime: 2500");
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes", "--run-id", "r-1"})));
  Remember("r-1", core::RunOutcome::kSucceeded, 1'000);
  const auto second = Run({"apply", "--yes", "--run-id", "r-1"});
  EXPECT_EQ(second.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_NE(second.err.find("there is a run r-1 of this ensemble"), std::string::npos)
      << second.err;
  EXPECT_EQ(Run({"apply", "--yes", "--run-id", "../r-1"}).code, 2);
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes", "--run-id", "r-2"})));
}

TEST_F(VerbsTest, WhoHoldsAnEnsembleForAFleetSaysOfWhichRollout) {
  Replace("tickTime: 2000", "tickTime: 2500");
  for (const std::uint32_t server : {1U, 2U, 3U}) {
    words_.leases.push_back({{server}, Lease{.epoch = {1}}});
  }
  Run({"apply", "--yes", "--run-id", "r-1", "--rollout", "f-1"});
  EXPECT_EQ(words_.holder, "zoowarden://lab/operator r-1 00003f9a of rollout f-1");
  Run({"apply", "--yes", "--run-id", "r-1"});
  EXPECT_EQ(words_.holder, "zoowarden://lab/operator r-1 00003f9a");
  EXPECT_EQ(Run({"apply", "--yes", "--rollout", "f 1"}).code, 2);
  EXPECT_EQ(Run({"resume", "r-1", "--yes", "--rollout", "f 1"}).code, 2);
}

TEST_F(VerbsTest, OnlyTheDesiredStateThatWasApprovedIsCarriedOut) {
  Replace("tickTime: 2000", "tickTime: 2500");
  const auto plan = Document::FromJson(Run({"plan", "-o", "json"}).out);
  ASSERT_TRUE(plan);
  const auto approved = std::get<std::string>(plan->Find("desired_digest")->value());
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes", "--approved", approved})));
  // Another leader is no other desired state.
  std::swap(words_.seen[0].mode, words_.seen[1].mode);
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes", "--approved", approved})));
  Replace("tickTime: 2500", "tickTime: 2600");
  const auto edited = Run({"apply", "--yes", "--approved", approved});
  EXPECT_EQ(edited.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_NE(edited.err.find("is not to become what was approved"), std::string::npos) << edited.err;
  EXPECT_EQ(Run({"apply", "--yes", "--approved", "none"}).code, 5);
}

TEST_F(VerbsTest, WhatWasRolledBackIsNotTriedAgainByApply) {
  Replace("tickTime: 2000", "tickTime: 2500");
  Remember("r-1", core::RunOutcome::kRolledBack, 1'000);
  for (const auto& line :
       std::vector<std::vector<std::string>>{{"apply", "--yes"}, {"config", "apply", "--yes"}}) {
    const auto refused = Run(line);
    EXPECT_EQ(refused.code, static_cast<int>(ExitCode::kRefused)) << refused.err;
    EXPECT_NE(refused.err.find("run r-1 of 1970-01-01T00:00:01Z"), std::string::npos)
        << refused.err;
    EXPECT_NE(refused.err.find("server 1 failed: it never joined"), std::string::npos);
    // What is mended outside of ensemble.yaml, a check's program, makes no other desired state.
    EXPECT_NE(refused.err.find("`), then try it again with --retry"), std::string::npos)
        << refused.err;
  }
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes", "--retry"})));
  EXPECT_TRUE(WouldBegin(Run({"config", "apply", "--yes", "--retry"})));
}

TEST_F(VerbsTest, APlanThatApplyWouldRefuseSaysSo) {
  Replace("tickTime: 2000", "tickTime: 2500");
  EXPECT_EQ(Run({"plan"}).err.find("warning"), std::string::npos);
  Remember("r-1", core::RunOutcome::kRolledBack, 1'000);
  const auto planned = Run({"plan"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_NE(planned.err.find("warning: run r-1 rolled exactly this desired state back: server 1 "
                             "failed: it never joined; `zoowarden apply` needs --retry"),
            std::string::npos)
      << planned.err;
}

TEST_F(VerbsTest, AnotherDesiredStateAndOneThatSucceededSinceAreTried) {
  Replace("tickTime: 2000", "tickTime: 2500");
  Remember("r-1", core::RunOutcome::kRolledBack, 1'000);
  Replace("tickTime: 2500", "tickTime: 2600");
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes"})));
  Replace("tickTime: 2600", "tickTime: 2500");
  Remember("r-2", core::RunOutcome::kSucceeded, 2'000);
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes"})));
}

// With on_failure: rollback_server or halt a release that cannot start ends there, and so does a
// run that somebody aborted: an hour later cron would undo what was decided.
TEST_F(VerbsTest, WhatHaltedOrGotStuckIsNotTriedAgainByApply) {
  Replace("tickTime: 2000", "tickTime: 2500");
  for (const auto outcome : {core::RunOutcome::kHalted, core::RunOutcome::kStuck}) {
    words_.records.clear();
    Remember("r-1", outcome, 1'000);
    for (const auto& line :
         std::vector<std::vector<std::string>>{{"apply", "--yes"}, {"config", "apply", "--yes"}}) {
      const auto refused = Run(line);
      EXPECT_EQ(refused.code, static_cast<int>(ExitCode::kRefused)) << refused.err;
      for (const char* said : {"run r-1 of 1970-01-01T00:00:01Z",
                               "server 1 failed: it never joined",
                               "`zoowarden resume r-1`",
                               "`zoowarden rollback r-1`",
                               "--retry"}) {
        EXPECT_NE(refused.err.find(said), std::string::npos) << said << ": " << refused.err;
      }
    }
    EXPECT_TRUE(WouldBegin(Run({"apply", "--yes", "--retry"})));
    Replace("tickTime: 2500", "tickTime: 2600");
    EXPECT_TRUE(WouldBegin(Run({"apply", "--yes"}))) << "another desired state is another matter";
    Replace("tickTime: 2600", "tickTime: 2500");
  }
}

// A later run brought order, so that one is not gone on with any more.
TEST_F(VerbsTest, AHaltedRunThatIsClosedIsStillNotTriedAgain) {
  Replace("tickTime: 2000", "tickTime: 2600");
  Remember("r-2", core::RunOutcome::kSucceeded, 2'000);
  Replace("tickTime: 2600", "tickTime: 2500");
  Remember("r-1", core::RunOutcome::kHalted, 1'000);
  for (std::size_t server = 0; server < 3; ++server) {
    auto& mine = *words_.records[server].result;
    mine.push_back(words_.records[server + 3].result->front());
  }
  words_.records.resize(3);
  const auto refused = Run({"apply", "--yes"});
  EXPECT_EQ(refused.code, static_cast<int>(ExitCode::kRefused)) << refused.err;
  EXPECT_EQ(refused.err.find("`zoowarden resume r-1`"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--retry"), std::string::npos) << refused.err;
}

TEST_F(VerbsTest, WhoNamesWhatHaltedIsOnlyWarned) {
  Replace("tickTime: 2000", "tickTime: 2500");
  Remember("r-1", core::RunOutcome::kHalted, 1'000);
  Replace("tickTime: 2500", "tickTime: 2000");
  const auto outcome = Run({"config", "set", "tickTime=2500", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.err.find("warning: run r-1 "), std::string::npos) << outcome.err;
}

// What a restart was of ran before it and after it: it tells nothing of that desired state.
TEST_F(VerbsTest, ARestartThatWasRolledBackRefusesNoDesiredState) {
  Remember("r-1", core::RunOutcome::kRolledBack, 1'000);  // every server runs what it asks for
  for (auto& seen : words_.seen) {
    seen.current->digest = "0123456789abcdef";  // somebody else rolled it since
  }
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes"})));
}

// The secret is masked in the record, and the generations tell that it is the same one.
TEST_F(VerbsTest, ADesiredStateWithASecretIsKnownAgain) {
  Replace("syncLimit: 5", "syncLimit: 5, a.password: hunter2");
  Remember("r-1", core::RunOutcome::kRolledBack, 1'000);
  EXPECT_EQ(Run({"apply", "--yes"}).code, static_cast<int>(ExitCode::kRefused));
  Replace("hunter2", "hunter3");
  EXPECT_TRUE(WouldBegin(Run({"apply", "--yes"})));
}

TEST_F(VerbsTest, WhoNamesWhatHeWantsIsOnlyWarned) {
  Replace("tickTime: 2000", "tickTime: 2500");
  Remember("r-1", core::RunOutcome::kRolledBack, 1'000);
  Replace("tickTime: 2500", "tickTime: 2000");
  const auto outcome = Run({"config", "set", "tickTime=2500", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.err.find("warning: run r-1 rolled exactly this desired state back"),
            std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace zoowarden::controller
