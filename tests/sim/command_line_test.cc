#include "tests/sim/roll_command.h"

namespace zoowarden::sim {
namespace {

TEST_F(RollCommandTest, AnUpgradeRollsAllEditsTheFileAndIsDoneOnce) {
  const auto done = Upgrade();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
  EXPECT_NE(done.out.find("succeeded after"), std::string::npos) << done.out;
  EXPECT_NE(done.err.find("gate_passed"), std::string::npos);
  auto expected = before_;
  expected.replace(expected.find("3.8.4"), 5, "3.9.4");
  expected.replace(expected.find("zk-3.8.4"), 8, "zk-3.9.4");
  const auto old_digest = sys::Digest(sys::Hash::kSha512, "old archive");
  expected.replace(
      expected.find(old_digest), old_digest.size(), sys::Digest(sys::Hash::kSha512, "new archive"));
  EXPECT_EQ(File(), expected);
  const auto again = Upgrade();
  EXPECT_EQ(again.code, 0);
  EXPECT_NE(again.out.find("nothing to do"), std::string::npos);
  EXPECT_EQ(roll_.Proceeded().size(), 3U);
}

TEST_F(RollCommandTest, AFailedReleaseExitsSixAndLeavesTheFileAlone) {
  Offer(Behaviour::kNeverJoins);
  const auto done = Upgrade();
  EXPECT_EQ(done.code, 6) << done.err;
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_EQ(File(), before_);
  EXPECT_NE(done.err.find("was rolled back"), std::string::npos);
  EXPECT_NE(done.err.find("next: `zoowarden runs show "), std::string::npos);
}

TEST_F(RollCommandTest, WithJsonTheRunIsTheOnlyThingOnStdout) {
  const auto done = Upgrade({"-o", "json"});
  EXPECT_EQ(done.code, 0);
  const auto document = controller::Document::FromJson(done.out);
  ASSERT_TRUE(document) << done.out;
  EXPECT_EQ(std::get<std::string>(document->Find("outcome")->value()), "succeeded");
  EXPECT_EQ(document->Find("error"), nullptr);
  EXPECT_NE(done.err.find("upgrade of ensemble sim to 3.9.4"), std::string::npos);
}

TEST_F(RollCommandTest, WithJsonAFailedRunCarriesTheErrorObject) {
  Offer(Behaviour::kExits);
  const auto done = Upgrade({"-o", "json"});
  EXPECT_EQ(done.code, 6);
  const auto document = controller::Document::FromJson(done.out);
  ASSERT_TRUE(document) << done.out;
  EXPECT_EQ(std::get<std::string>(document->Find("outcome")->value()), "rolled_back");
  ASSERT_NE(document->Find("error"), nullptr);
  EXPECT_EQ(std::get<std::string>(document->Find("error")->Find("reason")->value()),
            "run.rolled_back");
}

TEST_F(RollCommandTest, AHaltedRunSaysHowToGoOnAndIsClosedByRollback) {
  auto text = before_;
  text.replace(text.find("soak: 2s"), 8, "on_failure: rollback_server, soak: 2s");
  Write("ensemble.yaml", text);
  Offer(Behaviour::kNeverJoins, {model::ServerId{2}});
  const auto done = Upgrade();
  EXPECT_EQ(done.code, 10) << done.err;
  EXPECT_NE(done.err.find("`zoowarden rollback "), std::string::npos);
  EXPECT_EQ(Run({"status"}).code, 1);
  const auto back = Run({"rollback", "--yes"});
  EXPECT_EQ(back.code, 0) << back.err;  // it did what it was asked to
  EXPECT_NE(back.out.find("was rolled back"), std::string::npos) << back.err;
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_EQ(Run({"rollback", "--yes"}).code, 1);
}

TEST_F(RollCommandTest, AnInterruptedRunIsResumedByAnotherMachineAndClosesTheFile) {
  interrupted_ = [this] { return !roll_.Proceeded().empty(); };
  const auto stopped = Upgrade();
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("next: `zoowarden resume "), std::string::npos);
  EXPECT_EQ(roll_.Proceeded().size(), 1U);
  EXPECT_EQ(File(), before_);

  interrupted_ = [] { return false; };
  const auto refused = Upgrade();
  EXPECT_EQ(refused.code, 5) << refused.err;
  EXPECT_NE(refused.err.find("was interrupted; `zoowarden resume` goes on"), std::string::npos);

  environment_["ZOOWARDEN_STATE"] = Path("another machine");
  const auto resumed = Run({"resume", "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
  EXPECT_EQ(roll_.Proceeded().size(), 3U);
  EXPECT_NE(File().find("version: 3.9.4"), std::string::npos);
  const auto shown = Run({"runs", "list"});
  EXPECT_NE(shown.out.find("succeeded"), std::string::npos);
}

TEST_F(RollCommandTest, ARecordThatNamesOtherChecksOrAgentsIsNotResumed) {
  interrupted_ = [this] { return !roll_.Proceeded().empty(); };
  ASSERT_EQ(Upgrade().code, 130);
  interrupted_ = [] { return false; };
  Write("ensemble.yaml", before_ + "checks: [{name: smoke, command: [./smoke.sh]}]\n");
  auto refused = Run({"resume", "--yes"});
  EXPECT_EQ(refused.code, 5);
  EXPECT_NE(refused.err.find("other `checks:`"), std::string::npos) << refused.err;
  auto moved = before_;
  moved.replace(moved.find("server3:1"), 9, "server9:1");
  Write("ensemble.yaml", moved);
  refused = Run({"resume", "--yes"});
  EXPECT_EQ(refused.code, 5);
  EXPECT_NE(refused.err.find("other `servers:`"), std::string::npos) << refused.err;
}

TEST_F(RollCommandTest, SecretsAreInNoRecordAndComeFromTheFileAgain) {
  auto text = before_ +
              "config: {java: {options: [\"-Xss1m\", \"-Dkey.password=hunter2\"]}, "
              "settings: {ssl.keyStore.password: hunter2}}\n";
  Write("ensemble.yaml", text);
  Offer(Behaviour::kGood);
  interrupted_ = [this] { return !roll_.Proceeded().empty(); };
  ASSERT_EQ(Upgrade().code, 130);
  for (const auto& [id, record] : roll_.agents.agent({1}).records) {
    EXPECT_EQ(record.state_json.find("hunter2"), std::string::npos) << record.state_json;
    EXPECT_NE(record.state_json.find("-Dkey.password=********"), std::string::npos);
  }
  EXPECT_EQ(Run({"config", "show", "-o", "json"}).out.find("hunter2"), std::string::npos);
  interrupted_ = [] { return false; };
  environment_["ZOOWARDEN_STATE"] = Path("another machine");
  Write("ensemble.yaml", before_ + "config: {settings: {ssl.keyStore.password: hunter2}}\n");
  const auto refused = Run({"resume", "--yes"});
  EXPECT_EQ(refused.code, 5) << refused.err;
  EXPECT_NE(refused.err.find("-Dkey.password=********; put it into"), std::string::npos)
      << refused.err;
  Write("ensemble.yaml", text);
  EXPECT_EQ(Run({"resume", "--yes"}).code, 0);
}

TEST_F(RollCommandTest, ARunThatOnlyHasToBeClosedIsNotRolledBack) {
  ASSERT_EQ(Upgrade().code, 0);
  // As a kill between the edit of the file and the closing record leaves it.
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    auto& record = roll_.agents.agent({id}).records.begin()->second;
    auto run = controller::DecodeRun(record.state_json);
    ASSERT_TRUE(run);
    run->state.phase = core::RunPhase::kClosing;
    record.state_json = controller::EncodeRun(*run);
  }
  environment_["ZOOWARDEN_STATE"] = Path("another machine");
  const auto refused = Run({"rollback", "--yes"});
  EXPECT_EQ(refused.code, 5) << refused.err;
  EXPECT_NE(refused.err.find("`zoowarden resume "), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("`zoowarden upgrade --to 3.8.4 --release ARCHIVE`"), std::string::npos)
      << refused.err;
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
  EXPECT_NE(File().find("version: 3.9.4"), std::string::npos);
  EXPECT_EQ(Run({"resume", "--yes"}).code, 0);
}

class ForgedRecordTest : public RollCommandTest {
 protected:
  void SetUp() override {
    RollCommandTest::SetUp();
    InterruptAnUpgrade();
  }
  void OnAnotherMachine() { environment_["ZOOWARDEN_STATE"] = Path("another machine"); }

  // A newer copy that leads elsewhere.
  void Forge(std::uint32_t id) {
    auto& record = roll_.agents.agent({id}).records.begin()->second;
    auto run = controller::DecodeRun(record.state_json);
    ASSERT_TRUE(run);
    run->spec.release.source = "/forged.tar.gz";
    run->state.policy.good_rounds = 1;
    record.state_json = controller::EncodeRun(*run);
    record.sequence += 100;
  }
};

TEST_F(ForgedRecordTest, OneAgentsOtherPlanIsNotUsedAndTheAgentIsNamed) {
  Forge(2);
  OnAnotherMachine();
  const auto resumed = Run({"resume", "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("warning: server 2 has another plan"), std::string::npos)
      << resumed.err;
  EXPECT_EQ(File().find("forged"), std::string::npos) << File();
  EXPECT_EQ(roll_.Versions(), "3.9.4 3.9.4 3.9.4");
}

TEST_F(ForgedRecordTest, WithoutAMajorityOfOneMindNothingIsResumed) {
  Forge(2);
  OnAnotherMachine();
  roll_.agents.agent({3}).reachable = false;
  for (const char* command : {"resume", "rollback"}) {
    const auto refused = Run({command, "--yes"});
    EXPECT_EQ(refused.code, 5) << refused.err;
    EXPECT_NE(refused.err.find("2 of 3 agents must have the same"), std::string::npos)
        << refused.err;
    EXPECT_NE(refused.err.find("server 3: "), std::string::npos) << refused.err;
  }
  EXPECT_EQ(roll_.Proceeded().size(), 1U);
}

TEST_F(ForgedRecordTest, WhatThisMachineBeganItKnowsItself) {
  Forge(2);
  Forge(3);
  const auto resumed = Run({"resume", "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("warning: server 3 has another plan"), std::string::npos)
      << resumed.err;
  EXPECT_EQ(File().find("forged"), std::string::npos) << File();
}

// Another operator's controller comes between what was confirmed and the epoch.
class OvertakenTest : public RollCommandTest {
 protected:
  void SetUp() override {
    RollCommandTest::SetUp();
    InterruptAnUpgrade();
    roll_.run_id = roll_.agents.agent({1}).records.begin()->first;
  }

  // Once, when the command asks for leases for the last time before it acquires.
  void BeforeTheEpoch(std::function<void()> meanwhile) {
    roll_.agents.before_leases = [this, asked = 0, meanwhile = std::move(meanwhile)]() mutable {
      if (++asked == 2) {
        const auto once = std::exchange(meanwhile, nullptr);
        roll_.agents.before_leases = [] {};
        once();
      }
    };
  }
};

TEST_F(OvertakenTest, ARunThatAnotherControllerClosedIsNotRolledForwardAgain) {
  BeforeTheEpoch([roll = &roll_] {
    const auto back = roll->Resume(core::RunGoal::kBack);
    ASSERT_TRUE(back) << back.error().message();
    ASSERT_EQ(back->state.outcome, core::RunOutcome::kRolledBack);
  });
  const auto refused = Run({"resume", "--yes"});
  EXPECT_EQ(refused.code, 5) << refused.err;
  EXPECT_EQ(roll_.Versions(), "3.8.4 3.8.4 3.8.4");
  EXPECT_NE(refused.err.find("rolled_back"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("by holder"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("`zoowarden runs show " + roll_.run_id), std::string::npos);
  EXPECT_EQ(refused.err.find("stays open"), std::string::npos) << refused.err;
  EXPECT_EQ(Run({"resume", "--yes"}).code, 1);  // and let go of, and closed
  EXPECT_EQ(Upgrade().code, 0);
}

// Whoever took it may have closed it by now: this controller cannot know.
TEST_F(RollCommandTest, WhoLostTheRunDoesNotSayThatItStaysOpen) {
  roll_.agents.on_tick = [this, taken = false]() mutable {
    if (!taken && !roll_.Proceeded().empty()) {
      taken = true;
      for (const std::uint32_t id : {1U, 2U, 3U}) {
        ASSERT_TRUE(roll_.agents.agent({id}).lease().Acquire(
            {.run_id = roll_.agents.agent({1}).records.begin()->first,
             .epoch = 7,
             .holder = "another controller"},
            /*take_over=*/true));
      }
    }
  };
  const auto lost = Upgrade();
  EXPECT_EQ(lost.code, 8) << lost.err;
  EXPECT_EQ(lost.err.find("stays open"), std::string::npos) << lost.err;
  EXPECT_NE(lost.err.find("says what becomes of it"), std::string::npos) << lost.err;
}

TEST_F(OvertakenTest, ARunThatAnotherControllerTookFurtherIsNotGoneOnWithFromTheOldRecord) {
  BeforeTheEpoch([roll = &roll_] {
    roll->stop = [] { return true; };
    const auto back = roll->Resume(core::RunGoal::kBack);
    ASSERT_TRUE(back && back->interrupted);
    for (const auto& server : roll->spec.servers) {
      auto& lease = roll->agents.agent(server.id).lease();
      ASSERT_TRUE(lease.Release(lease.Get().owner));
    }
  });
  const auto refused = Run({"resume", "--yes"});
  EXPECT_EQ(refused.code, 5) << refused.err;
  EXPECT_NE(refused.err.find("has gone on"), std::string::npos) << refused.err;
  EXPECT_EQ(roll_.Proceeded().size(), 1U);
}

TEST_F(OvertakenTest, WithoutAMajoritysRecordsNobodyKnowsWhatHappenedMeanwhile) {
  roll_.agents.hides_records = [asked = 0](model::ServerId id) mutable {
    return ++asked > 6 && id.value > 1;  // the first two questions are those before the epoch
  };
  const auto refused = Run({"resume", "--yes"});
  EXPECT_EQ(refused.code, 1) << refused.err;
  EXPECT_NE(refused.err.find("1 of 3 agents"), std::string::npos) << refused.err;
  EXPECT_EQ(roll_.Proceeded().size(), 1U);
}

TEST_F(RollCommandTest, ARunThatCouldNotBeginLeavesNothingOpen) {
  roll_.agents.stores = [](model::ServerId id) { return id.value == 1; };
  const auto failed = Upgrade();
  EXPECT_EQ(failed.code, 9) << failed.err;
  EXPECT_EQ(failed.err.find("stays open"), std::string::npos) << failed.err;
  roll_.agents.stores = [](model::ServerId) { return true; };
  // One agent has a record of it; no controller acted on that.
  EXPECT_EQ(Run({"resume", "--yes"}).code, 1);
  EXPECT_EQ(Upgrade().code, 0);
}

TEST_F(RollCommandTest, ADegradedEnsembleIsRefusedAndNothingIsTouched) {
  roll_.world.Kill({3});
  const auto done = Upgrade();
  EXPECT_EQ(done.code, 5) << done.err;
  EXPECT_TRUE(roll_.Proceeded().empty());
}

TEST_F(RollCommandTest, VerifyProvesEveryMemberAndNamesTheOneThatIsDown) {
  ASSERT_EQ(Upgrade().code, 0);
  const auto good = Run({"verify"});
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("ensemble sim: verified"), std::string::npos);
  interrupted_ = [] { return true; };
  const auto stopped = Run({"verify", "-o", "json"});
  EXPECT_EQ(stopped.code, 130);
  EXPECT_NE(stopped.out.find("\"verified\": false"), std::string::npos) << stopped.out;
  EXPECT_NE(Run({"verify"}).out.find("ensemble sim: no problem until it was STOPPED"),
            std::string::npos);
  interrupted_ = [] { return false; };
  roll_.world.Kill({2});
  roll_.agents.Pass(std::chrono::seconds(5));
  const auto bad = Run({"verify"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_NE(bad.err.find("server 2"), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::sim
