// `zoowarden pause` and `abort`: the run is taken out of its controller's hands and stops where
// nothing of its doing is under way.
#include "controller/cli/run_records.h"
#include "controller/run/lease.h"
#include "tests/sim/roll_command.h"

#include <filesystem>

namespace zoowarden::sim {
namespace {

class PauseCommandTest : public RollCommandTest {
 protected:
  [[nodiscard]] std::string RunId() {
    const auto answers = roll_.agents.ListRecords();
    return answers.front().result->front().run_id;
  }

  // As a controller that died in the middle leaves it: the first server is told to stop, and no
  // more is heard.
  void KillAControllerInTheMiddle() {
    InterruptAnUpgrade();
    run_id_ = RunId();
  }

  // A controller elsewhere, in the middle of the run.
  void HoldElsewhere() {
    ASSERT_TRUE(controller::AcquireRun(
        roll_.agents, roll_.clock, {.run_id = run_id_, .holder = "zoowarden://sim/operator else"}));
  }

  std::string run_id_;
};

TEST_F(PauseCommandTest, ARunIsTakenFromTheControllerThatHoldsItAndGoesOnLater) {
  KillAControllerInTheMiddle();
  HoldElsewhere();
  const auto paused = Run({"pause", "--yes"});
  EXPECT_EQ(paused.code, 0) << paused.err;
  EXPECT_NE(paused.err.find("warning: pause interrupts zoowarden://sim/operator else in run"),
            std::string::npos)
      << paused.err;
  EXPECT_NE(paused.out.find("run " + run_id_ + " is paused at a safe point; `zoowarden resume " +
                            run_id_ + "` goes on"),
            std::string::npos)
      << paused.out;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.8.4 3.8.4");
  const auto shown = Run({"runs", "show", run_id_});
  EXPECT_NE(shown.out.find("taken_over: pause interrupted zoowarden://sim/operator else"),
            std::string::npos)
      << shown.out;
  EXPECT_NE(shown.out.find("left_open: left open at a safe point by zoowarden://lab/operator"),
            std::string::npos);
  const auto resumed = Run({"resume", "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
}

TEST_F(PauseCommandTest, AnAbortedRunIsHaltedAndCanGoBack) {
  KillAControllerInTheMiddle();
  const auto aborted = Run({"abort", run_id_, "--yes", "-o", "json"});
  EXPECT_EQ(aborted.code, 0) << aborted.err;
  const auto document = controller::Document::FromJson(aborted.out);
  ASSERT_TRUE(document) << aborted.out;
  EXPECT_EQ(std::get<std::string>(document->Find("outcome")->value()), "halted");
  EXPECT_EQ(std::get<std::string>(document->Find("outcome_reason")->value()), "run.aborted");
  EXPECT_EQ(Run({"status"}).code, 1);
  const auto back = Run({"rollback", "--yes"});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
}

TEST_F(PauseCommandTest, ARunThatChangedNothingIsClosed) {
  interrupted_ = [] { return true; };
  ASSERT_EQ(Upgrade().code, 130);
  interrupted_ = [] { return false; };
  const auto aborted = Run({"abort", "--yes"});
  EXPECT_EQ(aborted.code, 0) << aborted.err;
  EXPECT_NE(aborted.out.find("no server was changed"), std::string::npos) << aborted.out;
  EXPECT_TRUE(roll_.Proceeded().empty());
  EXPECT_EQ(Run({"status"}).code, 0);
}

TEST_F(PauseCommandTest, WhatHasEndedIsNeitherPausedNorAborted) {
  EXPECT_NE(Run({"pause", "--yes"}).err.find("no run is open, there is nothing to pause"),
            std::string::npos);
  KillAControllerInTheMiddle();
  ASSERT_EQ(Run({"abort", "--yes"}).code, 0);
  const auto calls = roll_.agents.calls;
  for (const char* verb : {"pause", "abort"}) {
    const auto refused = Run({verb, run_id_, "--yes"});
    EXPECT_EQ(refused.code, 5) << refused.err;
    EXPECT_NE(refused.err.find("run " + run_id_ + " is halted, nothing of it is under way"),
              std::string::npos)
        << refused.err;
  }
  EXPECT_EQ(roll_.agents.calls, calls);
  ASSERT_EQ(Run({"rollback", "--yes"}).code, 0);
  EXPECT_NE(Run({"abort", run_id_, "--yes"})
                .err.find("is closed (rolled_back), there is nothing to abort"),
            std::string::npos);
}

// The controller of this machine has the journal open.
TEST_F(PauseCommandTest, BesideItsControllerOnTheSameMachineTheAgentsCopiesDo) {
  KillAControllerInTheMiddle();
  HoldElsewhere();
  auto writer = controller::StoredRunJournal::OpenToWrite(Path("state/sim"));
  ASSERT_TRUE(writer) << writer.error().message();
  EXPECT_EQ(Run({"resume", "--yes", "--take-over"}).code, 8);
  const auto paused = Run({"pause", "--yes"});
  EXPECT_EQ(paused.code, 0) << paused.err;
  EXPECT_NE(Run({"runs", "show", run_id_}).out.find("left_open"), std::string::npos);
}

// Neither concerns who only stops it: what would be run or sent from here is not.
TEST_F(PauseCommandTest, OtherChecksAndAnotherArchiveHereAreNoReasonToLetItGoOn) {
  KillAControllerInTheMiddle();
  Write("zk-3.9.4.tar.gz", "another archive");
  Write("ensemble.yaml", before_ + "checks: [{name: smoke, command: [./smoke.sh]}]\n");
  EXPECT_EQ(Run({"resume", "--yes"}).code, 5);
  const auto paused = Run({"pause", "--yes"});
  EXPECT_EQ(paused.code, 0) << paused.err;
  EXPECT_NE(paused.err.find("warning: the run was begun with other `checks:`"), std::string::npos)
      << paused.err;
  Write("ensemble.yaml", before_);
  EXPECT_EQ(Run({"resume", "--yes"}).code, 5);
  const auto aborted = Run({"abort", "--yes"});
  EXPECT_EQ(aborted.code, 0) << aborted.err;
  EXPECT_EQ(aborted.err.find("checks"), std::string::npos) << aborted.err;
}

// The path of a check is the file's own directory's, so it is another one on each machine.
TEST_F(PauseCommandTest, FromAnotherDirectoryNoCheckIsRun) {
  Write("smoke.sh", "#!/bin/sh\n");
  std::filesystem::permissions(Path("smoke.sh"), std::filesystem::perms::owner_all);
  before_ += "checks: [{name: smoke, command: [./smoke.sh]}]\n";
  Write("ensemble.yaml", before_);
  KillAControllerInTheMiddle();
  std::filesystem::create_directory(Path("elsewhere"));
  Write("elsewhere/ensemble.yaml", before_);
  const auto paused = Run({"--ensemble", Path("elsewhere/ensemble.yaml"), "pause", "--yes"});
  EXPECT_EQ(paused.code, 0) << paused.err;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.8.4 3.8.4");
  const auto resumed = Run({"resume", "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST_F(PauseCommandTest, WithoutAYesNothingHappens) {
  KillAControllerInTheMiddle();
  terminal_ = true;
  typed_ = "n\n";
  const auto calls = roll_.agents.calls;
  const auto outcome = Run({"abort"});
  EXPECT_NE(outcome.err.find("at the next safe point, with the servers as they are then?"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(roll_.agents.calls, calls);
}

}  // namespace
}  // namespace zoowarden::sim
