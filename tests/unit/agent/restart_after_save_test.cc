// The agent dies after every record that it made durable, and comes back: the end is the same.
#include "tests/unit/agent/runner_fixture.h"

#include <set>

namespace zoowarden::agent {
namespace {

using model::OperationState;

class RestartAfterSave : public test::RunnerFixture, public ::testing::WithParamInterface<int> {
 protected:
  // Death in the very moment in which a record has become durable.
  struct Died {};

  void DieAfterSaves(std::set<int> saves) {
    journal.on_save = [this, saves = std::move(saves)] {
      if (saves.contains(journal.saves)) {
        throw Died();
      }
    };
  }

  // A controller reduced to its answers: it stages, permits and commits whatever happens between.
  bool DriveTo(OperationState end) {
    const auto limit = clock.BootTime() + std::chrono::minutes(10);
    while (runner->state() != end && clock.BootTime() < limit) {
      try {
        Answer();
        runner->Step();
      } catch (const Died&) {
        ++restarts_;
        Restart();
      }
      clock.Advance(std::chrono::milliseconds(20));
    }
    return runner->state() == end;
  }

  void Answer() {
    const std::string permit = host.process ? PermitId() : std::string();
    if (runner->state() == OperationState::kIdle) {
      operation = "op-" + std::to_string(++operations_);
      EXPECT_TRUE(Begin().has_value());
    } else if (runner->state() == OperationState::kStaged) {
      EXPECT_TRUE(runner->Proceed(NextCall(), permit).has_value());
    } else if (runner->state() == OperationState::kVerifying && runner->Status().proved) {
      EXPECT_TRUE(runner->Commit(NextCall()).has_value());
    } else if (runner->state() == OperationState::kUnconfirmed) {
      EXPECT_TRUE(runner->RollBack(NextCall(), permit).has_value());
    }
  }

  void CheckNothingForbidden() const {
    EXPECT_EQ(host.launches_over_a_process, 0);
    EXPECT_EQ(host.switches_while_running, 0);
  }

  int restarts_ = 0;

 private:
  int operations_ = 0;
};

TEST_P(RestartAfterSave, TheUpgradeEndsOnTheNewGeneration) {
  DieAfterSaves({GetParam()});
  ASSERT_TRUE(DriveTo(OperationState::kCommitted));
  EXPECT_EQ(host.current, "new");
  EXPECT_EQ(host.process->generation, "new");
  CheckNothingForbidden();
}

TEST_P(RestartAfterSave, AFailingUpgradeEndsOnTheOldGeneration) {
  DieAfterSaves({GetParam()});
  host.behaviour["new"].joins = false;
  ASSERT_TRUE(DriveTo(OperationState::kRolledBack));
  EXPECT_EQ(host.current, "old");
  EXPECT_EQ(host.process->generation, "old");
  EXPECT_EQ(restarts_, 1);
  CheckNothingForbidden();
}

TEST_P(RestartAfterSave, TwoRestartsInARowEndTheSame) {
  DieAfterSaves({GetParam(), GetParam() + 1});
  ASSERT_TRUE(DriveTo(OperationState::kCommitted));
  EXPECT_EQ(host.process->generation, "new");
  CheckNothingForbidden();
}

// Every record of the roll back, which are the upgrade's and more.
INSTANTIATE_TEST_SUITE_P(EverySave, RestartAfterSave, ::testing::Range(1, 13));

}  // namespace
}  // namespace zoowarden::agent
