#include "core/gates.h"

#include "tests/unit/core/ensemble_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using model::Mode;
using model::OperationState;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::Id;
using testing::Of;
using testing::Voters;

class StopGateTest : public ::testing::Test {
 protected:
  std::vector<model::Member> members_ = Voters(3);
  model::Round round_ = testing::HealthyRound(members_, 1);

  StopGate Asked(std::uint32_t server, bool allow_outage = false) {
    return MayStop(members_,
                   round_,
                   Conclude(members_, round_, {}),
                   {.server = Id(server), .allow_outage = allow_outage});
  }
};

// Actual:   1 leader proved, 2 follower proved, 3 follower proved.
// Expected: 3 may stop, 2 of 3 remain.
TEST_F(StopGateTest, AProvedFollowerOfAHealthyEnsembleMayStop) {
  const auto gate = Asked(3);
  EXPECT_TRUE(gate.open);
  EXPECT_FALSE(gate.down);
  EXPECT_EQ(gate.arithmetic.sentence, "if server 3 stops, 2 of 3 voters remain, quorum 2, spare 0");
}

// Actual:   1 leader proved, 2 down, 3 follower proved.
// Expected: 3 serves on, named: 2.
TEST_F(StopGateTest, NothingStopsWhileAnotherMemberIsDown) {
  testing::Kill(Of(round_, 2));
  const auto gate = Asked(3);
  EXPECT_FALSE(gate.open);
  EXPECT_EQ(gate.why,
            "if server 3 stops, 1 of 3 voters remain, quorum 2: too few (server 2: no ZooKeeper "
            "process on its data directory)");
}

// Actual:   all proved, the agent of 3 may not judge another ZooKeeper of its machine.
// Expected: 3 serves on: its agent could not prove later that nothing runs, and would not start it.
TEST_F(StopGateTest, WhatItsAgentCouldNotStartAgainIsNotStopped) {
  Of(round_, 3).processes_visible = false;
  Of(round_, 3).problem = "process 41 may serve this server's data";
  const auto gate = Asked(3);
  EXPECT_FALSE(gate.open);
  EXPECT_NE(gate.why.find("process 41"), std::string::npos) << gate.why;
  EXPECT_TRUE(Asked(2).open);
}

// Actual:   1 leader proved, 2 agent silent (its member may well serve), 3 follower proved.
// Expected: 3 serves on: an unknown member is not counted.
TEST_F(StopGateTest, AnUnreachableAgentIsNotCounted) {
  testing::Silence(Of(round_, 2));
  EXPECT_FALSE(Asked(3).open);
}

// Actual:   1 leader proved, 2 follower whose log is behind the canary, 3 follower proved.
// Expected: 3 serves on: bounced too early, 2 could lose what it only holds in memory.
TEST_F(StopGateTest, AVoterWhoseLogIsBehindIsNotCounted) {
  Of(round_, 2).durable_zxid = model::Zxid{1};
  EXPECT_FALSE(Asked(3).open);
}

// Actual:   1 leader proved, 2 follower proved, 3 follower that does not answer its probes.
// Expected: 3 is not touched.
TEST_F(StopGateTest, AnUnknownMemberIsNotStopped) {
  Of(round_, 3).mode = Mode::kUnknown;
  const auto gate = Asked(3);
  EXPECT_FALSE(gate.open);
  EXPECT_THAT(gate.why, HasSubstr("server 3 is unknown"));
}

// Actual:   1..5 proved but the leader 1 is frozen (unknown).
// Expected: nobody stops although four voters are proved.
TEST_F(StopGateTest, NobodyStopsWithoutAKnownLeader) {
  members_ = Voters(5);
  round_ = testing::HealthyRound(members_, 1);
  Of(round_, 1).mode = Mode::kUnknown;
  const auto gate = Asked(3);
  EXPECT_FALSE(gate.open);
  EXPECT_THAT(gate.why, HasSubstr("no leader is known (server 1: "));
}

// Actual:   1 leader, 2 down, 3 follower; all else proved.
// Expected: 2 may be restarted at once and without a permit.
TEST_F(StopGateTest, AMemberThatIsDownMayAlwaysBeRestarted) {
  testing::Kill(Of(round_, 2));
  testing::Elect(Of(round_, 1));
  testing::Elect(Of(round_, 3));
  const auto gate = Asked(2);
  EXPECT_TRUE(gate.open);
  EXPECT_TRUE(gate.down);
}

// Actual:   1 and 2 have the declared membership, 3 has another one / cannot be read.
// Expected: nobody stops.
TEST_F(StopGateTest, ProvedMembersMustAgreeOnTheMembership) {
  Of(round_, 3).membership->members.pop_back();
  EXPECT_THAT(Asked(2).why, HasSubstr("server 3 has another membership (committed)"));
  Of(round_, 3).membership.reset();
  EXPECT_THAT(Asked(2).why, HasSubstr("the membership that server 3 uses cannot be read"));
}

// Actual:   1 leader proved, 2 follower proved, no third member.
// Expected: closed without the operator's word, open with it, closed again when one is not proved.
TEST_F(StopGateTest, TwoVotersStopOnlyWithTheOperatorsWordAndEverybodyProved) {
  members_ = Voters(2);
  round_ = testing::HealthyRound(members_, 1);
  EXPECT_FALSE(Asked(2).open);
  EXPECT_TRUE(Asked(2, /*allow_outage=*/true).open);
  Of(round_, 1).durable_zxid.reset();
  EXPECT_FALSE(Asked(2, /*allow_outage=*/true).open);
}

class StartGateTest : public ::testing::Test {
 protected:
  StartGateTest() {
    auto& seen = Of(round_, 3);
    seen.process->generation = "new";
    seen.process->started_by_operation = "run-1";
    seen.version = testing::kNewVersion;
    seen.current = testing::New();
    seen.operation = {.operation_id = "run-1",
                      .run_id = "run",
                      .epoch = 1,
                      .state = OperationState::kVerifying,
                      .from_generation = "old",
                      .to_generation = "new",
                      .failure = "",
                      .failure_reason = "",
                      .deadline_left = milliseconds(1'000)};
    seen.session_accepted = true;
  }
  std::vector<model::Member> members_ = Voters(3);
  model::Round round_ = testing::HealthyRound(members_, 1);
  bool passed_before_ = false;

  model::MemberObservation& Target() { return Of(round_, 3); }
  StartGate Asked() {
    return GateAfterStart(members_,
                          round_,
                          Conclude(members_, round_, {}),
                          {.server = Id(3),
                           .operation_id = "run-1",
                           .wanted = testing::New(),
                           .passed_before = passed_before_});
  }
  void ExpectFault(Fault fault, bool serving, const std::string& why) {
    const auto gate = Asked();
    EXPECT_FALSE(gate.passed) << why;
    EXPECT_EQ(gate.fault, fault) << gate.why;
    EXPECT_EQ(gate.serving, serving) << gate.why;
    EXPECT_THAT(gate.why, HasSubstr(why));
  }
};

// Actual:   1 leader proved, 2 follower proved, 3 follower proved on the new generation.
// Expected: passed, with evidence.
TEST_F(StartGateTest, TheServerWeStartedProvedOnWhatWeMeantPasses) {
  const auto gate = Asked();
  EXPECT_TRUE(gate.passed) << gate.why;
  EXPECT_EQ(gate.fault, Fault::kNone);
  EXPECT_THAT(gate.evidence, HasSubstr("follower (srvr)"));
}

// Actual:   3 still joins, inside / past its deadline but with a quorum connection.
// Expected: not yet / waited for without blame, never stopped.
TEST_F(StartGateTest, AServerThatStillJoinsIsNotBlamed) {
  Target().mode = Mode::kNotServing;
  ExpectFault(Fault::kNotYet, true, "does not serve");
  Target().operation.deadline_left = milliseconds(0);
  ExpectFault(Fault::kOthers, true, "does not serve");
}

// Actual:   3 never joined, deadline over, no quorum connection; or its process ended.
// Expected: its own fault, down: goes back without a permit.
TEST_F(StartGateTest, AServerThatIsDownGoesBackWhateverTheOthersDo) {
  testing::Elect(Target());
  Target().operation.deadline_left = milliseconds(0);
  ExpectFault(Fault::kServer, false, "does not serve");
  testing::Kill(Of(round_, 2));
  ExpectFault(Fault::kServer, false, "does not serve");
  testing::Kill(Target());
  ExpectFault(Fault::kServer, false, "no ZooKeeper process");
}

// Actual:   3 proved, but on another generation / of another hand / of another version.
// Expected: its own fault, serving: goes back with a permit.
TEST_F(StartGateTest, AServerThatIsNotWhatWeStartedIsToBlame) {
  Target().process->generation = "old";
  ExpectFault(Fault::kServer, true, "runs generation 'old' instead of 'new'");
  Target().process->generation = "new";
  Target().process->started_by_operation = "";
  ExpectFault(Fault::kServer, true, "was not started by operation run-1");
  Target().process->started_by_operation = "run-1";
  Target().version = testing::kOldVersion;
  ExpectFault(Fault::kServer, true, "it says version 3.8.4 (srvr) instead of 3.9.4");
}

// Actual:   3 proved, its version could not be read in this round.
// Expected: one unread answer takes nobody back; at the deadline it is the server's fault.
TEST_F(StartGateTest, AVersionThatCannotBeReadIsWaitedFor) {
  Target().version.reset();
  ExpectFault(Fault::kNotYet, true, "its version cannot be read");
  Target().operation.deadline_left = milliseconds(0);
  ExpectFault(Fault::kServer, true, "its version cannot be read");
}

// Actual:   3 proved, no session with lastZxidSeen was opened at it in this round.
// Expected: waited for; past its deadline it is the server's own fault.
TEST_F(StartGateTest, ASessionThatCannotBeOpenedIsWaitedFor) {
  Target().session_accepted.reset();
  ExpectFault(Fault::kNotYet, true, "no session with lastZxidSeen could be opened at it");
  Target().operation.deadline_left = milliseconds(0);
  ExpectFault(Fault::kServer, true, "no session with lastZxidSeen could be opened at it");
}

// Actual:   3 has been proved and soaks past its deadline; one session or version was not read.
// Expected: a pause of one round is nobody's fault.
TEST_F(StartGateTest, AServerWhoseGateWasOpenIsNotBlamedForOneUnreadAnswer) {
  Target().operation.deadline_left = milliseconds(0);
  passed_before_ = true;
  Target().session_accepted.reset();
  ExpectFault(Fault::kNotYet, true, "no session with lastZxidSeen could be opened at it");
  Target().version.reset();
  ExpectFault(Fault::kNotYet, true, "its version cannot be read");
}

// Actual:   3 proved, it offers no port for clients.
// Expected: there is nothing to open a session at, and the gate is passed without.
TEST_F(StartGateTest, WithoutAClientPortNoSessionIsAskedFor) {
  Target().session_accepted.reset();
  Target().client_port = 0;
  EXPECT_TRUE(Asked().passed) << Asked().why;
}

// Actual:   3 proved on the new generation; 2 frozen / dead / silent.
// Expected: not 3's fault, 3 is left alone.
TEST_F(StartGateTest, AnotherMembersTroubleIsNotTheNewServersFault) {
  Of(round_, 2).mode = Mode::kUnknown;
  ExpectFault(Fault::kOthers, true, "server 2");
  testing::Kill(Of(round_, 2));
  ExpectFault(Fault::kOthers, true, "server 2");
  testing::Silence(Of(round_, 2));
  ExpectFault(Fault::kOthers, true, "server 2");
}

// Actual:   1 leader proved, 2 proved, agent of 3 silent.
// Expected: unknown, nobody is blamed or stopped.
TEST_F(StartGateTest, TheServersOwnAgentIsSilent) {
  testing::Silence(Target());
  ExpectFault(Fault::kOthers, true, "its agent does not answer");
}

// Actual:   all three say that they follow.
// Expected: closed: an ensemble without a leader is not one.
TEST_F(StartGateTest, ThereIsNoPassingWithoutALeader) {
  Of(round_, 1).mode = Mode::kFollower;
  ExpectFault(Fault::kOthers, true, "no leader is known");
}

// Actual:   3 proved; 2 uses another membership.
// Expected: waited for.
TEST_F(StartGateTest, MembershipMustAgreeAfterTheStartToo) {
  Of(round_, 2).membership->members.pop_back();
  ExpectFault(Fault::kOthers, true, "server 2 has another membership");
}

TEST(HealthyTest, NamesWhatIsMissing) {
  const auto members = Voters(3);
  auto round = testing::HealthyRound(members, 2);
  const auto missing = [&] {
    return MissingForHealthy(members, round, Conclude(members, round, {}));
  };
  EXPECT_EQ(missing(), "");
  testing::Silence(Of(round, 3));
  EXPECT_THAT(missing(), HasSubstr("server 3: its agent did not answer"));
  round = testing::HealthyRound(members, 0);
  EXPECT_EQ(missing(), "no leader is known");
  round = testing::HealthyRound(members, 2);
  Of(round, 1).membership.reset();
  EXPECT_THAT(missing(), HasSubstr("membership that server 1 uses cannot be read"));
}

}  // namespace
}  // namespace zoowarden::core
