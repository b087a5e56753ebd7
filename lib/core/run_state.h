// The state of a run: what is stored before every action, and what only lives while it runs. Pure.
#pragma once

#include "core/conclusions.h"
#include "core/run_hooks.h"
#include "core/run_impact.h"
#include "model/ensemble.h"
#include "model/observation.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::core {

// Names of the enumerators are stored in run records: never change them.
enum class RunPhase {
  kPreflight,   // is the ensemble healthy and as the plan saw it? nothing is touched
  kStaging,     // every server gets its generation ready; nothing is stopped
  kRolling,     // one server after the other
  kFinalCheck,  // every member proved and as wanted
  kClosing,     // agents forget finished operations
  kSettling,    // one server whose operation waits for a person is settled; nothing else is touched
  kEnded,
};
[[nodiscard]] std::string_view RunPhaseName(RunPhase phase);
[[nodiscard]] std::optional<RunPhase> ParseRunPhase(std::string_view name);

enum class RunGoal { kForward, kBack };
[[nodiscard]] std::string_view RunGoalName(RunGoal goal);
[[nodiscard]] std::optional<RunGoal> ParseRunGoal(std::string_view name);

enum class RunOutcome {
  kNone,        // still open
  kSucceeded,   // all-new
  kRolledBack,  // all-old
  kHalted,      // mixed or waiting for somebody, every server named
  kStuck,       // going back failed too
  kRefused,     // nothing was changed
};
[[nodiscard]] std::string_view RunOutcomeName(RunOutcome outcome);
[[nodiscard]] std::optional<RunOutcome> ParseRunOutcome(std::string_view name);

// What a person decides about a server whose operation is `unconfirmed` or `needs_operator`. Names
// are stored.
enum class SettleVerb {
  kConfirm,   // what runs there is good: commit it
  kRetry,     // nothing runs there: start the new generation once more
  kRollBack,  // back to the old generation
  kClose,     // forget the operation, leave the server as it is
};
[[nodiscard]] std::string_view SettleVerbName(SettleVerb verb);
[[nodiscard]] std::optional<SettleVerb> ParseSettleVerb(std::string_view name);

struct Settlement {
  SettleVerb verb = SettleVerb::kConfirm;
  model::ServerId server;
  std::string operation_id;  // as the person saw it: another one is not touched
  bool asked = false;        // the agent was told
  bool under_way = false;    // and was seen to act on it
};

// What the run does to one server.
struct ServerRun {
  model::ServerId id;
  model::Generation origin;  // ran when the run began, stays on disk until it is closed
  model::Generation target;
  bool changed = false;  // a stop was intended at least once
  bool failed = false;   // its gate failed by its own fault
  std::string failure;
  bool restart = false;  // to be started again on the generation that it runs
  bool repair = false;   // it is down and to be started on `target`
  std::string settled;   // what was last done about the operation that an earlier run left there
};

// Stored on a majority of agents before each action.
struct RunState {
  std::string run_id;
  std::string ensemble;
  std::vector<model::Member> members;  // as declared
  model::Policy policy;
  bool allow_outage = false;
  bool has_checks = false;
  std::vector<ServerRun> servers;  // sorted by id

  RunPhase phase = RunPhase::kPreflight;
  RunGoal goal = RunGoal::kForward;
  RunOutcome outcome = RunOutcome::kNone;
  std::string outcome_reason;              // stable code
  std::string outcome_text;                // for a person
  std::optional<model::ServerId> attempt;  // the one server that may be down by our doing
  std::vector<model::ServerId> done;       // in the order in which they were committed
  std::optional<model::ServerId> leader;   // last one seen
  int elections = 0;                       // leader changes seen
  RunImpact impact;
  RunHooks hooks;
  int permit_refusals = 0;  // in a row, for the present attempt
  std::uint64_t next_operation = 1;
  std::optional<Settlement> settlement;  // set: the run settles one server and does nothing else
};

[[nodiscard]] ServerRun& ServerOf(RunState& state, model::ServerId id);
[[nodiscard]] const ServerRun& ServerOf(const RunState& state, model::ServerId id);
// Some server is to be repaired: the others are not touched, whatever they run.
[[nodiscard]] bool IsRepair(const RunState& state);
// Not one that settles or repairs: a person looks on, and what is down waits for nobody.
[[nodiscard]] bool TellsHooks(const RunState& state);
// What the server should run in the present direction.
[[nodiscard]] const model::Generation& WantedOf(const RunState& state, const ServerRun& server);

struct GrantedPermit {
  model::ServerId server;
  std::string id;
  std::uint64_t round = 0;  // the last one before it was granted
};

struct CheckVerdict {
  std::string name;
  bool passed = false;
  std::string text;  // why not
};

// How staging one server fails, and since when that has been known.
struct StagingTrouble {
  std::string last;
  int times = 0;  // in a row
  std::optional<model::Instant> since;
};

// Lost when the controller ends, on purpose: every timer and every permit starts again.
struct RunMemory {
  int good_rounds = 0;   // in a row
  std::string good_for;  // the stop that they were counted for
  // In a row, with every member proved and the same leader: such a round is good for any stop, so
  // the rounds of one server's gate and soak count for the stop of the next.
  int healthy_rounds = 0;
  std::optional<model::Instant> last_round_ended;
  KnownProcesses processes;
  // Since when each gate has been waited for. Kept until there is progress, so that two gates that
  // take turns cannot wait for ever.
  std::map<std::string, model::Instant> waits;
  std::optional<model::Instant> passed_since;  // the soak
  std::uint64_t passed_round = 0;
  int soaks = 0;  // begun for the present attempt
  std::optional<GrantedPermit> permit;
  std::optional<model::ServerId> stop_sent;   // the last decision told its agent to stop it
  std::optional<model::ServerId> doubtful;    // an answer to that never came: it may yet stop
  std::optional<model::Instant> doubt_since;  // the first decision after that
  int refused_calls = 0;                      // by agents, in a row
  std::string last_refusal;
  std::set<model::ServerId> begun;  // staging was asked of them
  std::map<model::ServerId, StagingTrouble> staging_troubles;
  std::set<model::ServerId> closing;      // closing was asked of them
  bool measures = false;                  // what clients feel
  std::optional<HookCall> hook_begun;     // as the record says
  std::optional<HookReport> hook_report;  // of that call, until somebody wants to know
};

}  // namespace zoowarden::core
