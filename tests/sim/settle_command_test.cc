// `zoowarden server confirm|retry|rollback|close`: the ways out of unconfirmed and needs_operator.
#include "tests/sim/roll_command.h"

namespace zoowarden::sim {
namespace {

using model::OperationState;

class SettleCommandTest : public RollCommandTest {
 protected:
  // The controller loses the agent of the first server right after its stop; alone it ends up
  // parked, and the run halts.
  void ParkUnconfirmed() {
    roll_.agents.on_tick = [this] {
      if (!roll_.Proceeded().empty() && Agent().runner().state() == OperationState::kVerifying) {
        Agent().reachable = false;
      }
    };
    ASSERT_EQ(Upgrade().code, 10);
    roll_.agents.on_tick = [] {};
    Agent().reachable = true;
    ASSERT_EQ(State(), OperationState::kUnconfirmed);
    run_ = Agent().runner().stored().run_id;
  }

  // Neither generation stays up on the first server.
  void NeedAnOperator() {
    Offer(Behaviour::kExits);
    roll_.agents.on_tick = [this] {
      if (State() == OperationState::kSwitching || State() == OperationState::kStarting) {
        Old() = Behaviour::kExits;
      }
    };
    ASSERT_EQ(Upgrade().code, 7);
    roll_.agents.on_tick = [] {};
    ASSERT_EQ(State(), OperationState::kNeedsOperator);
    run_ = Agent().runner().stored().run_id;
  }

  Behaviour& Old() {
    auto& server = roll_.world.server(kVictim);
    return server.generations.at("old").behaviour;
  }
  Behaviour& New() {
    auto& server = roll_.world.server(kVictim);
    return server.generations.at(Agent().runner().stored().to).behaviour;
  }
  SimAgent& Agent() { return roll_.agents.agent(kVictim); }
  OperationState State() { return Agent().runner().state(); }

  Outcome Settle(const std::string& verb, const std::vector<std::string>& more = {"--yes"}) {
    std::vector<std::string> line{"server", verb, "1"};
    line.insert(line.end(), more.begin(), more.end());
    calls_before_ = roll_.agents.calls;
    return Run(line);
  }

  // Refused: with this code, these words, and no call that changes anything on any agent.
  void ExpectUntouched(const Outcome& outcome, int code, const std::string& words) {
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
    EXPECT_EQ(roll_.agents.calls, calls_before_);
  }

  static constexpr model::ServerId kVictim{1};
  std::string run_;
  std::vector<std::string> calls_before_;
};

TEST_F(SettleCommandTest, AParkedServerIsConfirmedAndItsRunGoesOn) {
  ParkUnconfirmed();
  const auto epoch = Agent().lease().Get().owner.epoch;
  const auto pid = roll_.world.server(kVictim).process->pid;
  const auto done = Settle("confirm");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kCommitted);
  EXPECT_GT(Agent().lease().Get().owner.epoch, epoch);
  EXPECT_EQ(roll_.world.server(kVictim).process->pid, pid);
  EXPECT_NE(done.err.find("run " + run_ + " is still open"), std::string::npos) << done.err;

  const auto table = Run({"runs", "list"}).out;
  const auto row = table.substr(table.find("server confirm"));
  EXPECT_EQ(row.substr(0, row.find('\n')).find(" of "), std::string::npos)
      << "no roll, so nothing of it is done: " << table;
  const auto shown = Run({"runs", "list", "-o", "json"});
  const auto document = controller::Document::FromJson(shown.out);
  ASSERT_TRUE(document);
  const auto& runs = std::get<controller::Document::List>(document->Find("runs")->value());
  EXPECT_EQ(std::get<std::string>(runs.front().Find("kind")->value()), "server confirm");
  EXPECT_EQ(std::get<std::string>(runs.front().Find("holder")->value()),
            "zoowarden://lab/operator");
  EXPECT_EQ(Run({"resume", "--yes"}).code, 0);
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
}

TEST_F(SettleCommandTest, AParkedServerThatServesIsTakenBackBehindTheGates) {
  ParkUnconfirmed();
  const auto done = Settle("rollback");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kRolledBack);
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_NE(done.err.find("stop_intended"), std::string::npos) << done.err;
  EXPECT_EQ(roll_.world.most_down_at_once(), 1);
  EXPECT_EQ(Run({"rollback", "--yes"}).code, 0);
}

TEST_F(SettleCommandTest, ServingItIsNotStoppedWithoutAQuorumOfTheOthers) {
  ParkUnconfirmed();
  roll_.world.Kill({3});
  roll_.agents.Pass(std::chrono::seconds(5));
  const auto pid = roll_.world.server(kVictim).process->pid;
  ExpectUntouched(Settle("rollback"), 5, "it is not safe to stop server 1");
  EXPECT_EQ(roll_.world.server(kVictim).process->pid, pid);
  EXPECT_EQ(State(), OperationState::kUnconfirmed);
}

TEST_F(SettleCommandTest, ConfirmingNeedsAQuorumAndNotEveryMember) {
  ParkUnconfirmed();
  roll_.world.Kill({3});
  roll_.agents.Pass(std::chrono::seconds(5));
  const auto done = Settle("confirm");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kCommitted);
}

TEST_F(SettleCommandTest, WhatDoesNotServeIsNotConfirmed) {
  ParkUnconfirmed();
  roll_.world.Freeze(kVictim, true);
  ExpectUntouched(Settle("confirm"), 5, "what is not proved is not confirmed: server 1");
  EXPECT_EQ(State(), OperationState::kUnconfirmed);
  roll_.world.Freeze(kVictim, false);
  roll_.agents.Pass(std::chrono::seconds(20));
  EXPECT_EQ(Settle("confirm").code, 0);
}

TEST_F(SettleCommandTest, AServerThatNeedsAnOperatorGoesBackOnceMore) {
  NeedAnOperator();
  const auto stuck = Settle("rollback");
  EXPECT_EQ(stuck.code, 7) << stuck.err;
  EXPECT_EQ(State(), OperationState::kNeedsOperator);
  Old() = Behaviour::kGood;
  const auto done = Settle("rollback");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kRolledBack);
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
}

// `current` could not be pointed back (a full disk), and a person started the old one by hand.
TEST_F(SettleCommandTest, GoingBackToWhatRunsAlreadyPointsCurrentBackAndStopsNothing) {
  NeedAnOperator();
  auto& server = roll_.world.server(kVictim);
  Old() = Behaviour::kGood;
  roll_.world.Start(kVictim);
  server.current = Agent().runner().stored().to;
  roll_.agents.Pass(std::chrono::seconds(10));
  const auto pid = server.process->pid;
  const auto done = Settle("rollback");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kRolledBack);
  EXPECT_EQ(server.current, "old");
  EXPECT_EQ(server.process->pid, pid);
}

TEST_F(SettleCommandTest, GoingBackToWhatRunsAndIsCurrentOnlyForgetsTheOperation) {
  NeedAnOperator();
  Old() = Behaviour::kGood;
  roll_.world.Start(kVictim);
  roll_.agents.Pass(std::chrono::seconds(10));
  const auto pid = roll_.world.server(kVictim).process->pid;
  const auto done = Settle("rollback");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kIdle);
  EXPECT_EQ(roll_.world.server(kVictim).process->pid, pid);
}

TEST_F(SettleCommandTest, ARetryStartsTheNewGenerationAndCommitsItBehindItsGate) {
  NeedAnOperator();
  New() = Behaviour::kGood;
  const auto done = Settle("retry");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kCommitted);
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.8.4 3.8.4");
  EXPECT_NE(done.err.find("gate_passed"), std::string::npos) << done.err;
}

TEST_F(SettleCommandTest, ARetryThatFailsGoesBackAndSaysSo) {
  NeedAnOperator();
  Old() = Behaviour::kGood;
  const auto back = Settle("retry");
  EXPECT_EQ(back.code, 6) << back.err;
  EXPECT_EQ(State(), OperationState::kRolledBack);
}

TEST_F(SettleCommandTest, ARetryOfWhatRunsIsRefused) {
  ParkUnconfirmed();
  ExpectUntouched(Settle("retry"), 5, "still has process");
}

TEST_F(SettleCommandTest, WhatAPersonRepairedByHandIsConfirmed) {
  NeedAnOperator();
  Old() = Behaviour::kGood;
  roll_.world.Start(kVictim);  // the old generation, by hand
  roll_.agents.Pass(std::chrono::seconds(10));
  const auto done = Settle("confirm");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kIdle);
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
}

TEST_F(SettleCommandTest, ClosingForgetsAndTouchesNothing) {
  NeedAnOperator();
  const auto done = Settle("close");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(State(), OperationState::kIdle);
  EXPECT_FALSE(roll_.world.server(kVictim).process.has_value());
}

TEST_F(SettleCommandTest, AnUnconfirmedServerIsNotForgotten) {
  ParkUnconfirmed();
  ExpectUntouched(Settle("close"), 5, "confirm it or roll it back");
}

TEST_F(SettleCommandTest, WhatWaitsForNobodyIsRefused) {
  for (const char* verb : {"confirm", "retry", "rollback", "close"}) {
    ExpectUntouched(Settle(verb), 5, "waits for nobody");
  }
}

TEST_F(SettleCommandTest, AnUnknownServerIsRefusedAndTheKnownOnesAreNamed) {
  const auto refused = Run({"server", "confirm", "9", "--yes"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("it has 1, 2, 3"), std::string::npos) << refused.err;
}

TEST_F(SettleCommandTest, ASilentAgentIsNamed) {
  NeedAnOperator();
  Agent().reachable = false;
  ExpectUntouched(Settle("rollback"), 1, "the agent of server 1 does not answer");
}

TEST_F(SettleCommandTest, WithoutAnAnswerNothingIsDone) {
  NeedAnOperator();
  ExpectUntouched(Settle("rollback", {}), 2, "add --yes");
  terminal_ = true;
  typed_ = "n\n";
  ExpectUntouched(Settle("rollback", {}), 1, "nothing was changed");
  EXPECT_EQ(State(), OperationState::kNeedsOperator);
}

TEST_F(SettleCommandTest, AViewerMayNot) {
  NeedAnOperator();
  identity_ = "zoowarden://lab/viewer";
  ExpectUntouched(Settle("close"), 4, "use an operator's");
}

TEST_F(SettleCommandTest, AnotherControllersHandIsRespected) {
  NeedAnOperator();
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    auto& lease = roll_.agents.agent({id}).lease();
    const auto epoch = lease.Get().owner.epoch + 1;
    ASSERT_TRUE(lease.Acquire({.run_id = "other", .epoch = epoch, .holder = "somebody"}, false));
  }
  const auto held = Settle("close");
  EXPECT_EQ(held.code, 8) << held.err;
  EXPECT_NE(held.err.find("somebody"), std::string::npos);
  EXPECT_EQ(State(), OperationState::kNeedsOperator);
  EXPECT_EQ(Settle("close", {"--yes", "--take-over"}).code, 0);
  const auto taken_over = roll_.agents.agent({2}).records.rbegin()->first;
  const auto shown = Run({"runs", "show", taken_over, "-o", "json"});
  EXPECT_NE(shown.out.find("--take-over interrupted somebody in run other"), std::string::npos)
      << shown.out;
}

TEST_F(SettleCommandTest, WhereNobodyIsInterruptedTheRecordSaysSoOfNobody) {
  NeedAnOperator();
  ASSERT_EQ(Settle("close", {"--yes", "--take-over"}).code, 0);
  const auto shown =
      Run({"runs", "show", roll_.agents.agent({2}).records.rbegin()->first, "-o", "json"});
  EXPECT_EQ(shown.out.find("taken_over"), std::string::npos) << shown.out;
}

TEST_F(SettleCommandTest, WithoutAMajorityNothingIsDone) {
  NeedAnOperator();
  roll_.agents.agent({2}).reachable = false;
  roll_.agents.agent({3}).reachable = false;
  const auto refused = Settle("close");
  EXPECT_EQ(refused.code, 1) << refused.err;
  EXPECT_EQ(State(), OperationState::kNeedsOperator);
}

TEST_F(SettleCommandTest, ASettlingRunIsNeverTheOneToGoOnWith) {
  NeedAnOperator();
  interrupted_ = [] { return true; };
  EXPECT_EQ(Settle("close").code, 130);
  interrupted_ = [] { return false; };
  const auto shown = Run({"runs", "list"});
  EXPECT_NE(shown.out.find("interrupted"), std::string::npos) << shown.out;
  ASSERT_EQ(Settle("close").code, 0);
  const auto settled = roll_.agents.agent({2}).records.rbegin()->first;
  const auto refused = Run({"resume", settled, "--yes"});
  EXPECT_EQ(refused.code, 5) << refused.err;
  EXPECT_NE(refused.err.find("`zoowarden server close 1`"), std::string::npos) << refused.err;
  Offer(Behaviour::kGood);
  Old() = Behaviour::kGood;
  EXPECT_EQ(Run({"resume", "--yes"}).code, 0);  // the upgrade, which is what is open
}

TEST_F(SettleCommandTest, WithJsonTheRunIsTheOnlyThingOnStdout) {
  NeedAnOperator();
  const auto done = Settle("close", {"--yes", "-o", "json"});
  const auto document = controller::Document::FromJson(done.out);
  ASSERT_TRUE(document) << done.out;
  EXPECT_EQ(std::get<std::string>(document->Find("outcome")->value()), "succeeded");
  const auto* settles = document->Find("settles");
  ASSERT_NE(settles, nullptr);
  EXPECT_EQ(std::get<std::string>(settles->Find("verb")->value()), "close");
  const auto refused = Settle("close", {"--yes", "-o", "json"});
  const auto error = controller::Document::FromJson(refused.out);
  ASSERT_TRUE(error) << refused.out;
  EXPECT_EQ(std::get<std::string>(error->Find("error")->Find("reason")->value()),
            "settle.not_waiting");
}

}  // namespace
}  // namespace zoowarden::sim
