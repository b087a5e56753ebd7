#include "controller/cli/ensemble_writer.h"

#include "config/ensemble_file.h"
#include "controller/cli/run_desired.h"
#include "controller/run/desired_values.h"
#include "controller/run/prepare.h"
#include "controller/run/run_file.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <filesystem>

namespace zoowarden::controller {
namespace {

class EnsembleWriterTest : public CommandLineTest {
 protected:
  // What a record of a run to that ensemble.yaml holds.
  RunFile Recorded(const std::string& text) {
    Write("ensemble.yaml", text);
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    EXPECT_TRUE(loaded) << loaded.error().message();
    RunFile run{
        .kind = "apply", .approval_required = loaded->approval_required, .spec = loaded->spec};
    return *DecodeRun(EncodeRun(run));
  }
};

TEST_F(EnsembleWriterTest, TheFileLeadsToTheSameDesiredState) {
  Write("jaas.conf", "a: {b}\n\ttext: \"x\"\n");
  const auto run =
      Recorded(std::string(kEnsembleText)
                   .replace(std::string(kEnsembleText).find("servers:"),
                            8,
                            "  java: {heap: 1g, options: [-Xss1m]}\n"
                            "  files: [{name: jaas.conf, template: jaas.conf}]\n"
                            "policy: {soak: 1500ms, on_failure: halt, good_rounds: 2,\n"
                            "  client_impact: {max_write_gap: 2500ms, then: rollback}}\n"
                            "checks: [{name: smoke, command: [./smoke.sh, 'a b'], timeout: 3s}]\n"
                            "hooks: [{name: drain, when: before_step, command: [./d, x]}]\n"
                            "canary: {path: /z}\nservers:"));
  const auto& spec = run.spec;
  const auto written = WriteEnsemble(run, Path("again.yaml"));
  ASSERT_TRUE(written) << written.error().message();
  const auto read = config::LoadEnsembleFile(Path("again.yaml"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(DesiredValues(read->spec), DesiredValues(spec));
  EXPECT_EQ(WantedGenerations(read->spec), WantedGenerations(spec));
  EXPECT_EQ(read->spec.release, spec.release);
  EXPECT_EQ(read->spec.checks, spec.checks);
  EXPECT_EQ(read->spec.hooks, spec.hooks);
  EXPECT_EQ(read->spec.policy, spec.policy);
}

// Else a second person would be asked on the machine that began the run, and on no other.
TEST_F(EnsembleWriterTest, ThatASecondPersonApprovesIsKept) {
  const auto run = Recorded(std::string(kEnsembleText) + "policy: {approval: required}\n");
  ASSERT_TRUE(WriteEnsemble(run, Path("again.yaml")));
  EXPECT_TRUE(config::LoadEnsembleFile(Path("again.yaml"))->approval_required);
  EXPECT_FALSE(Recorded(kEnsembleText).approval_required);
  Write("plain.yaml", kEnsembleText);
  const auto differences = DifferencesFrom(run, *config::LoadEnsembleFile(Path("plain.yaml")));
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences.front(),
            "policy.approval is 'required' in the run and not set in " + Path("plain.yaml"));
}

// The mask must never become a password.
TEST_F(EnsembleWriterTest, AMaskIsRefusedUntilTheSecretIsPutIn) {
  const auto run = Recorded(
      std::string(kEnsembleText)
          .replace(std::string(kEnsembleText).find("syncLimit: 5"), 12, "a.password: hunter2"));
  ASSERT_TRUE(WriteEnsemble(run, Path("again.yaml")));
  const auto read = config::LoadEnsembleFile(Path("again.yaml"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason(), "config.masked");
  EXPECT_NE(read.error().message().find("a.password"), std::string::npos);
  auto text = *sys::ReadFile(Path("again.yaml"), 1U << 20U);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  const auto at = text.find("\"********\"");
  ASSERT_NE(at, std::string::npos);
  Write("again.yaml", text.replace(at, 10, "hunter2"));
  EXPECT_TRUE(config::LoadEnsembleFile(Path("again.yaml")));
}

// Who goes on with a run has its secrets, from ensemble.yaml or a plugin: that puts them on no
// disk.
TEST_F(EnsembleWriterTest, SecretsThatWereRestoredAreMaskedAgain) {
  auto run = Recorded(kEnsembleText);
  run.spec.config.settings["a.password"] = "hunter2";
  run.spec.config.java.options = {"-Da.password=hunter2", "-Xss1m"};
  run.spec.servers.front().settings["b.password"] = "hunter2";
  const auto text = EnsembleYaml(run, "t");
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  for (const char* said : {"a.password: \"********\"", "b.password: \"********\"", "-Xss1m"}) {
    EXPECT_NE(text.find(said), std::string::npos) << said << text;
  }
}

TEST_F(EnsembleWriterTest, WhatIsThereIsNotOverwritten) {
  const auto run = Recorded(kEnsembleText);
  const auto refused = WriteEnsemble(run, Path("ensemble.yaml"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "config.exists");
  EXPECT_EQ(*sys::ReadFile(Path("ensemble.yaml"), 1U << 20U), kEnsembleText);
}

// A kill between the templates and the file.
TEST_F(EnsembleWriterTest, TemplatesOfAnAttemptThatDidNotEndAreUsedAgainAndOthersAreKept) {
  auto run = Recorded(kEnsembleText);
  run.spec.config.files = {{.name = "jaas.conf", .content = "a: {b}"},
                           {.name = "log.xml", .content = "<x/>"}};
  std::filesystem::create_directory(Path("again.yaml.files"));
  Write("again.yaml.files/jaas.conf", "somebody else's");
  const auto refused = WriteEnsemble(run, Path("again.yaml"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "config.exists");
  EXPECT_NE(refused.error().message().find("again.yaml.files/jaas.conf"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(Path("again.yaml")));
  EXPECT_FALSE(std::filesystem::exists(Path("again.yaml.files/log.xml")));
  Write("again.yaml.files/jaas.conf", "a: {b}");
  const auto written = WriteEnsemble(run, Path("again.yaml"));
  ASSERT_TRUE(written) << written.error().message();
  const auto read = config::LoadEnsembleFile(Path("again.yaml"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->spec.config.files, run.spec.config.files);
}

}  // namespace
}  // namespace zoowarden::controller
