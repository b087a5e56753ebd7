// The controller's loop, decided: from the stored state and one round of observation to what must
// be stored and then done. Pure and level-triggered; a resumed run is this function called again.
//
// The caller persists `state` and `events` on a majority of agents whenever `events` is not empty,
// and only then carries out `actions`, in order.
#pragma once

#include "base/error.h"
#include "core/gates.h"
#include "core/run_state.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::core {

enum class ActionKind {
  kStage,  // upload and begin the operation to the server's target
  kBegin,  // begin an operation to a generation that is on the server
  kRequestPermit,
  kProceed,  // stop, switch, start
  kCommit,
  kRollBack,
  kClose,
};
[[nodiscard]] std::string_view ActionKindName(ActionKind kind);

struct Action {
  ActionKind kind;
  model::ServerId server;
  std::string operation_id;
  std::string to_generation;  // of kStage and kBegin
  std::string permit_id;      // of kProceed and kRollBack, empty = the member is down
};

// What an event was concluded from, by name, as it was seen: "canary", "zxid", "pid".
using EventEvidence = std::map<std::string, std::string>;

// A line of the run's journal. Kinds and the names in the evidence are stable.
struct Event {
  std::string kind;
  model::ServerId server;  // 0 = the whole run
  std::string text;
  EventEvidence evidence = {};
};

struct DecisionInput {
  model::Round round;
  model::Instant now{0};
  bool stop_requested = false;       // Ctrl-C, pause, abort: stop at the next safe point
  std::string aborted_by;            // not empty: there the run ends halted, and is not left open
  std::vector<CheckVerdict> checks;  // when the decision before asked for them
  bool checks_ran = false;
  // What a stream of writes saw since the decision before; absent where none is measured by.
  std::optional<WritesSeen> writes;
  std::optional<HookReport> hooks;  // of a call that a decision before asked for
};

struct Decision {
  RunState state;
  RunMemory memory;
  std::vector<Event> events;
  std::vector<Action> actions;
  Conclusions conclusions;
  std::string waiting;                 // what the present gate waits for, for people
  bool want_checks = false;            // run the ensemble's own checks before the next decision
  std::optional<HookCall> want_hooks;  // to be made beside the next rounds, and reported on once
  bool interrupted = false;  // a safe point was reached after stop_requested, the run stays open
};

[[nodiscard]] Decision Decide(const RunState& state,
                              const RunMemory& memory,
                              const DecisionInput& input);

// Feeds an action's result back. A failed action is no state of its own: it is retried by the next
// decision, except those that end the run.
void NoteResult(RunState& state,
                RunMemory& memory,
                const Action& action,
                const base::Status& result,
                std::vector<Event>& events);
// Rounds passed that nothing was decided from, because the decision before could not be stored:
// those before are not in a row with those that follow, and a soak begins again.
void NoteMissedRounds(RunMemory& memory);
void NotePermit(RunMemory& memory, model::ServerId server, std::string id, std::uint64_t round);

// Opens a run again in the given direction; to resume, give the run's own goal. A halted or stuck
// run forgets its verdicts; one that was merely interrupted goes on with them. A repair has no way
// back.
void Reopen(RunState& state, RunGoal goal);

// How long the preflight waits for a healthy round before it refuses.
inline constexpr std::chrono::milliseconds kPreflightPatience{10'000};
// Between two rounds. Whoever slept longer has not seen what happened meanwhile, so neither good
// rounds nor a soak go on. As long as a record may take on agents, and more than any pause of ours.
inline constexpr std::chrono::milliseconds kLongestGap{5'000};
// Permits that were refused in a row before the run halts.
inline constexpr int kMaxPermitRefusals = 5;
// Calls that agents refused in a row before the run halts.
inline constexpr int kMaxRefusedCalls = 5;
// Soaks that one attempt may begin: a gate that opens and closes for ever ends as halted.
inline constexpr int kMaxSoaks = 10;

}  // namespace zoowarden::core
