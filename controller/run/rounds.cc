#include "controller/run/rounds.h"

#include <algorithm>

namespace zoowarden::controller {
namespace {

// A frozen leader lets a canary hang: two members are tried, each for this long.
constexpr std::chrono::milliseconds kCanaryDeadline{1'500};
constexpr std::size_t kCanaryTries = 2;
// How long a busy member may take to apply and to write what the canary's member already has; the
// worst seen on an overloaded machine with two cores was 280 ms.
constexpr std::chrono::milliseconds kCatchUp{400};

// An observer would do, too, but it is the first to be restarted. The only member of its ensemble
// runs standalone.
bool Serves(const model::MemberObservation& seen, bool only_member) {
  return seen.answered &&
         (seen.mode == model::Mode::kLeader || seen.mode == model::Mode::kFollower ||
          (only_member && seen.mode == model::Mode::kStandalone));
}

// Settled members first: the one that is being restarted comes last.
std::vector<model::ServerId> CanaryCandidates(const model::Round& before) {
  const bool only = before.members.size() == 1;
  std::vector<model::ServerId> candidates;
  for (const bool in_flight : {false, true}) {
    for (const auto& seen : before.members) {
      if (Serves(seen, only) && model::IsInFlight(seen.operation.state) == in_flight) {
        candidates.push_back(seen.id);
      }
    }
  }
  candidates.resize(std::min(candidates.size(), kCanaryTries));
  return candidates;
}

void CommitCanary(Agents& agents,
                  const RoundOptions& options,
                  const model::Round& before,
                  model::Round& round) {
  round.canary_problem = "no member served in the round before";
  for (const auto id : CanaryCandidates(before)) {
    const auto canary =
        agents.CommitCanary(id, options.identity, kCanaryDeadline, options.canary_path);
    if (canary) {
      round.canary = canary->zxid;
      round.canary_through = id;
      round.canary_method = canary->method;
      round.canary_problem.clear();
      return;
    }
    round.canary_problem = "server " + model::ToString(id) + ": " + canary.error().message();
  }
}

}  // namespace

model::Round MakeRound(Agents& agents,
                       sys::Clock& clock,
                       const RoundOptions& options,
                       const model::Round& before) {
  model::Round round{.number = before.number + 1, .started = clock.BootTime()};
  CommitCanary(agents, options, before, round);
  round.members =
      agents.Observe({.run = options.identity,
                      .canary = round.canary,
                      .deadline = kCatchUp,
                      .sessions = round.canary ? options.sessions : std::set<model::ServerId>(),
                      .read_back_path = round.canary ? options.canary_path : "",
                      .tree_digests = options.tree_digests});
  round.ended = clock.BootTime();
  return round;
}

}  // namespace zoowarden::controller
