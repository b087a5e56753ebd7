#include "core/conclusions.h"

#include "tests/unit/core/ensemble_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace zoowarden::core {
namespace {

using model::Broadcast;
using model::Mode;
using model::OperationState;
using ::testing::HasSubstr;
using testing::Id;
using testing::Of;
using testing::Voters;

class ConclusionsTest : public ::testing::Test {
 protected:
  std::vector<model::Member> members_ = Voters(3);
  model::Round round_ = testing::HealthyRound(members_, 1);
  KnownProcesses before_;

  Conclusions Concluded() { return Conclude(members_, round_, before_); }
  void ExpectUnknown(std::uint32_t id, const std::string& why) {
    const auto conclusions = Concluded();
    EXPECT_EQ(conclusions.Of(Id(id)).standing, Standing::kUnknown) << why;
    EXPECT_THAT(conclusions.Of(Id(id)).why, HasSubstr(why));
  }
};

TEST_F(ConclusionsTest, AHealthyEnsembleIsProvedWithItsEvidence) {
  const auto conclusions = Concluded();
  EXPECT_EQ(conclusions.Proved().size(), 3U);
  EXPECT_EQ(conclusions.leader, Id(1));
  EXPECT_EQ(conclusions.Of(Id(2)).evidence,
            "pid 1002 started at 77, follower (srvr), broadcast (mntr), zxid 0x100000007, durable "
            "0x100000007, canary 0x100000007 (failed write)");
  EXPECT_EQ(conclusions.NotProved(), "");
}

struct Broken {
  std::string why;
  std::function<void(model::MemberObservation&)> breaks;
};

TEST_F(ConclusionsTest, EveryMissingPieceOfProofMakesAMemberUnknown) {
  const std::vector<Broken> cases = {
      {"its agent did not answer: connection refused", testing::Silence},
      {"may not see other users' processes",
       [](auto& seen) {
         seen.process.reset();
         seen.processes_visible = false;
       }},
      {"runs standalone", [](auto& seen) { seen.mode = Mode::kStandalone; }},
      {"does not serve (not_serving)", [](auto& seen) { seen.mode = Mode::kNotServing; }},
      {"does not serve (read_only)", [](auto& seen) { seen.mode = Mode::kReadOnly; }},
      {"does not serve (unknown)", [](auto& seen) { seen.mode = Mode::kUnknown; }},
      {"declared a participant and runs as observer",
       [](auto& seen) { seen.mode = Mode::kObserver; }},
      {"has not finished synchronising", [](auto& seen) { seen.broadcast = Broadcast::kNo; }},
      {"its zxid 0x100000006 is behind the canary 0x100000007",
       [](auto& seen) { seen.own_zxid = model::Zxid{0x100000006}; }},
      {"its zxid (unreadable) is behind", [](auto& seen) { seen.own_zxid.reset(); }},
      {"its durable zxid 0x100000006 is behind",
       [](auto& seen) { seen.durable_zxid = model::Zxid{0x100000006}; }},
      {"its durable zxid (unreadable) is behind", [](auto& seen) { seen.durable_zxid.reset(); }},
      {"closed a session opened with lastZxidSeen 0x100000007",
       [](auto& seen) { seen.session_accepted = false; }},
      {"could not be read back", [](auto& seen) { seen.read_back = false; }},
  };
  for (const auto& broken : cases) {
    round_ = testing::HealthyRound(members_, 1);
    broken.breaks(Of(round_, 3));
    ExpectUnknown(3, broken.why);
    EXPECT_TRUE(Concluded().IsProved(Id(2))) << broken.why;
  }
}

TEST_F(ConclusionsTest, WithoutACanaryNobodyIsProved) {
  round_.canary.reset();
  round_.canary_problem = "server 1: deadline exceeded";
  EXPECT_TRUE(Concluded().Proved().empty());
  ExpectUnknown(2, "no canary was committed in this round: server 1: deadline exceeded");
}

TEST_F(ConclusionsTest, AMemberThatIsNotInTheRoundIsUnknown) {
  round_.members.pop_back();
  ExpectUnknown(3, "it was not observed");
}

TEST_F(ConclusionsTest, AChangedProcessIsNotProvedInThatRound) {
  before_[Id(3)] = *Of(round_, 3).process;
  EXPECT_TRUE(Concluded().IsProved(Id(3)));
  Of(round_, 3).process->pid = 4711;
  ExpectUnknown(3, "its process changed from pid 1003 to 4711");
}

TEST_F(ConclusionsTest, TheSamePidWithAnotherStartTimeIsAnotherProcess) {
  before_[Id(3)] = *Of(round_, 3).process;
  Of(round_, 3).process->start_time = 78;
  ExpectUnknown(3, "its process changed");
}

TEST_F(ConclusionsTest, TwoLeadersProveNobody) {
  Of(round_, 2).mode = Mode::kLeader;
  const auto conclusions = Concluded();
  EXPECT_TRUE(conclusions.Proved().empty());
  EXPECT_EQ(conclusions.leader, std::nullopt);
  ExpectUnknown(3, "2 servers say that they lead");
}

TEST_F(ConclusionsTest, ALeaderThatIsNotProvedIsNoLeader) {
  Of(round_, 1).durable_zxid.reset();
  EXPECT_EQ(Concluded().leader, std::nullopt);
}

// A new leader shows epoch<<32, which is no transaction; idle followers keep the old epoch's zxid.
TEST_F(ConclusionsTest, AtTheStartOfAnEpochOnlyTheCanaryProvesIdleFollowers) {
  round_.canary = model::Zxid{0x200000001};
  for (auto& seen : round_.members) {
    seen.own_zxid = seen.durable_zxid = model::Zxid{0x100000002};
  }
  Of(round_, 1).own_zxid = Of(round_, 1).durable_zxid = model::Zxid{0x200000000};
  EXPECT_TRUE(Concluded().Proved().empty());
  for (auto& seen : round_.members) {
    seen.own_zxid = seen.durable_zxid = model::Zxid{0x200000001};
  }
  EXPECT_EQ(Concluded().Proved().size(), 3U);
}

TEST_F(ConclusionsTest, ZxidsAreComparedAsWholeNumbersWithoutAnEpochSplit) {
  round_.canary = model::Zxid{0x01000000ffffffff};
  for (auto& seen : round_.members) {
    seen.own_zxid = seen.durable_zxid = model::Zxid{0x0100000100000000};
  }
  EXPECT_EQ(Concluded().Proved().size(), 3U);
}

TEST_F(ConclusionsTest, WhereNoZxidCanBeReadAnAcceptedSessionProvesIt) {
  Of(round_, 3).own_zxid.reset();
  Of(round_, 3).session_accepted = true;
  const auto conclusions = Concluded();
  EXPECT_TRUE(conclusions.IsProved(Id(3)));
  EXPECT_THAT(conclusions.Of(Id(3)).evidence, HasSubstr("zxid by its session"));
}

TEST_F(ConclusionsTest, AReadableZxidThatIsBehindIsNotOutvotedByTheSession) {
  Of(round_, 3).own_zxid = model::Zxid{1};
  Of(round_, 3).session_accepted = true;
  ExpectUnknown(3, "is behind the canary");
}

TEST_F(ConclusionsTest, ObserversNeedNoDurableZxid) {
  members_[2].role = model::Role::kObserver;
  round_ = testing::HealthyRound(members_, 1);
  Of(round_, 3).durable_zxid.reset();
  EXPECT_TRUE(Concluded().IsProved(Id(3)));
}

TEST_F(ConclusionsTest, StandaloneIsLegalForTheOnlyMember) {
  members_ = Voters(1);
  round_ = testing::HealthyRound(members_, 1);
  Of(round_, 1).mode = Mode::kStandalone;
  const auto conclusions = Concluded();
  EXPECT_TRUE(conclusions.IsProved(Id(1)));
  EXPECT_EQ(conclusions.leader, Id(1));
}

TEST_F(ConclusionsTest, NoProcessOnTheDataDirectoryIsDown) {
  testing::Kill(Of(round_, 3));
  const auto conclusions = Concluded();
  EXPECT_EQ(conclusions.Of(Id(3)).standing, Standing::kDown);
  EXPECT_EQ(conclusions.Of(Id(3)).why, "no ZooKeeper process on its data directory");
  EXPECT_EQ(conclusions.NotProved(), "server 3: no ZooKeeper process on its data directory");
  EXPECT_EQ(conclusions.NotProved(Id(3)), "");
}

class DownTest : public ConclusionsTest {
 protected:
  DownTest() {
    auto& seen = Of(round_, 3);
    testing::Elect(seen);
    seen.process->started_by_operation = "run-1";
    seen.operation = {.operation_id = "run-1", .run_id = "run"};
    seen.operation.state = OperationState::kVerifying;
  }
  model::MemberObservation& seen() { return Of(round_, 3); }
  Standing Concludes() { return Concluded().Of(Id(3)).standing; }
};

TEST_F(DownTest, AStartThatNeverJoinedIsDownAtItsDeadline) {
  EXPECT_EQ(Concludes(), Standing::kDown);
}

TEST_F(DownTest, BeforeItsDeadlineItIsUnknown) {
  seen().operation.deadline_left = std::chrono::milliseconds(1);
  EXPECT_EQ(Concludes(), Standing::kUnknown);
}

TEST_F(DownTest, OnceProvedItIsNeverDownWhileItsProcessLives) {
  seen().operation.proved = true;
  EXPECT_EQ(Concludes(), Standing::kUnknown);
}

TEST_F(DownTest, AQuorumConnectionKeepsItFromBeingDown) {
  seen().quorum_connection = true;
  EXPECT_EQ(Concludes(), Standing::kUnknown);
}

TEST_F(DownTest, WhereItsSocketsCouldNotBeReadItIsUnknown) {
  seen().member_looked = false;
  EXPECT_EQ(Concludes(), Standing::kUnknown);
}

TEST_F(DownTest, AProcessThatAnotherHandStartedIsUnknown) {
  seen().process->started_by_operation = "";
  EXPECT_EQ(Concludes(), Standing::kUnknown);
}

// The agent may not have seen it serve itself; the controller's commit is proof enough.
TEST_F(DownTest, ACommittedMemberThatLooksForALeaderLaterIsUnknown) {
  for (const auto state :
       {OperationState::kCommitted, OperationState::kIdle, OperationState::kStaged}) {
    seen().operation.state = state;
    EXPECT_EQ(Concludes(), Standing::kUnknown) << model::OperationStateName(state);
  }
}

TEST_F(DownTest, TwoElectingMembersAreNeverCalledDown) {
  round_ = testing::HealthyRound(members_, 1);
  testing::Kill(Of(round_, 1));
  testing::Elect(Of(round_, 2));
  testing::Elect(Of(round_, 3));
  const auto conclusions = Concluded();
  EXPECT_EQ(conclusions.Of(Id(1)).standing, Standing::kDown);
  EXPECT_EQ(conclusions.Of(Id(2)).standing, Standing::kUnknown);
  EXPECT_EQ(conclusions.Of(Id(3)).standing, Standing::kUnknown);
}

TEST_F(DownTest, ASilentAgentsMemberIsNeverDown) {
  testing::Silence(seen());
  EXPECT_EQ(Concludes(), Standing::kUnknown);
}

}  // namespace
}  // namespace zoowarden::core
