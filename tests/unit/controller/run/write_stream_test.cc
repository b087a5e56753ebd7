#include "controller/run/write_stream.h"

#include "tests/support/wait_until.h"

#include <gtest/gtest.h>

#include <atomic>

namespace zoowarden::controller {
namespace {

using std::chrono::milliseconds;

model::MemberObservation Seen(std::uint32_t id, model::Mode mode) {
  return {.id = {id}, .answered = mode != model::Mode::kUnknown, .mode = mode};
}

core::RunState StateOf(int voters, int observers) {
  core::RunState state;
  for (int i = 1; i <= voters + observers; ++i) {
    state.members.push_back(
        {.id = {static_cast<std::uint32_t>(i)},
         .role = i <= voters ? model::Role::kParticipant : model::Role::kObserver});
  }
  return state;
}

std::vector<std::uint32_t> Ids(const std::vector<model::ServerId>& order) {
  std::vector<std::uint32_t> ids;
  for (const auto id : order) {
    ids.push_back(id.value);
  }
  return ids;
}

TEST(WriteOrderTest, WhoServesComesFirstAndWhoIsBeingChangedLast) {
  auto state = StateOf(3, 1);
  state.attempt = model::ServerId{1};
  const model::Round round{.members = {Seen(1, model::Mode::kFollower),
                                       Seen(2, model::Mode::kNotServing),
                                       Seen(3, model::Mode::kLeader),
                                       Seen(4, model::Mode::kObserver)}};
  EXPECT_EQ(Ids(WriteOrder(state, round)), (std::vector<std::uint32_t>{3, 4, 2, 1}));
}

TEST(WriteOrderTest, InAnElectionNobodyServesAndAllAreAsked) {
  const model::Round round{.members = {Seen(1, model::Mode::kUnknown),
                                       Seen(2, model::Mode::kNotServing),
                                       Seen(3, model::Mode::kNotServing)}};
  EXPECT_EQ(Ids(WriteOrder(StateOf(3, 0), round)), (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(WriteTryTest, OnlyWhatAnAgentSaysOfItsMemberIsAGap) {
  const auto of = [](base::ErrorCode code, const std::string& reason) {
    return Judge(base::Fail(code, reason, "no"));
  };
  EXPECT_EQ(Judge(Canary{}), WriteTry::kCommitted);
  EXPECT_EQ(of(base::ErrorCode::kUnavailable, "zk.no_session"), WriteTry::kNotCommitted);
  EXPECT_EQ(of(base::ErrorCode::kFailedPrecondition, "canary.no_process"), WriteTry::kNotCommitted);
  EXPECT_EQ(of(base::ErrorCode::kAborted, "fence.stale_epoch"), WriteTry::kUnasked);
  EXPECT_EQ(of(base::ErrorCode::kFailedPrecondition, "canary.no_client_port"), WriteTry::kUnasked);
  EXPECT_EQ(of(base::ErrorCode::kUnavailable, "call.busy"), WriteTry::kUnasked);
  EXPECT_EQ(of(base::ErrorCode::kUnavailable, ""), WriteTry::kUnasked) << "nobody answered";
}

// Of three members, one after the other of which stops to commit.
class WriteStreamTest : public ::testing::Test {
 protected:
  base::Result<Canary> Commit(model::ServerId server) {
    ++tries_;
    last_ = server.value;
    if (server.value == broken_) {
      return base::Fail(base::ErrorCode::kUnavailable, "zk.no_session", "no quorum");
    }
    return Canary{};
  }
  void Follow() { stream_.Follow(run_, {{1}, {2}, {3}}); }

  std::atomic<int> tries_{0};
  std::atomic<std::uint32_t> last_{0};
  std::atomic<std::uint32_t> broken_{0};
  RunIdentity run_{.run_id = "r"};
  sys::RealClock clock_;
  ThreadedWriteStream stream_{
      [this](model::ServerId server, const RunIdentity&, milliseconds) { return Commit(server); },
      clock_};
};

TEST_F(WriteStreamTest, NothingIsWrittenUntilSomebodyIsFollowed) {
  EXPECT_EQ(stream_.Take(), std::nullopt);
  EXPECT_EQ(tries_, 0);
}

TEST_F(WriteStreamTest, WritesThroughOneMemberUntilItFailsAndThenThroughTheNext) {
  Follow();
  ASSERT_NO_FATAL_FAILURE(test::WaitUntil([this] { return tries_ >= 2; }));
  EXPECT_EQ(last_, 1U);
  broken_ = 1;
  ASSERT_NO_FATAL_FAILURE(test::WaitUntil([this] { return last_ == 2; }));
  const int tries = tries_;
  ASSERT_NO_FATAL_FAILURE(test::WaitUntil([&] { return tries_ >= tries + 2; }));
  EXPECT_EQ(last_, 2U) << "it stays where it is committed";
  const auto seen = stream_.Take();
  ASSERT_TRUE(seen);
  EXPECT_GE(seen->committed, 4U);
  EXPECT_GE(seen->longest, ThreadedWriteStream::kPauseBeforeRetry);
  EXPECT_LT(seen->longest, milliseconds(2'000));
}

TEST_F(WriteStreamTest, LeavesTheOneThatIsBeingChanged) {
  Follow();
  ASSERT_NO_FATAL_FAILURE(test::WaitUntil([this] { return tries_ >= 1; }));
  stream_.Follow(run_, {{2}, {3}, {1}});
  ASSERT_NO_FATAL_FAILURE(test::WaitUntil([this] { return last_ == 2; }));
}

TEST_F(WriteStreamTest, NothingIsWrittenAfterItsEnd) {
  Follow();
  ASSERT_NO_FATAL_FAILURE(test::WaitUntil([this] { return tries_ >= 1; }));
  stream_.End();
  const int tries = tries_;
  std::this_thread::sleep_for(2 * ThreadedWriteStream::kPeriod);
  EXPECT_EQ(tries_, tries);
  Follow();
  ASSERT_NO_FATAL_FAILURE(test::WaitUntil([&] { return tries_ > tries; })) << "it can go on";
}

}  // namespace
}  // namespace zoowarden::controller
