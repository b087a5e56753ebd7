// A run that repairs: members that are down are started, one after the other, and no other member
// is touched. It needs no quorum; where there is none, a server that was started waits for the next
// one, because no single one can be proved, and one that cannot be started keeps nobody waiting.
#include "core/plan.h"
#include "core/run_internal.h"
#include "core/verification.h"

#include <algorithm>

namespace zoowarden::core::internal {
namespace {

using model::OperationState;
using model::ServerId;

bool IsListed(const RunState& state, ServerId id) {
  return std::find(state.done.begin(), state.done.end(), id) != state.done.end();
}

// Repaired, or it came back by itself, which is as good.
bool IsWhole(const Turn& turn, const ServerRun& server) {
  const auto& operation = turn.Seen(server.id).operation;
  const bool under_way =
      IsOwnOperation(turn.out.state, operation) && model::IsInFlight(operation.state);
  return IsListed(turn.out.state, server.id) ||
         (turn.out.conclusions.IsProved(server.id) && !under_way);
}

// Alone it would acknowledge writes that the others never see.
std::string StandaloneOne(const Turn& turn) {
  for (const auto& seen : turn.input.round.members) {
    if (seen.answered && seen.mode == model::Mode::kStandalone &&
        turn.out.state.members.size() > 1) {
      return Name(seen.id) + " runs standalone and acknowledges writes alone";
    }
  }
  return "";
}

// What keeps the repair from beginning, or empty.
std::string MissingForRepair(Turn& turn) {
  auto missing = StandaloneOne(turn);
  for (const auto& server : turn.state().servers) {
    const auto& conclusion = turn.out.conclusions.Of(server.id);
    if (server.repair && missing.empty() && conclusion.standing == Standing::kUnknown) {
      missing = Name(server.id) + " is not known to be down: " + conclusion.why;
    }
    if (server.repair && missing.empty() && turn.out.conclusions.leader) {
      missing = RunsInVain(turn, server.id);
    }
  }
  return missing;
}

std::string SayQuorum(const Turn& turn) {
  const auto& conclusions = turn.out.conclusions;
  if (ContainsQuorum(turn.out.state.members, conclusions.Proved())) {
    return "the proved voters form a quorum";
  }
  return "the proved voters form no quorum: a server that is started is judged by its process "
         "alone until there is one";
}

// It has a process; whether that is good shows when there is a leader.
bool AwaitsQuorum(const Turn& turn, const ServerRun& server) {
  const auto& seen = turn.Seen(server.id);
  const auto operation = seen.operation.state;
  const bool started =
      operation == OperationState::kVerifying || operation == OperationState::kUnconfirmed ||
      operation == OperationState::kVerifyingOld || operation == OperationState::kNeedsOperator;
  return seen.answered && IsOwnOperation(turn.out.state, seen.operation) && started &&
         seen.process && !turn.out.conclusions.leader;
}

// Going back failed as well: it is named at the end, and waits for a person.
bool IsGivenUp(const Turn& turn, const ServerRun& server) {
  const auto& seen = turn.Seen(server.id);
  const bool moves = IsOwnOperation(turn.out.state, seen.operation) &&
                     model::IsInFlight(seen.operation.state) &&
                     seen.operation.state != OperationState::kNeedsOperator;
  return server.failed && seen.answered && !moves;
}

bool IsUnderWay(const Turn& turn, const ServerRun& server) {
  const auto& seen = turn.Seen(server.id);
  const bool silent = !seen.answered && turn.out.state.attempt == server.id;
  return silent || (seen.answered && IsOwnOperation(turn.out.state, seen.operation) &&
                    model::IsInFlight(seen.operation.state));
}

// One that failed may have to be stopped again, for which the others must be done.
ServerRun* FindUnderWay(Turn& turn) {
  ServerRun* failed = nullptr;
  for (auto& server : turn.state().servers) {
    if (!server.repair || !IsUnderWay(turn, server) || AwaitsQuorum(turn, server) ||
        IsGivenUp(turn, server)) {
      continue;
    }
    if (!server.failed) {
      return &server;
    }
    failed = &server;
  }
  return failed;
}

ServerRun* FindDown(Turn& turn) {
  auto& state = turn.state();
  const auto order = StartOrder(state.members);
  const auto found = std::find_if(order.begin(), order.end(), [&](ServerId id) {
    const auto& server = ServerOf(state, id);
    const auto& seen = turn.Seen(id);
    return server.repair && !server.failed && !IsWhole(turn, server) && !IsUnderWay(turn, server) &&
           (!IsForeign(state, seen) || IsToBeClosed(state, seen)) &&
           turn.out.conclusions.Of(id).standing == Standing::kDown;
  });
  return found == order.end() ? nullptr : &ServerOf(state, *found);
}

std::string KeyOf(const ServerRun& server) { return "repair " + Name(server.id); }

// Rounds in which it was down are counted in a row.
void ForgetWhoIsNotDown(Turn& turn) {
  for (const auto& server : turn.state().servers) {
    if (turn.memory().good_for == KeyOf(server) &&
        turn.out.conclusions.Of(server.id).standing != Standing::kDown) {
      turn.ForgetGoodRounds();
    }
  }
}

void StartDown(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  const int good = turn.CountGoodRound(KeyOf(server));
  if (IsToBeClosed(state, turn.Seen(server.id))) {
    Settle(turn, turn.Seen(server.id), ActionKind::kClose);
    return;
  }
  if (!EnsureStaged(turn, server, turn.Seen(server.id))) {
    if (turn.WaitedFor("stage " + Name(server.id),
                       "staging on " + Name(server.id),
                       state.policy.step_timeout)) {
      Halt(turn,
           "repair.not_staged",
           Name(server.id) + " could not be staged: " + turn.Seen(server.id).operation.failure +
               turn.memory().last_refusal);
    }
    return;
  }
  turn.out.waiting = "before starting " + Name(server.id) + ": " + CountedRounds(state, good);
  if (good < state.policy.good_rounds) {
    return;
  }
  state.attempt = server.id;
  const auto& wanted = WantedOf(state, server);
  Proceed(turn,
          server,
          "",
          Name(server.id) + " is down (" + turn.out.conclusions.Of(server.id).why +
              ") and will be started on " + wanted.version.ToString() + " (generation " +
              wanted.digest + "); " + SayQuorum(turn));
}

// Every one that is down was started; the rest is theirs to do.
void AwaitAll(Turn& turn) {
  const auto& conclusions = turn.out.conclusions;
  std::string text;
  for (const auto& server : turn.state().servers) {
    if (server.repair && !IsWhole(turn, server) && !IsGivenUp(turn, server)) {
      text += (text.empty() ? "" : "; ") + Name(server.id) + ": " + conclusions.Of(server.id).why;
    }
  }
  const bool leaderless = !conclusions.leader;
  if (turn.WaitedFor("all",
                     (leaderless ? "a quorum and its leader: " : "the repaired: ") + text,
                     turn.state().policy.step_timeout)) {
    Halt(turn,
         leaderless ? "repair.no_quorum" : "repair.not_proved",
         (leaderless ? "no quorum has formed; no member is stopped, but each agent takes what has "
                       "not joined by its deadline back to what was installed, and leaves that "
                       "running: "
                     : "what was to be repaired is not proved: ") +
             conclusions.NotProved());
  }
}

void EndFailed(Turn& turn) {
  auto& state = turn.state();
  std::string text;
  bool waits = false;
  for (const auto& server : state.servers) {
    if (server.repair && server.failed) {
      text += (text.empty() ? "" : "; ") + Name(server.id) + ": " + server.failure;
      waits = waits || turn.Seen(server.id).operation.state == OperationState::kNeedsOperator;
    }
  }
  turn.End(waits ? RunOutcome::kStuck : RunOutcome::kHalted,
           waits ? "server.needs_operator" : "repair.failed",
           "not repaired: " + text + " (" + DescribeServers(state, turn.input.round) + ")");
}

// Of what was repaired; a server that came back by itself must be proved and no more.
bool IsOurs(const Turn& turn, const Problem& problem) {
  if (!problem.server) {
    return true;
  }
  const auto& server = ServerOf(turn.out.state, *problem.server);
  return server.repair && (server.changed || !turn.out.conclusions.IsProved(server.id));
}

void FinishRepair(Turn& turn, const std::string& others) {
  auto& state = turn.state();
  std::string text;
  for (const auto& server : state.servers) {
    if (server.repair) {
      text += (text.empty() ? "" : ", ") + Name(server.id);
    }
  }
  text += " proved: " + DescribeServers(state, turn.input.round) +
          (others.empty() ? "" : "; not touched: " + others);
  turn.End(RunOutcome::kSucceeded, "run.succeeded", text);
}

}  // namespace

// The others do not wait for it.
void RepairFailed(Turn& turn, ServerRun& server) {
  server.failed = true;
  turn.state().attempt.reset();
  turn.ForgetGoodRounds();
  turn.Progress();
  turn.Tell("server_back",
            server.id,
            Name(server.id) + " could not be repaired and was taken back to what was installed: " +
                server.failure);
}

void RepairPreflight(Turn& turn) {
  auto& state = turn.state();
  bool settled = true;
  for (const auto& server : state.servers) {
    const auto& seen = turn.Seen(server.id);
    settled = (!server.repair || !seen.answered || SettleForRepair(turn, seen)) && settled;
  }
  if (!MayBegin(turn,
                MissingForRepair(turn),
                settled,
                {"repair.not_down", "only what is proved down is repaired"})) {
    return;
  }
  turn.Progress();
  state.phase = RunPhase::kStaging;
  turn.Tell("preflight_passed", {}, SayQuorum(turn), EvidenceOf(turn.input.round));
}

void Repairing(Turn& turn) {
  ForgetWhoIsNotDown(turn);
  if (auto* server = FindGoneBack(turn)) {
    RepairFailed(turn, *server);
  }
  NoteDone(turn);
  if (turn.memory().refused_calls > kMaxRefusedCalls) {
    Halt(turn, "agent.refuses", turn.memory().last_refusal);
    return;
  }
  if (auto* server = FindUnderWay(turn)) {
    InFlight(turn, *server);
    return;
  }
  if (turn.input.stop_requested) {
    StopHere(turn);
    return;
  }
  if (SettlesProved(turn)) {
    return;
  }
  if (auto* server = FindDown(turn)) {
    StartDown(turn, *server);
    return;
  }
  auto& state = turn.state();
  const bool all =
      std::all_of(state.servers.begin(), state.servers.end(), [&](const ServerRun& server) {
        return !server.repair || IsGivenUp(turn, server) || IsWhole(turn, server);
      });
  if (!all) {
    AwaitAll(turn);
    return;
  }
  if (std::any_of(state.servers.begin(), state.servers.end(), [](const ServerRun& server) {
        return server.repair && server.failed;
      })) {
    EndFailed(turn);
    return;
  }
  turn.Progress();
  state.phase = RunPhase::kFinalCheck;
  turn.Tell("rolled", {}, "every server that was down was started; checking them");
}

void RepairCheck(Turn& turn) {
  auto& state = turn.state();
  auto problems = FindProblemsOf(turn);
  const auto others =
      std::stable_partition(problems.begin(), problems.end(), [&](const Problem& problem) {
        return IsOurs(turn, problem);
      });
  const std::vector<Problem> left(others, problems.end());
  problems.erase(others, problems.end());
  if (problems.empty() && !turn.out.conclusions.leader) {
    problems.push_back({"no_leader", std::nullopt, "no leader is known"});
  }
  if (problems.empty()) {
    FinishRepair(turn, TextOf(left));
    return;
  }
  if (turn.WaitedFor(
          "final", "the final verification: " + TextOf(problems), state.policy.step_timeout)) {
    turn.End(RunOutcome::kHalted,
             "final_check.failed",
             "the final verification failed: " + TextOf(problems) + " (" +
                 DescribeServers(state, turn.input.round) + ")");
  }
}

}  // namespace zoowarden::core::internal
