// One agent's operation over a fake server, with time that moves only when told.
#pragma once

#include "agent/operation/lease_keeper.h"
#include "agent/operation/runner.h"
#include "sys/manual_clock.h"
#include "tests/support/fake_server_host.h"
#include "tests/support/memory_operation_journal.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace zoowarden::test {

class RunnerFixture : public ::testing::Test {
 protected:
  static constexpr std::chrono::seconds kStepTimeout{40};

  RunnerFixture() {
    host.Serve("old");
    journal.fence.owner = run;
    Restart();
  }

  // The agent's process dies and comes back over the same disk and the same server.
  void Restart() {
    auto opened = agent::OperationRunner::Open(host, journal, clock);
    ASSERT_TRUE(opened.has_value());
    runner = std::make_unique<agent::OperationRunner>(std::move(*opened));
  }

  agent::CallIdentity NextCall() {
    return {.run = run, .operation_id = operation, .sequence = ++sequence};
  }

  base::Result<model::OperationState> Begin() {
    return runner->Begin(NextCall(),
                         {.stage = {.existing_generation = "new", .expected_digest = "new"},
                          .from_generation = host.current,
                          .step_timeout = kStepTimeout});
  }

  void BeginAndStage() {
    ASSERT_TRUE(Begin().has_value());
    runner->Step();
    ASSERT_EQ(runner->state(), model::OperationState::kStaged);
  }

  std::string PermitId() {
    const auto permit = runner->RequestPermit(NextCall());
    return permit ? permit->id : "refused: " + permit.error().reason();
  }

  void ProceedWithPermit() {
    const auto proceeded = runner->Proceed(NextCall(), PermitId());
    ASSERT_TRUE(proceeded.has_value()) << proceeded.error().message();
  }

  // Steps until the state is reached; false when it is not within `limit` of the manual clock.
  bool StepUntil(model::OperationState wanted,
                 std::chrono::seconds limit = std::chrono::minutes(5)) {
    const auto end = clock.BootTime() + limit;
    while (runner->state() != wanted && clock.BootTime() < end) {
      runner->Step();
      clock.Advance(std::chrono::milliseconds(20));
    }
    return runner->state() == wanted;
  }

  void StepFor(std::chrono::milliseconds duration) {
    const auto end = clock.BootTime() + duration;
    while (clock.BootTime() < end) {
      runner->Step();
      clock.Advance(std::chrono::milliseconds(20));
    }
  }

  // The new generation dies at its start, and the old one it goes back to serves alone.
  void ComeBackStandalone() {
    host.behaviour["new"].dies_at_once = true;
    BeginAndStage();
    ProceedWithPermit();
    ASSERT_TRUE(StepUntil(model::OperationState::kRollingBack));
    host.behaviour["old"].standalone = true;
    ASSERT_TRUE(StepUntil(model::OperationState::kVerifyingOld));
  }

  sys::ManualClock clock;
  FakeServerHost host{clock};
  MemoryOperationJournal journal;
  agent::RunIdentity run{.run_id = "run-1", .epoch = 7, .holder = "operator/run-1/a"};
  std::string operation = "op-1";
  std::uint64_t sequence = 0;
  std::unique_ptr<agent::OperationRunner> runner;
};

}  // namespace zoowarden::test
