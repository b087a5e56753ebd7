// Shared by the run's phases; not for other components.
#pragma once

#include "core/agreement.h"
#include "core/run_decision.h"

namespace zoowarden::core::internal {

// The decision being made, with its inputs at hand.
struct Turn {
  const DecisionInput& input;
  Decision out;

  [[nodiscard]] RunState& state() { return out.state; }
  [[nodiscard]] RunMemory& memory() { return out.memory; }
  [[nodiscard]] const model::MemberObservation& Seen(model::ServerId id) const;

  void Tell(std::string kind,
            model::ServerId server,
            std::string text,
            EventEvidence evidence = {});
  void Do(Action action) { out.actions.push_back(std::move(action)); }
  // Notes what is waited for; true when `gate` has been waited for longer than `patience` since
  // the last progress.
  bool WaitedFor(const std::string& gate, std::string what, std::chrono::milliseconds patience);
  void Progress();  // every timer starts again
  // One more round in which this stop was safe; how many there are in a row, counting those in
  // which any stop was.
  int CountGoodRound(const std::string& stop);
  void ForgetGoodRounds();
  // A permit that was granted before this round began.
  [[nodiscard]] bool HasPermit(model::ServerId id) const;
  void End(RunOutcome outcome, std::string reason, std::string text);
};

// "round 2 of 3"; more than enough are not counted on.
[[nodiscard]] std::string CountedRounds(const RunState& state, int good);

// What was counted and granted until now allows no stop.
void ForgetRounds(RunMemory& memory);

// True when the observed operation belongs to this run.
[[nodiscard]] bool IsOwnOperation(const RunState& state, const model::OperationStatus& status);
[[nodiscard]] std::string NewOperationId(RunState& state);
// The ensemble's own checks judge what is new. Going back is never vetoed: it is the repair.
[[nodiscard]] bool ChecksApply(const RunState& state);

// "server 1 runs 3.9.4 (generation ab12), server 2 ..." for halted and stuck runs.
[[nodiscard]] std::string DescribeServers(const RunState& state, const model::Round& round);

[[nodiscard]] std::string Name(model::ServerId id);  // "server 3"

// The round's canary, and of one member what it was judged by.
[[nodiscard]] EventEvidence EvidenceOf(const model::Round& round);
[[nodiscard]] EventEvidence EvidenceOf(const model::Round& round,
                                       const model::MemberObservation& seen);

// True when every server is seen on what it ran before, with nothing of ours under way.
[[nodiscard]] bool NothingChanged(const Turn& turn);

// The server other than `but` that an operation of any run has, or may have, down; or empty.
[[nodiscard]] std::string OtherInFlight(const Turn& turn, model::ServerId but);

// A safe point at which a person wanted the run to stop: nothing of its doing is under way.
void StopHere(Turn& turn);
// Halts with every server named.
void Halt(Turn& turn, std::string reason, const std::string& why);

// Patience with a state that the agent itself must leave: stop, start and going back each have the
// agent's own deadline, so this only runs out when the agent or its machine is in trouble.
[[nodiscard]] std::chrono::milliseconds AgentPatience(const RunState& state);

// Sends `kind` to the operation that an earlier run left behind.
void Settle(Turn& turn, const model::MemberObservation& seen, ActionKind kind);
// What was done about such operations, after "nothing was touched"; or empty.
[[nodiscard]] std::string ButSettled(const RunState& state);
// An operation that an earlier run left behind, brought to an end that changes nothing: what serves
// stays, what is down goes back. False while it is still unsettled.
[[nodiscard]] bool SettleOldOperation(Turn& turn, const model::MemberObservation& seen);
// One of another run that has not ended. A repair touches none that has a process: it may join once
// there is a quorum, and to end it is for a person.
[[nodiscard]] bool IsForeign(const RunState& state, const model::MemberObservation& seen);
[[nodiscard]] bool IsLeftRunning(const RunState& state, const model::MemberObservation& seen);
// Nothing runs there and the agent does nothing more about it for now. A repair closes it: going
// back could change what runs there, which nobody asked for, and without a quorum has no end.
[[nodiscard]] bool IsToBeClosed(const RunState& state, const model::MemberObservation& seen);
// Why one that is left running keeps a repair from beginning, or empty: with a quorum it would have
// joined.
[[nodiscard]] std::string RunsInVain(const Turn& turn, model::ServerId id);
// SettleOldOperation of a repair: it starts and stops nothing, and keeps nobody waiting for a
// quorum.
[[nodiscard]] bool SettleForRepair(Turn& turn, const model::MemberObservation& seen);
// True when one that was left running is proved by now and was told what it comes to.
[[nodiscard]] bool SettlesProved(Turn& turn);
// Why a preflight that waited for too long ends.
struct PreflightRefusal {
  std::string reason;
  std::string said;
};
// False while something is missing or an earlier run's operation is not settled, and when that or
// what moved since the plan was approved has ended the run.
[[nodiscard]] bool MayBegin(Turn& turn,
                            std::string missing,
                            bool settled,
                            const PreflightRefusal& refusal);

// The attempt's operation came back to old by itself or by our word: what follows is policy's to
// say.
[[nodiscard]] ServerRun* FindGoneBack(Turn& turn);
// Lists the servers that have come to run what they should.
void NoteDone(Turn& turn);
// Makes the operation to the wanted generation ready on this server. True when it is.
[[nodiscard]] bool EnsureStaged(Turn& turn,
                                const ServerRun& server,
                                const model::MemberObservation& seen);
// Tells the agent to stop, switch and start; without a permit where the member is down.
void Proceed(Turn& turn, ServerRun& server, std::string permit_id, std::string intent);

void Preflight(Turn& turn);
void Staging(Turn& turn);
void Rolling(Turn& turn);
void InFlight(Turn& turn, ServerRun& server);
void FinalCheck(Turn& turn);
void Closing(Turn& turn);
void Settling(Turn& turn);
// The same phases of a run that repairs.
void RepairPreflight(Turn& turn);
void Repairing(Turn& turn);
void RepairCheck(Turn& turn);
void RepairFailed(Turn& turn, ServerRun& server);

// A serving server goes back behind the gates of any stop: good rounds, intent, permit.
void SendBackServing(Turn& turn, const ServerRun& server);
// What the ensemble's own checks say in this round, or empty.
[[nodiscard]] std::string Veto(const Turn& turn);

// The cheap form of `verify`, with what the run leads to in ensemble.yaml's place.
[[nodiscard]] std::vector<Problem> FindProblemsOf(Turn& turn);

// Every server goes back; `reason` is that of the run when all are back, empty = the usual one.
void GoBack(Turn& turn, std::string reason, const std::string& why);

// Keeps a report that came.
void NoteReport(Turn& turn);
enum class HookVerdict { kGoOn, kWait, kVetoed };
// Tells the hooks before something, once. While they run the run waits; `veto` says which of them
// said no and why. On the way back none may.
[[nodiscard]] HookVerdict TellBefore(Turn& turn, const HookCall& call, std::string& veto);
// The hooks after something are owed a call, where there are any.
void OweAfter(RunState& state, HookCall call);
// True when no call is owed any more; else the run waits for one.
[[nodiscard]] bool TellAfter(Turn& turn);

inline constexpr std::string_view kOverBudget = "impact.over_budget";
// Notes what clients felt; tells once when that is more than the policy allows.
void NoteImpact(Turn& turn);
[[nodiscard]] bool IsOverBudget(const RunState& state);
// At a safe point: true when the run was halted or turned round because of it.
[[nodiscard]] bool StopsOverBudget(Turn& turn);
[[nodiscard]] Connections ConnectionsIn(const model::Round& round);

// The server is back on what it ran before: the run's policy says what follows.
void AfterFailure(Turn& turn, ServerRun& server);

}  // namespace zoowarden::core::internal
