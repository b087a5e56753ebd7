// Going on with a run that is recorded: what is said before, and when it is refused.
#include "tests/unit/controller/cli/run_fixture.h"

#include <filesystem>

namespace zoowarden::controller {
namespace {

class GoingOnTest : public RunsTest {};

TEST_F(GoingOnTest, TakingOverSaysWhomItInterruptsAndWhereBeforeItAsks) {
  auto record = Record(File("r-2", 1'700'000'100'000), 2, 3);
  record.events.push_back({.epoch = 2, .sequence = 3, .kind = "proceed", .text = "server 1 goes"});
  Store(record);
  SomebodyCarriesOut("r-2");
  const std::string told =
      "warning: --take-over interrupts zoowarden://lab/operator r-2 0badcafe in run r-2, whose "
      "last "
      "step was: server 1 goes\n";
  for (const char* command : {"resume", "rollback"}) {
    const auto outcome = Run({command, "r-2", "--take-over"});
    EXPECT_TRUE(outcome.err.starts_with(told)) << outcome.err;
    EXPECT_EQ(outcome.err.find(told, 1), std::string::npos) << "once, not for each agent";
  }
  words_.leases.front().result->left = std::chrono::milliseconds(0);
  words_.leases.back().result->left = std::chrono::milliseconds(0);
  EXPECT_EQ(Run({"resume", "r-2", "--take-over"}).err.find("interrupts"), std::string::npos);
}

TEST_F(GoingOnTest, NobodyIsSaidToBeInterruptedByWhatCannotBegin) {
  Store(Record(File("r-2", 1'700'000'100'000), 2, 3));
  SomebodyCarriesOut("r-2");
  const auto writer = StoredRunJournal::OpenToWrite(Path("state/lab"));
  ASSERT_TRUE(writer);
  const auto outcome = Run({"resume", "r-2", "--take-over", "--yes"});
  EXPECT_EQ(outcome.code, 8);
  EXPECT_EQ(outcome.err.find("interrupts"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("`zoowarden pause`"), std::string::npos) << outcome.err;
}

TEST_F(GoingOnTest, GoingOnSaysWhatTheRunLeadsToAndWritesItWhereTold) {
  const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
  ASSERT_TRUE(loaded);
  auto file = File("r-2", 1'700'000'100'000);
  file.spec = loaded->spec;
  file.state.servers.push_back({.id = {3},
                                .origin = Generation("old3", {3, 8, 4}),
                                .target = Generation("new3", {3, 9, 4})});
  Store(Record(file, 2, 3));
  const auto same = Run({"rollback", "r-2"});
  EXPECT_NE(same.err.find("run r-2 leads to what " + Path("ensemble.yaml") + " says\n"),
            std::string::npos)
      << same.err;
  std::string text = kEnsembleText;
  Write("ensemble.yaml", text.replace(text.find("tickTime: 2000"), 14, "tickTime: 3000"));
  const auto other = Run({"rollback", "r-2", "--yes", "--write-ensemble", Path("new.yaml")});
  EXPECT_NE(other.err.find("  config.settings.tickTime is '2000' in the run and '3000' in " +
                           Path("ensemble.yaml") + "\n"),
            std::string::npos)
      << other.err;
  const auto written = config::LoadEnsembleFile(Path("new.yaml"));
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(written->spec.config, loaded->spec.config);
  const auto again = Run({"rollback", "r-2", "--write-ensemble", Path("new.yaml")});
  EXPECT_NE(again.err.find("is there already"), std::string::npos) << again.err;
}

TEST_F(GoingOnTest, WhoSaysNoHasNoFileAndMayNameItAgain) {
  auto file = File("r-2", 1'700'000'100'000);
  file.spec = config::LoadEnsembleFile(Path("ensemble.yaml"))->spec;
  file.spec.config.files = {{.name = "jaas.conf", .content = "a: {b}"}};
  file.state.servers.push_back({.id = {3},
                                .origin = Generation("old3", {3, 8, 4}),
                                .target = Generation("new3", {3, 9, 4})});
  Store(Record(file, 2, 3));
  terminal_ = true;
  for (const char* answer : {"n\n", "n\n", "y\n"}) {
    EXPECT_FALSE(std::filesystem::exists(Path("new.yaml")));
    EXPECT_FALSE(std::filesystem::exists(Path("new.yaml.files")));
    typed_ = answer;
    const auto outcome = Run({"rollback", "r-2", "--write-ensemble", Path("new.yaml")});
    EXPECT_EQ(outcome.err.find("is there already"), std::string::npos) << outcome.err;
  }
  EXPECT_TRUE(config::LoadEnsembleFile(Path("new.yaml")));
}

TEST_F(GoingOnTest, ASecretThatIsNotHereIsNamed) {
  auto file = File("r-2", 1'700'000'100'000);
  file.spec = config::LoadEnsembleFile(Path("ensemble.yaml"))->spec;
  file.spec.config.settings["a.password"] = "hunter2";
  file.spec.config.java.options = {"-Db.password=hunter2"};
  file.spec.servers.back().settings["c.password"] = "hunter2";
  file.state.servers.push_back({.id = {3},
                                .origin = Generation("old3", {3, 8, 4}),
                                .target = Generation("new3", {3, 9, 4})});
  Store(Record(file, 2, 3));
  const auto missing = Run({"resume", "r-2", "--check"});
  EXPECT_EQ(missing.code, 5);
  for (const char* said : {"config.settings.a.password",
                           "-Db.password=********",
                           "server 3: c.password",
                           "put it into"}) {
    EXPECT_NE(missing.err.find(said), std::string::npos) << said << missing.err;
  }
  std::string text = kEnsembleText;
  Write("ensemble.yaml", text.replace(text.find("{tickTime"), 1, "{a.password: x, "));
  const auto fewer = Run({"resume", "r-2", "--check"});
  EXPECT_EQ(fewer.err.find("a.password"), std::string::npos) << fewer.err;
  EXPECT_NE(fewer.err.find("c.password"), std::string::npos) << fewer.err;
}

TEST_F(GoingOnTest, WhetherARunMayBeGoneOnWithIsSaidAndNothingIsChanged) {
  auto file = File("r-2", 1'700'000'100'000);
  file.spec = config::LoadEnsembleFile(Path("ensemble.yaml"))->spec;
  file.state.servers.push_back({.id = {3},
                                .origin = Generation("old3", {3, 8, 4}),
                                .target = Generation("new3", {3, 9, 4})});
  Store(Record(Ended(file, core::RunOutcome::kHalted), 2, 3));
  const auto writer = StoredRunJournal::OpenToWrite(Path("state/lab"));  // it is not written to
  ASSERT_TRUE(writer);
  const auto may = Run({"resume", "r-2", "--check"});
  EXPECT_EQ(may.code, 0) << may.err;
  EXPECT_EQ(may.out,
            "run r-2 (upgrade to 3.9.4, halted) may be gone on with: 0 of 3 servers done\n");
  EXPECT_EQ(words_.holder, "");
  EXPECT_NE(Run({"resume", "r-2", "--check", "-o", "json"}).out.find("\"done\": []"),
            std::string::npos);
  Write("ensemble.yaml",
        std::string(kEnsembleText) + "checks: [{name: mine, command: [/bin/true]}]\n");
  EXPECT_EQ(Run({"resume", "r-2", "--check"}).code, 5);
  EXPECT_EQ(Run({"resume", "r-2", "--check", "--detach"}).code, 2);
  EXPECT_EQ(Run({"resume", "r-9", "--check"}).code, 1);
}

}  // namespace
}  // namespace zoowarden::controller
