#include "controller/report/progress.h"

#include "sys/manual_clock.h"

#include <gtest/gtest.h>

namespace zoowarden::controller {
namespace {

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() {
    run_.state.phase = core::RunPhase::kRolling;
    run_.state.servers = {{.id = {1}, .target = {.digest = "new", .version = {3, 9, 4}}}};
    model::MemberObservation seen;
    seen.id = {1};
    seen.answered = true;
    seen.process = model::Process{.pid = 7, .start_time = 1};
    seen.mode = model::Mode::kFollower;
    seen.version = model::Version{3, 8, 4};
    seen.own_zxid = model::Zxid{5};
    round_.canary = model::Zxid{5};
    round_.members = {seen};
  }

  std::unique_ptr<Progress> Make(bool live) {
    return MakeProgress({.live = live,
                         .color = false,
                         .width = 60,
                         .write = [this](std::string_view text) { said_ += text; },
                         .clock = clock_});
  }

  sys::ManualClock clock_;
  RunFile run_;
  model::Round round_;
  std::string said_;
};

TEST_F(ProgressTest, PlainIsOneLineAnEventWithoutControlCharacters) {
  Make(false)->OnEvent({"gate_failed", {1}, "server 1: \x1b[31mbad\nthing"});
  EXPECT_EQ(said_, "gate_failed        server 1: ?[31mbad thing\n");
}

TEST_F(ProgressTest, PlainTellsWhatIsWaitedForOnce) {
  const auto progress = Make(false);
  core::Decision decision;
  decision.waiting = "the soak of server 1: 1.9 s left";
  progress->OnRound(run_, decision, round_);
  decision.waiting = "the soak of server 1: 1.8 s left";
  progress->OnRound(run_, decision, round_);
  EXPECT_EQ(said_, "waiting            the soak of server 1: 1.9 s left\n");
}

TEST_F(ProgressTest, PlainTellsAnotherReasonAndAnotherServer) {
  const auto progress = Make(false);
  core::Decision decision;
  for (const auto* waiting : {"before stopping server 1: round 1 of 3",
                              "before stopping server 1: round 2 of 3",
                              "before stopping server 1: server 2: its zxid 0x5 is behind",
                              "before stopping server 1: server 2: its zxid 0x6 is behind",
                              "before stopping server 1: server 3: its zxid 0x6 is behind"}) {
    decision.waiting = waiting;
    progress->OnRound(run_, decision, round_);
  }
  EXPECT_EQ(said_,
            "waiting            before stopping server 1: round 1 of 3\n"
            "waiting            before stopping server 1: server 2: its zxid 0x5 is behind\n"
            "waiting            before stopping server 1: server 3: its zxid 0x6 is behind\n");
}

// Actual: the line of an event ends at the terminal's last column, and elsewhere after 400 bytes.
TEST_F(ProgressTest, LiveWrapsAnEventAtWordsAndKeepsAllOfIt) {
  const std::string digest(64, 'd');
  Make(true)->OnEvent({"commit",
                       {1},
                       "server 1 stayed proved for its soak: pid 12181, follower "
                       "(srvr), zxid 0x10000007e, " +
                           digest + " durable"});
  EXPECT_EQ(said_,
            "commit             server 1 stayed proved for its soak: pid\n"
            "                   12181, follower (srvr), zxid 0x10000007e,\n"
            "                   " +
                digest + "\n                   durable\n");
}

TEST_F(ProgressTest, PlainCutsNothing) {
  const std::string long_text(2'000, 'x');
  Make(false)->OnEvent({"hook", {1}, long_text});
  EXPECT_EQ(said_, "hook               " + long_text + "\n");
}

TEST_F(ProgressTest, LiveErasesAsManyLinesAsTheGateTook) {
  const auto progress = Make(true);
  core::Decision decision;
  decision.waiting = "before stopping server 1: server 2: its zxid 0x5 is behind the canary 0x6";
  progress->OnRound(run_, decision, round_);
  EXPECT_NE(said_.find("zxid 0x5 is\n    behind the canary 0x6\n"), std::string::npos) << said_;
  const auto first = said_.size();
  progress->OnRound(run_, decision, round_);
  EXPECT_EQ(said_.substr(first, 24), "\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K");
  EXPECT_NE(said_.substr(first + 24, 1), "\x1b");
}

TEST_F(ProgressTest, LiveRedrawsInPlaceAndCutsToTheTerminal) {
  const auto progress = Make(true);
  core::Decision decision;
  decision.waiting = std::string(200, 'x');
  progress->OnRound(run_, decision, round_);
  EXPECT_NE(said_.find("server 1   follower     3.8.4    in step  idle\n"), std::string::npos);
  EXPECT_EQ(said_.find('\x1b'), std::string::npos);
  const auto first = said_.size();
  progress->OnRound(run_, decision, round_);
  EXPECT_EQ(said_.substr(first, 8), "\x1b[1A\x1b[2K");
  EXPECT_EQ(said_.find(std::string(61, 'x')), std::string::npos);
}

TEST_F(ProgressTest, AServerThatIsBehindSaysByHowMuch) {
  round_.canary = model::Zxid{0x100000009};
  round_.members[0].own_zxid = model::Zxid{0x100000004};
  EXPECT_EQ(ServerLine(run_, round_, {1}), "server 1   follower     3.8.4    -5       idle");
  round_.members[0].own_zxid = model::Zxid{0x4};
  EXPECT_EQ(ServerLine(run_, round_, {1}), "server 1   follower     3.8.4    behind   idle");
}

TEST_F(ProgressTest, AServerWhoseAgentIsSilentSaysSo) {
  round_.members[0].answered = false;
  EXPECT_EQ(ServerLine(run_, round_, {1}), "server 1   its agent does not answer");
}

}  // namespace
}  // namespace zoowarden::controller
