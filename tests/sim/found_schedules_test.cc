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

INSTANTIATE_TEST_SUITE_P(Once,
                         FoundScheduleTest,
                         testing::Values(Found{"ACrashOnTheWayBack", ACrashOnTheWayBack()},
                                         Found{"ACrashInTheMiddleOfAStop",
                                               ACrashInTheMiddleOfAStop()}),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace zoowarden::sim
