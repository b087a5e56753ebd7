#include "controller/cli/plan_file.h"

#include "controller/run/prepare.h"
#include "tests/unit/controller/cli/fake_world.h"

namespace zoowarden::controller {
namespace {

// An ensemble on 3.8.4 whose ensemble.yaml asks for 3.9.4; server 2 leads; its plan is in a file.
class PlanFileTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    for (auto& seen : words_.seen) {
      seen.version = model::Version{3, 8, 4};
      seen.current = model::Generation{.digest = "0ld0ld0ld0ld0ld0", .version = {3, 8, 4}};
      seen.process->generation = seen.current->digest;
      seen.settings = {{"initLimit", "10"}, {"syncLimit", "5"}, {"tickTime", "3000"}};
    }
    plan_ = Run({"plan", "-o", "json"}).out;
    Write("plan.json", plan_);
  }

  Outcome Apply() { return Run({"apply", Path("plan.json"), "--yes", "-o", "json"}); }

  // The error's reason, with nothing done.
  std::string Refused(ExitCode code) {
    const auto outcome = Apply();
    EXPECT_EQ(outcome.code, static_cast<int>(code)) << outcome.err;
    EXPECT_EQ(outcome.err.find("run_started"), std::string::npos);
    said_ = outcome.err;
    const auto document = Document::FromJson(outcome.out);
    const auto* error = document ? document->Find("error") : nullptr;
    return error == nullptr ? "" : std::get<std::string>(error->Find("reason")->value());
  }

  // The agents of this world let nobody hold them: a run that would begin ends there.
  bool WouldBegin() { return Refused(ExitCode::kDenied) == "lease.denied"; }

  void Replace(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    Write("ensemble.yaml", text.replace(at, what.size(), by));
  }

  std::string plan_;
  std::string said_;
};

TEST_F(PlanFileTest, ThePlanOfWhatIsThereIsCarriedOut) {
  EXPECT_TRUE(WouldBegin());
  EXPECT_NE(said_.find("1. restart server 1"), std::string::npos);
}

// This world's clock and random numbers stand still.
TEST_F(PlanFileTest, TheDigestIsTheSameForTheSamePlanAndAnotherForAnother) {
  EXPECT_EQ(Run({"plan", "-o", "json"}).out, plan_);
  const auto before = ParsePlanFile(plan_, "p");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->digest.size(), 64U);
  words_.seen[0].current->digest = "0123456789abcdef";
  const auto after = ParsePlanFile(Run({"plan", "-o", "json"}).out, "p");
  ASSERT_TRUE(after);
  EXPECT_NE(after->digest, before->digest);
}

TEST_F(PlanFileTest, ThePlanIsOneOfItsOwnThoughTheWorldIsTheSame) {
  const auto first = ParsePlanFile(plan_, "p");
  random_ = 0x4a0bU;
  const auto second = ParsePlanFile(Run({"plan", "-o", "json"}).out, "p");
  manual_clock_.Advance(std::chrono::seconds(1));
  const auto third = ParsePlanFile(Run({"plan", "-o", "json"}).out, "p");
  ASSERT_TRUE(first && second && third);
  EXPECT_NE(second->digest, first->digest);
  EXPECT_NE(third->digest, second->digest);
  EXPECT_TRUE(WouldBegin()) << "and each is carried out";
}

// Compatibility: a plan of a program before plans were told apart fits more than once.
TEST_F(PlanFileTest, APlanOfAnOlderProgramIsNamed) {
  for (const char* key : {"made_ms", "nonce"}) {
    auto fields = std::get<Document::Fields>(Document::FromJson(plan_)->value());
    std::erase_if(fields, [key](const auto& field) { return field.first == key; });
    auto document = Document::Map(fields);
    document.Set("digest", PlanDigest(document));
    Write("plan.json", document.ToJson());
    EXPECT_EQ(Refused(ExitCode::kUsage), "plan.file_older") << key;
  }
}

TEST_F(PlanFileTest, LayoutAndTheOrderOfFieldsDoNotMatter) {
  auto document = Document::FromJson(plan_);
  ASSERT_TRUE(document);
  auto fields = std::get<Document::Fields>(document->value());
  std::reverse(fields.begin(), fields.end());
  EXPECT_TRUE(ParsePlanFile(Document::Map(fields).ToJson(), "p"));
}

TEST_F(PlanFileTest, NothingThatIsShownMayBeChanged) {
  for (const char* shown :
       {"tickTime", "goes before the leader", "\"3.9.4\"", "if server 1 stops"}) {
    auto text = plan_;
    text.replace(text.find(shown) + 1, 1, "X");
    Write("plan.json", text);
    EXPECT_EQ(Refused(ExitCode::kUsage), "plan.file_damaged") << shown;
  }
}

TEST_F(PlanFileTest, WhatIsNoPlanIsNamed) {
  const std::string deep(100'000, '[');
  for (const auto& text : {std::string(), std::string("steps: []"), plan_.substr(0, 900), deep}) {
    Write("plan.json", text);
    EXPECT_EQ(Refused(ExitCode::kUsage), "plan.file_damaged") << text.substr(0, 60);
  }
  for (const char* text : {"[]", "{}", "{\"schema_version\": 1, \"ensemble\": \"lab\"}"}) {
    Write("plan.json", text);
    EXPECT_EQ(Refused(ExitCode::kUsage), "plan.file_foreign") << text;
  }
  EXPECT_EQ(Run({"apply", Path("nothing.json"), "--yes"}).code, static_cast<int>(ExitCode::kUsage));
  EXPECT_EQ(Run({"apply", Path("pki"), "--yes"}).code, static_cast<int>(ExitCode::kUsage));
}

// With its digest computed anew, as a program would that writes such files.
TEST_F(PlanFileTest, ANewerSchemaAndValuesThatNoProgramWritesAreNamed) {
  const auto changed = [this](const std::string& key, const Document& value) {
    auto document = *Document::FromJson(plan_);
    document.Set(key, value);
    document.Set("digest", PlanDigest(document));
    Write("plan.json", document.ToJson());
  };
  changed("schema_version", 2);
  EXPECT_EQ(Refused(ExitCode::kUsage), "plan.file_newer");
  EXPECT_NE(said_.find("has schema version 2 and this program knows 1"), std::string::npos);
  for (const char* key : {"kind", "desired", "servers", "leader", "release", "allow_outage"}) {
    changed(key, Document("nonsense"));
    EXPECT_EQ(Refused(ExitCode::kUsage), "plan.file_foreign") << key;
  }
}

TEST_F(PlanFileTest, ARefusedPlanIsNotCarriedOut) {
  words_.seen[0].answered = false;
  Write("plan.json", Run({"plan", "-o", "json"}).out);
  words_.seen[0].answered = true;
  EXPECT_EQ(Refused(ExitCode::kRefused), "plan.file_refused");
}

TEST_F(PlanFileTest, AnotherEnsemblesPlanIsRefused) {
  Replace(kEnsembleText, "ensemble: lab", "ensemble: payments");
  own_ensemble_ = "payments";
  EXPECT_EQ(Refused(ExitCode::kUsage), "plan.other_ensemble");
}

TEST_F(PlanFileTest, WhatMovedIsNamed) {
  words_.seen[2].current->digest = "0123456789abcdef";
  EXPECT_EQ(Refused(ExitCode::kRefused), "plan.moved_generation");
  EXPECT_NE(said_.find("server 3 had generation 0ld0ld0ld0ld0ld0 (3.8.4) when the plan was made "
                       "and has 0123456789abcdef (3.8.4) now"),
            std::string::npos)
      << said_;
  words_.seen[2].current->digest = "0ld0ld0ld0ld0ld0";
  words_.seen[1].mode = model::Mode::kFollower;
  words_.seen[0].mode = model::Mode::kLeader;
  EXPECT_EQ(Refused(ExitCode::kRefused), "plan.moved_leader");
}

TEST_F(PlanFileTest, AnEditOfEnsembleYamlIsNamedWithItsKey) {
  struct Case {
    const char* what;
    const char* by;
    const char* reason;
    const char* key;
  };
  const Case cases[] = {
      {"tickTime: 2000", "tickTime: 2500", "plan.moved_desired", "config.settings.tickTime"},
      {"maxClientCnxns: 70",
       "maxClientCnxns: 80",
       "plan.moved_desired",
       "servers.3.settings.maxClientCnxns"},
      {"host: 127.0.11.2", "host: 127.0.11.9", "plan.moved_membership", "servers.2.host"},
      {"version: 3.9.4", "version: 3.9.5", "plan.moved_release", "release.version"},
      {"servers:\n", "policy: {soak: 99s}\nservers:\n", "plan.moved_desired", "policy.soak"},
      {"servers:\n", "canary: {path: /z}\nservers:\n", "plan.moved_desired", "canary.path"},
  };
  for (const auto& one : cases) {
    Replace(kEnsembleText, one.what, one.by);
    EXPECT_EQ(Refused(ExitCode::kRefused), one.reason) << one.by;
    EXPECT_NE(said_.find(std::string(one.key) + " was "), std::string::npos) << said_;
  }
  Replace(kEnsembleText, "servers:\n", "# a comment moves nothing\nservers:\n");
  EXPECT_TRUE(WouldBegin());
}

TEST_F(PlanFileTest, ASecretIsNotInThePlanAndItsChangeIsSeen) {
  Replace(kEnsembleText, "syncLimit: 5", "syncLimit: 5, ssl.keyStore.password: hunter2");
  plan_ = Run({"plan", "-o", "json"}).out;
  EXPECT_EQ(plan_.find("hunter2"), std::string::npos);
  Write("plan.json", plan_);
  EXPECT_TRUE(WouldBegin());
  Replace(kEnsembleText, "syncLimit: 5", "syncLimit: 5, ssl.keyStore.password: hunter3");
  EXPECT_EQ(Refused(ExitCode::kRefused), "plan.moved_desired");
  EXPECT_NE(said_.find("a value that is masked in the plan"), std::string::npos);
  EXPECT_EQ(said_.find("hunter"), std::string::npos);
}

TEST_F(PlanFileTest, TheCommandsOfChecksAndTemplatesAreDigestsOnly) {
  Write("jaas.conf", "password=hunter2");
  Write("smoke.sh", "#!/bin/sh\n");
  std::filesystem::permissions(Path("smoke.sh"), std::filesystem::perms::owner_all);
  Replace(kEnsembleText,
          "servers:\n",
          "  files: [{name: jaas.conf, template: jaas.conf}]\n"
          "checks: [{name: smoke, command: [./smoke.sh, hunter3]}]\nservers:\n");
  plan_ = Run({"plan", "-o", "json"}).out;
  EXPECT_EQ(plan_.find("hunter"), std::string::npos) << plan_;
  Write("plan.json", plan_);
  Write("jaas.conf", "password=hunter4");
  EXPECT_EQ(Refused(ExitCode::kRefused), "plan.moved_desired");
  EXPECT_NE(said_.find("config.files.jaas.conf was 'sha256 "), std::string::npos) << said_;
}

TEST_F(PlanFileTest, APlanThatWasCarriedOutHasNothingToDo) {
  const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
  ASSERT_TRUE(loaded);
  const auto wanted = WantedGenerations(loaded->spec);
  for (auto& seen : words_.seen) {
    seen.current = wanted.at(seen.id);
    seen.version = seen.current->version;
  }
  const auto outcome = Apply();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\"nothing_to_do\": true"), std::string::npos);
}

TEST_F(PlanFileTest, OutageIsAPropertyOfThePlan) {
  EXPECT_EQ(Run({"apply", Path("plan.json"), "--allow-outage", "--yes"}).code,
            static_cast<int>(ExitCode::kUsage));
}

}  // namespace
}  // namespace zoowarden::controller
