#include "agent/operation/lease_keeper.h"

#include "sys/manual_clock.h"
#include "tests/support/memory_operation_journal.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

class LeaseKeeperTest : public ::testing::Test {
 protected:
  LeaseKeeper Open() { return *LeaseKeeper::Open(journal, clock, std::chrono::seconds(15)); }

  sys::ManualClock clock;
  test::MemoryOperationJournal journal;
  RunIdentity first{.run_id = "run-1", .epoch = 3, .holder = "a"};
  RunIdentity second{.run_id = "run-2", .epoch = 4, .holder = "b"};
};

TEST_F(LeaseKeeperTest, ALiveLeaseKeepsOthersOutUntilItLapses) {
  LeaseKeeper lease = Open();
  ASSERT_TRUE(lease.Acquire(first, false).has_value());
  clock.Advance(std::chrono::seconds(10));
  EXPECT_TRUE(lease.Renew(first).has_value());
  clock.Advance(std::chrono::seconds(10));
  EXPECT_EQ(lease.Acquire(second, false).error().reason(), "lease.held");
  clock.Advance(std::chrono::seconds(5));
  EXPECT_TRUE(lease.Acquire(second, false).has_value());
  EXPECT_EQ(lease.Renew(first).error().reason(), "fence.stale_epoch");
}

TEST_F(LeaseKeeperTest, TakeOverNeedsAHigherEpochAllTheSame) {
  LeaseKeeper lease = Open();
  ASSERT_TRUE(lease.Acquire(first, false).has_value());
  second.epoch = 3;
  EXPECT_EQ(lease.Acquire(second, true).error().reason(), "fence.stale_epoch");
  second.epoch = 4;
  EXPECT_TRUE(lease.Acquire(second, true).has_value());
}

TEST_F(LeaseKeeperTest, TheEpochIsDurableBeforeTheAnswer) {
  ASSERT_TRUE(Open().Acquire(first, false).has_value());
  EXPECT_EQ(journal.fence.owner, first);
}

TEST_F(LeaseKeeperTest, AfterARestartTheLeaseIsLiveForOneLapse) {
  ASSERT_TRUE(Open().Acquire(first, false).has_value());
  clock.Advance(std::chrono::hours(1));
  LeaseKeeper lease = Open();
  EXPECT_EQ(lease.Acquire(second, false).error().reason(), "lease.held");
  clock.Advance(std::chrono::seconds(15));
  EXPECT_TRUE(lease.Acquire(second, false).has_value());
}

TEST_F(LeaseKeeperTest, AReleasedLeaseIsFreeAlsoAfterARestart) {
  LeaseKeeper lease = Open();
  ASSERT_TRUE(lease.Acquire(first, false).has_value());
  ASSERT_TRUE(lease.Release(first).has_value());
  EXPECT_EQ(lease.Get().left.count(), 0);
  EXPECT_TRUE(Open().Acquire(second, false).has_value());
}

}  // namespace
}  // namespace zoowarden::agent
