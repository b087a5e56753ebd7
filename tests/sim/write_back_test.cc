// What ensemble.yaml says after a run, also after one that was interrupted and went on later.
#include "tests/sim/roll_command.h"

namespace zoowarden::sim {
namespace {

class WriteBackTest : public RollCommandTest {
 protected:
  void Replace(const std::string& what, const std::string& by) {
    auto text = File();
    const auto at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    Write("ensemble.yaml", text.replace(at, what.size(), by));
  }
  // What ensemble.yaml asks for now works on every server.
  void OfferWhatTheFileSays() {
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    ASSERT_TRUE(loaded) << loaded.error().message();
    for (const auto& [id, generation] : controller::WantedGenerations(loaded->spec)) {
      roll_.world.Install(id, generation, Behaviour::kGood);
    }
  }
  // Stopped in the middle; goes on after somebody edited the file.
  Outcome ResumedAfter(const std::vector<std::string>& line, const std::function<void()>& edit) {
    const auto before = roll_.Proceeded().size();
    interrupted_ = [this, before] { return roll_.Proceeded().size() > before; };
    const auto stopped = Run(line);
    EXPECT_EQ(stopped.code, 130) << stopped.err;
    interrupted_ = [] { return false; };
    edit();
    edited_ = File();
    return Run({"resume", "--yes"});
  }

  std::string edited_;
};

TEST_F(WriteBackTest, AnApplyAndARestartLeaveTheFileAlone) {
  // As a person writes it who has no digest at hand: the next run of `upgrade` would fill it in.
  Replace("version: 3.8.4, source", "version: 3.8.4 , source");
  Write("ensemble.yaml", File() + "config: {settings: {snapCount: 50000}}\n");
  OfferWhatTheFileSays();
  const auto planned_for = [this] {
    Replace("version: 3.8.4 ", "version: 3.8.5 ");  // for the next release, which comes later
  };
  const auto applied = ResumedAfter({"apply", "--yes"}, planned_for);
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_EQ(File(), edited_);
  EXPECT_EQ(applied.err.find("warning: the run succeeded"), std::string::npos) << applied.err;
  Replace("version: 3.8.5 ", "version: 3.8.4 ");
  const auto restarted = ResumedAfter({"restart", "--yes"}, planned_for);
  EXPECT_EQ(restarted.code, 0) << restarted.err;
  EXPECT_EQ(File(), edited_);
}

TEST_F(WriteBackTest, AReleaseThatSomebodyWroteMeanwhileStays) {
  const auto resumed =
      ResumedAfter({"upgrade", "--to", "3.9.4", "--release", Path("zk-3.9.4.tar.gz"), "--yes"},
                   [this] { Replace("version: 3.8.4", "version: 3.8.5"); });
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(File(), edited_);
  EXPECT_NE(resumed.err.find("says another `release:` than when the run began"), std::string::npos)
      << resumed.err;
}

TEST_F(WriteBackTest, WhatElseSomebodyWroteMeanwhileIsKeptBesideTheRelease) {
  const auto resumed =
      ResumedAfter({"upgrade", "--to", "3.9.4", "--release", Path("zk-3.9.4.tar.gz"), "--yes"},
                   [this] { Write("ensemble.yaml", File() + "# a note\n"); });
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(File().find("version: 3.9.4"), std::string::npos) << File();
  EXPECT_NE(File().find("# a note"), std::string::npos) << File();
}

TEST_F(WriteBackTest, ASettingThatSomebodyWroteMeanwhileStays) {
  Write("ensemble.yaml", File() + "config: {settings: {tickTime: 2000}}\n");
  Replace("tickTime: 2000", "tickTime: 2500");
  OfferWhatTheFileSays();
  Replace("tickTime: 2500", "tickTime: 2000");
  OfferWhatTheFileSays();
  ASSERT_EQ(Run({"apply", "--yes"}).code, 0);
  const auto resumed = ResumedAfter({"config", "set", "tickTime=2500", "--yes"},
                                    [this] { Replace("tickTime: 2000", "tickTime: 2600"); });
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(File(), edited_);
  EXPECT_NE(resumed.err.find("says another value of a setting"), std::string::npos) << resumed.err;
}

TEST_F(WriteBackTest, ASettingThatNobodyElseWroteIsWritten) {
  Write("ensemble.yaml", File() + "config: {settings: {tickTime: 2500}}\n");
  OfferWhatTheFileSays();
  Replace("tickTime: 2500", "tickTime: 2000");
  OfferWhatTheFileSays();
  ASSERT_EQ(Run({"apply", "--yes"}).code, 0);
  const auto resumed = ResumedAfter({"config", "set", "tickTime=2500", "--yes"}, [] {});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(File().find("tickTime: 2500"), std::string::npos) << File();
}

}  // namespace
}  // namespace zoowarden::sim
