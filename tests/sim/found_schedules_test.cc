// Schedules that once broke something, made as small as they go.
#include "tests/sim/drill.h"

#include <gtest/gtest.h>

namespace zoowarden::sim {
namespace {

using std::chrono::milliseconds;

struct Found {
  const char* name;
  Schedule schedule;
};

class FoundScheduleTest : public testing::TestWithParam<Found> {};

TEST_P(FoundScheduleTest, HoldsEveryInvariantAndEnds) {
  const auto result = Drill(GetParam().schedule).CarryOut();
  std::string story;
  for (const auto& line : result.story) {
    story += line + "\n";
  }
  EXPECT_TRUE(result.broken.empty()) << result.broken.front() << "\n" << story;
}

// The whole run goes back, and the machine of a server crashes while it does: the process that its
// supervisor started is nobody's success, so its agent undoes the way back and the run is stuck.
// Opened again, it must go that way again.
Schedule ACrashOnTheWayBack() {
  Schedule schedule;
  schedule.incidents = {{.kind = IncidentKind::kMemberKilled,
                         .at = milliseconds(6'773),
                         .lasts = milliseconds(4'764),
                         .server = {2}},
                        {.kind = IncidentKind::kMachineCrashed,
                         .at = milliseconds(9'093),
                         .lasts = milliseconds(340),
                         .server = {1}}};
  return schedule;
}

// A server is told to stop and its machine crashes; what its agent finds afterwards is a new
// process and no permit, so it gives the stop up. The run, over its budget, took the next server
// back before that one was a member again.
Schedule ACrashInTheMiddleOfAStop() {
  Schedule schedule;
  schedule.participants = 5;
  schedule.in_pairs = true;
  schedule.client_impact = {.max_write_gap = milliseconds(506),
                            .then = model::OverBudget::kRollback};
  schedule.incidents = {{.kind = IncidentKind::kLeadershipLost,
                         .at = milliseconds(6'913),
                         .lasts = milliseconds(9'331),
                         .server = {4}},
                        {.kind = IncidentKind::kMachineCrashed,
                         .at = milliseconds(14'086),
                         .lasts = milliseconds(31'189),
                         .server = {4}},
                        {.kind = IncidentKind::kMachineCrashed,
                         .at = milliseconds(19'672),
                         .lasts = milliseconds(505),
                         .server = {2}}};
  return schedule;
}

// A controller that was frozen while another one took the run over decides, when it thaws, that the
// run halts. No majority of agents stores that, so no record owes anybody word of it.
Schedule AHaltThatNoMajorityStored() {
  Schedule schedule;
  schedule.verb = Verb::kRollBack;
  schedule.on_failure = model::OnFailure::kRollbackServer;
  schedule.has_hooks = true;
  schedule.rolls_back_after = 2;
  schedule.incidents = {{.kind = IncidentKind::kAgentFrozen,
                         .at = milliseconds(10'351),
                         .lasts = milliseconds(26'567),
                         .server = {2}},
                        {.kind = IncidentKind::kTakenOver,
                         .at = milliseconds(15'337),
                         .lasts = milliseconds(744),
                         .server = {1}},
                        {.kind = IncidentKind::kControllerKilled,
                         .at = milliseconds(16'033),
                         .lasts = milliseconds(575),
                         .server = {2}},
                        {.kind = IncidentKind::kTakenOver,
                         .at = milliseconds(16'718),
                         .lasts = milliseconds(744),
                         .server = {2}}};
  return schedule;
}

// The same with what is started again.
Schedule AHaltThatNoMajorityStoredInARestart() {
  auto schedule = AHaltThatNoMajorityStored();
  schedule.restarts = true;
  return schedule;
}

// The same among five, with checks, where a machine crashes and clients have a budget.
Schedule AHaltThatNoMajorityStoredAmongFive() {
  Schedule schedule;
  schedule.verb = Verb::kRollBack;
  schedule.participants = 5;
  schedule.has_checks = true;
  schedule.has_hooks = true;
  schedule.client_impact = {.max_write_gap = milliseconds(316),
                            .then = model::OverBudget::kRollback};
  schedule.same_machine = false;
  schedule.rolls_back_after = 1;
  schedule.incidents = {{.kind = IncidentKind::kMemberFrozen,
                         .at = milliseconds(10'097),
                         .lasts = milliseconds(5'871),
                         .server = {4}},
                        {.kind = IncidentKind::kMachineCrashed,
                         .at = milliseconds(11'353),
                         .lasts = milliseconds(37'681),
                         .server = {1}},
                        {.kind = IncidentKind::kAgentFrozen,
                         .at = milliseconds(15'393),
                         .lasts = milliseconds(2'470),
                         .server = {2}},
                        {.kind = IncidentKind::kTakenOver,
                         .at = milliseconds(15'837),
                         .lasts = milliseconds(39'804),
                         .server = {5}}};
  return schedule;
}

// A controller is killed before a majority of agents has stored that its run is refused: whoever
// goes on with the run knows nothing of it and takes it back.
Schedule ARefusalThatNoMajorityStored() {
  Schedule schedule;
  schedule.verb = Verb::kRollBack;
  schedule.observers = 1;
  schedule.has_hooks = true;
  schedule.same_machine = false;
  schedule.rolls_back_after = 2;
  schedule.incidents = {{.kind = IncidentKind::kControllerKilled,
                         .at = milliseconds(743),
                         .lasts = milliseconds(4'870),
                         .server = {3}},
                        {.kind = IncidentKind::kHooksVeto,
                         .at = milliseconds(3'771),
                         .lasts = milliseconds(5'686),
                         .server = {3}},
                        {.kind = IncidentKind::kControllerKilled,
                         .at = milliseconds(6'597),
                         .lasts = milliseconds(37'671),
                         .server = {1}}};
  return schedule;
}

// An agent dies before it has begun with the stop that it was told, and the leader freezes: that
// goes over the budget of clients, and the whole run goes back. Whoever was told before the step of
// the server, which was never stopped, must be told that it is over.
Schedule AStepThatNeverBeganAndARunThatGoesBack() {
  Schedule schedule;
  schedule.verb = Verb::kRepair;
  schedule.has_hooks = true;
  schedule.client_impact = {.max_write_gap = milliseconds(311),
                            .then = model::OverBudget::kRollback};
  schedule.same_machine = false;
  schedule.incidents = {{.kind = IncidentKind::kAgentDiesActing,
                         .at = milliseconds(768),
                         .lasts = milliseconds(959),
                         .server = {1},
                         .after = 5},
                        {.kind = IncidentKind::kMemberFrozen,
                         .at = milliseconds(4'679),
                         .lasts = milliseconds(34'587),
                         .server = {3}}};
  return schedule;
}

INSTANTIATE_TEST_SUITE_P(
    Once,
    FoundScheduleTest,
    testing::Values(
        Found{"ACrashOnTheWayBack", ACrashOnTheWayBack()},
        Found{"ACrashInTheMiddleOfAStop", ACrashInTheMiddleOfAStop()},
        Found{"AHaltThatNoMajorityStored", AHaltThatNoMajorityStored()},
        Found{"AHaltThatNoMajorityStoredInARestart", AHaltThatNoMajorityStoredInARestart()},
        Found{"AHaltThatNoMajorityStoredAmongFive", AHaltThatNoMajorityStoredAmongFive()},
        Found{"ARefusalThatNoMajorityStored", ARefusalThatNoMajorityStored()},
        Found{"AStepThatNeverBeganAndARunThatGoesBack", AStepThatNeverBeganAndARunThatGoesBack()}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace zoowarden::sim
