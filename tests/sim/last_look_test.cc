// What happened between the question and the answer is looked at once more when the ensemble is
// held.
#include "tests/sim/roll_command.h"

namespace zoowarden::sim {
namespace {

class LastLookTest : public RollCommandTest {
 protected:
  // While this operator looks at the question, another one does that on his own machine.
  void Meanwhile(std::vector<std::string> line, int code) {
    terminal_ = true;
    typed_ = "y\n";
    before_answer_ = [this, line = std::move(line), code] {
      environment_["ZOOWARDEN_STATE"] = Path("another machine");
      const auto other = Run(line);
      EXPECT_EQ(other.code, code) << other.err;
      environment_["ZOOWARDEN_STATE"] = Path("state");
      stopped_ = roll_.Proceeded().size();
    };
  }
  // Nobody was stopped since, and nobody holds the ensemble.
  void ExpectRefused(const Outcome& outcome, const std::string& why) {
    EXPECT_EQ(outcome.code, 5) << outcome.err;
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
    EXPECT_EQ(roll_.Proceeded().size(), stopped_);
    EXPECT_EQ(Run({"status"}).err.find("holds"), std::string::npos);
  }

  std::size_t stopped_ = 0;
};

TEST_F(LastLookTest, APlanThatAnotherOperatorCarriedOutIsNotCarriedOutAgain) {
  ASSERT_EQ(Upgrade().code, 0);
  Write("plan.json", Run({"plan", "--restart", "-o", "json"}).out);
  Meanwhile({"apply", Path("plan.json"), "--yes"}, 0);
  ExpectRefused(Run({"apply", Path("plan.json")}), "make a new plan");
  EXPECT_EQ(stopped_, 6U);
}

TEST_F(LastLookTest, NorIsItGivenToAProcessOfItsOwn) {
  ASSERT_EQ(Upgrade().code, 0);
  Write("plan.json", Run({"plan", "--restart", "-o", "json"}).out);
  bool detached = false;
  detach_ = [&](const controller::DetachRequest&) -> base::Result<controller::Detached> {
    detached = true;
    return base::Fail(base::ErrorCode::kInternal, "not here");
  };
  Meanwhile({"apply", Path("plan.json"), "--yes"}, 0);
  ExpectRefused(Run({"apply", Path("plan.json"), "--detach"}), "make a new plan");
  EXPECT_FALSE(detached);
}

TEST_F(LastLookTest, WhatWasRolledBackMeanwhileIsNotTriedAgain) {
  auto text = before_;
  Write("ensemble.yaml", text.replace(text.find("3.8.4,"), 6, "3.9.4,"));
  const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
  ASSERT_TRUE(loaded) << loaded.error().message();
  for (const auto& [id, generation] : controller::WantedGenerations(loaded->spec)) {
    roll_.world.Install(id, generation, Behaviour::kNeverJoins);
  }
  Meanwhile({"apply", "--yes"}, 6);
  ExpectRefused(Run({"apply"}), "exactly this desired state");
}

TEST_F(LastLookTest, ARunThatWasBegunMeanwhileAndIsOpenIsGoneOnWithInstead) {
  interrupted_ = [this] { return !roll_.Proceeded().empty(); };
  Meanwhile({"upgrade", "--to", "3.9.4", "--release", Path("zk-3.9.4.tar.gz"), "--yes"}, 130);
  ExpectRefused(Run({"upgrade", "--to", "3.9.4", "--release", Path("zk-3.9.4.tar.gz")}),
                "was interrupted; `zoowarden resume` goes on with it");
}

TEST_F(LastLookTest, WithoutAMajoritysRecordsNobodyKnowsWhatWasRunMeanwhile) {
  terminal_ = true;
  typed_ = "y\n";
  before_answer_ = [this] {
    roll_.agents.hides_records = [](model::ServerId id) { return id.value > 1; };
  };
  const auto refused = Run({"upgrade", "--to", "3.9.4", "--release", Path("zk-3.9.4.tar.gz")});
  EXPECT_EQ(refused.code, 1) << refused.err;
  EXPECT_NE(refused.err.find("1 of 3 agents"), std::string::npos) << refused.err;
  EXPECT_TRUE(roll_.Proceeded().empty());
}

// What --detach tells the process that it starts.
TEST_F(LastLookTest, ARunIsGoneOnWithOnlyFromWhereThePersonConfirmed) {
  InterruptAnUpgrade();
  const auto& record = roll_.agents.agent({1}).records.begin()->second;
  const auto at = [&record](std::uint64_t sequence) {
    return std::to_string(record.epoch) + "." + std::to_string(sequence) + ".rolling.forward";
  };
  stopped_ = roll_.Proceeded().size();
  ExpectRefused(Run({"resume", "--yes", "--confirmed", at(record.sequence - 1)}),
                "has gone on meanwhile");
  EXPECT_EQ(Run({"resume", "--yes", "--confirmed", "somewhere"}).code, 2);
  const auto resumed = Run({"resume", "--yes", "--confirmed", at(record.sequence)});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

}  // namespace
}  // namespace zoowarden::sim
