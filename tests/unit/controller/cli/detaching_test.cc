#include "tests/unit/controller/cli/run_fixture.h"

#include <fstream>

namespace zoowarden::controller {
namespace {

class DetachingTest : public RunsTest {
 protected:
  void SetUp() override {
    RunsTest::SetUp();
    Store(Halted());
    AllAgentsHave(Halted());
    words_.leases = {{{1}, Lease{}}, {{2}, Lease{}}, {{3}, Lease{}}};
    detach_ = [this](const DetachRequest& request) -> base::Result<Detached> {
      asked_again_ = request;
      happens_(request);
      return Detached{.pid = 4711, .unit = unit_, .ended = [this] { return gone_; }};
    };
  }

  static RunRecord Halted() {
    auto file = Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kHalted);
    file.spec.servers.clear();
    for (std::uint32_t id = 1; id <= 3; ++id) {
      const auto at = "127.0.11." + std::to_string(id);
      file.spec.servers.push_back({.id = {id}, .host = at, .agent = at + ":17443"});
    }
    file.state.servers.push_back({.id = {3}, .target = Generation("new3", {3, 9, 4})});
    return Record(file, 2, 1);
  }
  void AllAgentsHave(const RunRecord& record) {
    words_.records.clear();
    words_.record.clear();
    for (std::uint32_t server = 1; server <= 3; ++server) {
      words_.records.push_back({{server}, std::vector<RunRecord>{record}});
      words_.record.push_back({{server}, record});
    }
  }
  // As the process's own first record.
  void Begins() {
    auto record = Halted();
    record.epoch = 3;
    Store(record);
  }

  std::optional<DetachRequest> asked_again_;
  std::function<void(const DetachRequest&)> happens_ = [](const DetachRequest&) {};
  std::string unit_;
  bool gone_ = false;
};

TEST_F(DetachingTest, TheProcessGetsTheFlagsThatSayWhichEnsembleIsMeant) {
  happens_ = [this](const DetachRequest&) { Begins(); };
  const auto outcome =
      Run({"rollback", "r-1", "--yes", "--detach", "--take-over", "--crl", Path("crl.pem")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_TRUE(asked_again_);
  EXPECT_EQ(asked_again_->words,
            (std::vector<std::string>{"rollback",
                                      "r-1",
                                      "--yes",
                                      "--no-color",
                                      "--confirmed",
                                      "2.1.ended.forward",
                                      "--crl",
                                      Path("crl.pem"),
                                      "--take-over"}));
  EXPECT_EQ(asked_again_->name, "zoowarden-r-1");
  EXPECT_EQ(asked_again_->log, Path("state/lab/r-1.log"));
  EXPECT_EQ(outcome.out,
            "run r-1 goes on by itself (process 4711 in a session of its own, log " +
                Path("state/lab/r-1.log") + ")\n");
  // Not with its exit code: to `attach` a run that was taken back is one, whoever asked for that.
  EXPECT_NE(outcome.err.find("`zoowarden attach r-1` shows it and ends with 6 when every server is "
                             "back"),
            std::string::npos)
      << outcome.err;
}

TEST_F(DetachingTest, AUnitIsNamedWhereThereIsOne) {
  happens_ = [this](const DetachRequest&) { Begins(); };
  unit_ = "zoowarden-r-1.scope";
  const auto outcome = Run({"resume", "r-1", "--yes", "--detach", "-o", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\"unit\": \"zoowarden-r-1.scope\""), std::string::npos);
  EXPECT_NE(outcome.out.find("\"id\": \"r-1\""), std::string::npos);
  EXPECT_NE(outcome.err.find("shows it and ends with its exit code\n"), std::string::npos);
}

TEST_F(DetachingTest, AProcessThatEndsAtOnceIsAnErrorWithItsLastWords) {
  happens_ = [this](const DetachRequest& request) {
    std::ofstream(request.log) << "planning\nerror: another controller holds this ensemble\n";
    gone_ = true;
  };
  const auto outcome = Run({"resume", "r-1", "--yes", "--detach"});
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("ended before it did anything: error: another controller holds"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("the run stays open: `zoowarden resume r-1` goes on"),
            std::string::npos);
}

TEST_F(DetachingTest, AProcessThatIsNotHeardOfIsSaidToBeSo) {
  const auto outcome = Run({"resume", "r-1", "--yes", "--detach"});
  EXPECT_EQ(outcome.code, 9);
  EXPECT_NE(outcome.err.find("process 4711 of run r-1 has recorded nothing yet"), std::string::npos)
      << outcome.err;
}

// The process is not asked: it would take what it finds for what was confirmed.
TEST_F(DetachingTest, ARunThatMovedBeforeTheAnswerIsNotHandedOn) {
  terminal_ = true;
  typed_ = "y\n";
  for (const char* verb : {"resume", "rollback"}) {
    AllAgentsHave(Halted());
    before_answer_ = [this] {
      auto record = Halted();
      record.sequence = 2;
      AllAgentsHave(record);
    };
    const auto outcome = Run({verb, "r-1", "--detach"});
    EXPECT_EQ(outcome.code, 5) << outcome.err;
    EXPECT_NE(outcome.err.find("has ended meanwhile as halted"), std::string::npos) << outcome.err;
    EXPECT_FALSE(asked_again_);
  }
}

TEST_F(DetachingTest, AnIdThatIsNoneOfOursBecomesNoWordAndNoFile) {
  auto record = Halted();
  auto file = DecodeRun(record.state_json).value();
  file.state.run_id = "../r-1";
  record = Record(file, 9, 9);
  Store(record);
  const auto outcome = Run({"resume", "../r-1", "--yes", "--detach"});
  EXPECT_NE(outcome.err.find("'../r-1' is no id that Zoowarden gives a run"), std::string::npos)
      << outcome.err;
  EXPECT_FALSE(asked_again_);
}

}  // namespace
}  // namespace zoowarden::controller
