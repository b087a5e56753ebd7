// A server that goes on after SIGTERM, from the permit to the new generation, with real processes.
#include "agent/operation/durable_journal.h"
#include "agent/operation/runner.h"
#include "tests/unit/agent/service/one_process_fixture.h"

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::milliseconds;
using std::chrono::seconds;

class DeafServerTest : public OneProcessTest {
 protected:
  static constexpr seconds kStepTimeout{40};

  void SetUp() override {
    OneProcessTest::SetUp();
    operations_.emplace(*journal_);
    ASSERT_TRUE(operations_->SaveFence({.owner = run_}));
    auto runner = OperationRunner::Open(*host_, *operations_, clock_);
    ASSERT_TRUE(runner) << runner.error().message();
    runner_ = std::make_unique<OperationRunner>(std::move(*runner));
  }
  // Another configuration of the release that is there.
  BeginRequest AnotherTickTime() {
    const auto archive = sys::ReadFile(At("release.tar.gz"), 1024UL * 1024);
    StageRequest stage{
        .release = {.version = {3, 8, 4}, .sha512 = sys::Digest(sys::Hash::kSha512, *archive)},
        .configuration = {.settings = {{"tickTime", "3000"},
                                       {"initLimit", "10"},
                                       {"syncLimit", "5"},
                                       {"clientPortAddress", "127.0.11.99"}}},
        .client_port = kPort};
    for (std::uint32_t id = 1; id <= 3; ++id) {
      stage.members.push_back({.id = {id},
                               .host = "127.0.11." + std::to_string(100 - id),
                               .quorum_port = 2888,
                               .election_port = 3888});
    }
    return {.stage = std::move(stage),
            .from_generation = std::filesystem::read_symlink(At("generations/current")),
            .step_timeout = kStepTimeout};
  }
  CallIdentity NextCall() { return {.run = run_, .operation_id = "op-1", .sequence = ++sequence_}; }

  // The runner's clock goes with the real one, by `pace` as fast.
  bool StepUntil(OperationState wanted, int pace) {
    return WaitUntil([this, wanted, pace] {
      runner_->Step();
      clock_.Advance(milliseconds(10) * pace);
      return runner_->state() == wanted;
    });
  }

  RunIdentity run_{.run_id = "run-1", .epoch = 7, .holder = "operator/run-1/a"};
  std::uint64_t sequence_ = 0;
  std::optional<DurableOperationJournal> operations_;
  std::unique_ptr<OperationRunner> runner_;
};

TEST_F(DeafServerTest, IsKilledAfterItsPatienceAndTheNewGenerationIsStarted) {
  Write("deaf", "");
  const auto server = LaunchAndSee();
  ASSERT_TRUE(server);
  std::filesystem::remove(At("deaf"));
  const auto begun = runner_->Begin(NextCall(), AnotherTickTime());
  ASSERT_TRUE(begun) << begun.error().message();
  ASSERT_TRUE(StepUntil(OperationState::kStaged, 1)) << runner_->Status().failure;
  const auto permit = runner_->RequestPermit(NextCall());
  ASSERT_TRUE(permit) << permit.error().message();
  ASSERT_TRUE(runner_->Proceed(NextCall(), permit->id));

  const auto asked = clock_.BootTime();
  while (clock_.BootTime() - asked < kStepTimeout / 2 - seconds(1)) {
    runner_->Step();
    clock_.Advance(milliseconds(500));
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(runner_->state(), OperationState::kStopping);
  EXPECT_EQ(Servers().size(), 1U);
  EXPECT_EQ(Seen(), server);
  EXPECT_EQ(sys::ReadFile(At("terms"), 100).value_or(""), "\n") << "one SIGTERM, and it went on";

  ASSERT_TRUE(StepUntil(OperationState::kSwitching, 10)) << runner_->Status().failure;
  EXPECT_FALSE(Seen().has_value());
  ASSERT_TRUE(StepUntil(OperationState::kVerifying, 1)) << runner_->Status().failure;
  const auto after = Seen();
  ASSERT_TRUE(after);
  EXPECT_NE(after->pid, server->pid);
  EXPECT_NE(after->generation, server->generation);
  EXPECT_EQ(Servers().size(), 1U);
}

}  // namespace
}  // namespace zoowarden::agent
