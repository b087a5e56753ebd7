// Preflight and staging: everything that can be done before the first stop.
#include "base/back_off.h"
#include "core/plan_refusals.h"
#include "core/run_internal.h"

#include <algorithm>

namespace zoowarden::core::internal {
namespace {

using model::OperationState;

// A server whose staging has failed, and whose mirror perhaps cannot do any better, is given time.
bool Rests(Turn& turn, model::ServerId id) {
  const auto found = turn.memory().staging_troubles.find(id);
  if (found == turn.memory().staging_troubles.end()) {
    return false;
  }
  auto& trouble = found->second;
  trouble.since = trouble.since.value_or(turn.input.now);
  return turn.input.now - *trouble.since < base::BackOff(trouble.times);
}

// The last thing that went wrong on each server: "server 1: ...; server 2: ...".
std::string StagingTroubles(Turn& turn) {
  std::string text;
  for (const auto& server : turn.state().servers) {
    const auto trouble = turn.memory().staging_troubles.find(server.id);
    const std::string why = server.failed                                     ? server.failure
                            : trouble != turn.memory().staging_troubles.end() ? trouble->second.last
                                                                              : "";
    if (!why.empty()) {
      text += text.empty() ? "" : "; ";
      text += why.starts_with(Name(server.id) + " ") ? why : Name(server.id) + ": " + why;
    }
  }
  return text;
}

// A repair touches nobody else.
bool IsLeftAlone(const RunState& state,
                 const ServerRun& server,
                 const model::MemberObservation& seen) {
  return IsRepair(state) && (!server.repair || IsLeftRunning(state, seen));
}

// One server's way to `staged`. True when it is there or has nothing to do.
bool StageServer(Turn& turn, ServerRun& server) {
  const auto& seen = turn.Seen(server.id);
  const auto& operation = seen.operation;
  if (server.failed && !turn.memory().staging_troubles.contains(server.id)) {
    server.failed = false;  // refused to the controller before this one: perhaps mended since
    server.failure.clear();
  }
  if (IsLeftAlone(turn.state(), server, seen)) {
    return true;
  }
  if (server.failed || !seen.answered) {
    return false;
  }
  if (IsOwnOperation(turn.state(), operation)) {
    if (model::IsInFlight(operation.state)) {
      return true;  // a resumed run: the rolling phase takes care of it
    }
    if (operation.to_generation == server.target.digest &&
        operation.state == OperationState::kStaged) {
      return true;
    }
    if (operation.state == OperationState::kStaging) {
      return false;
    }
    if (operation.state == OperationState::kIdle && !operation.failure.empty() &&
        turn.memory().begun.contains(server.id)) {
      server.failed = true;
      server.failure = operation.failure;
      return false;
    }
  }
  if (seen.current && seen.current->digest == server.target.digest) {
    return true;
  }
  if (server.repair &&
      (IsOnServer(seen, server.target) || turn.out.conclusions.IsProved(server.id))) {
    return true;  // it needs no archive, which may be gone, or nothing at all
  }
  if (model::IsInFlight(operation.state)) {
    return false;  // of another run: its own controller or agent brings it to an end
  }
  if (!model::IsFinished(operation.state)) {
    turn.Do(
        {.kind = ActionKind::kClose, .server = server.id, .operation_id = operation.operation_id});
    turn.Tell("dropped", server.id, "dropping the staged operation " + operation.operation_id);
    return false;
  }
  if (Rests(turn, server.id)) {
    return false;
  }
  turn.Do({.kind = ActionKind::kStage,
           .server = server.id,
           .operation_id = NewOperationId(turn.state()),
           .to_generation = server.target.digest});
  turn.Tell(
      "staging",
      server.id,
      "staging " + server.target.version.ToString() + " (generation " + server.target.digest + ")");
  return false;
}

void EndStaging(Turn& turn, std::string reason, const std::string& what, const std::string& why) {
  const bool untouched = NothingChanged(turn);
  // What this turn was going to stage is dropped, word and deed.
  turn.out.actions.clear();
  std::erase_if(turn.out.events, [](const Event& event) {
    return event.kind == "staging" || event.kind == "dropped";
  });
  turn.End(
      untouched ? RunOutcome::kRefused : RunOutcome::kHalted,
      std::move(reason),
      what + (untouched ? ", no server was stopped: " : ", no further server was stopped: ") + why);
}

}  // namespace

namespace {

// What moved since the plan was approved, or empty.
std::string MovedSincePlan(const Turn& turn) {
  for (const auto& server : turn.out.state.servers) {
    const auto& seen = turn.Seen(server.id);
    if (IsLeftAlone(turn.out.state, server, seen)) {
      continue;
    }
    if (!seen.current || seen.current->digest != server.origin.digest) {
      return Name(server.id) + " has generation " +
             (seen.current ? seen.current->digest : "(none)") + " and the plan saw " +
             server.origin.digest;
    }
    if (seen.process && seen.process->generation != server.origin.digest) {
      return Name(server.id) + " runs generation '" + seen.process->generation + "' while '" +
             server.origin.digest + "' is installed; restart it on what is installed first";
    }
  }
  return "";
}

}  // namespace

bool MayBegin(Turn& turn, std::string missing, bool settled, const PreflightRefusal& refusal) {
  if (missing.empty() && !settled) {
    missing = "an operation of an earlier run is still being settled";
  }
  if (!missing.empty()) {
    // Operations of an earlier run have the agents' own deadlines.
    const auto patience = settled ? kPreflightPatience
                                  : std::max(kPreflightPatience, turn.state().policy.step_timeout);
    if (turn.WaitedFor("preflight", missing, patience)) {
      turn.End(RunOutcome::kRefused,
               refusal.reason,
               refusal.said + ", nothing was touched" + ButSettled(turn.state()) + ": " + missing);
    }
    return false;
  }
  if (const auto moved = MovedSincePlan(turn); !moved.empty()) {
    turn.End(RunOutcome::kRefused,
             "preflight.moved",
             "the ensemble is not as it was planned for, nothing was touched" +
                 ButSettled(turn.state()) + ": " + moved);
    return false;
  }
  return true;
}

void Preflight(Turn& turn) {
  if (turn.input.stop_requested) {
    StopHere(turn);
    return;
  }
  if (IsRepair(turn.state())) {
    RepairPreflight(turn);
    return;
  }
  bool settled = true;
  for (const auto& seen : turn.input.round.members) {
    if (seen.answered && !SettleOldOperation(turn, seen)) {
      settled = false;
    }
  }
  auto missing = MissingForHealthy(turn.state().members, turn.input.round, turn.out.conclusions);
  if (!MayBegin(turn,
                std::move(missing),
                settled,
                {"preflight.degraded", "the ensemble is not healthy"})) {
    return;
  }
  std::string veto;
  switch (TellBefore(turn, {.when = model::HookPoint::kBeforeRun}, veto)) {
    case HookVerdict::kWait:
      return;
    case HookVerdict::kVetoed:
      turn.End(RunOutcome::kRefused,
               "hook.vetoed",
               "nothing was touched" + ButSettled(turn.state()) + ": " + veto);
      return;
    case HookVerdict::kGoOn:
      break;
  }
  turn.Progress();
  turn.state().impact.before = ConnectionsIn(turn.input.round);
  turn.state().phase = RunPhase::kStaging;
  turn.Tell("preflight_passed",
            {},
            "every member is proved; server " + model::ToString(*turn.out.conclusions.leader) +
                " leads; canary " + turn.input.round.canary->ToString(),
            EvidenceOf(turn.input.round));
}

void Staging(Turn& turn) {
  if (turn.input.stop_requested) {
    StopHere(turn);
    return;
  }
  bool ready = true;
  std::string failed;
  for (auto& server : turn.state().servers) {
    ready = StageServer(turn, server) && ready;
    if (server.failed) {
      failed += (failed.empty() ? "" : ", ") + Name(server.id);
    }
  }
  const auto troubles = StagingTroubles(turn);
  if (!failed.empty()) {
    EndStaging(turn, "staging.failed", failed + " could not be staged", troubles);
    return;
  }
  if (!ready) {
    const auto what = "every server to be staged" + (troubles.empty() ? "" : " (" + troubles + ")");
    if (turn.WaitedFor("staging", what, turn.state().policy.step_timeout)) {
      EndStaging(turn,
                 "staging.timeout",
                 "not every server could be staged in time",
                 (troubles.empty() ? "" : troubles + "; ") +
                     DescribeServers(turn.state(), turn.input.round));
    }
    return;
  }
  turn.Progress();
  turn.state().phase = RunPhase::kRolling;
  turn.Tell("staged",
            {},
            "every server is staged: release verified, configuration rendered and "
            "checked, the way back in place");
}

}  // namespace zoowarden::core::internal
