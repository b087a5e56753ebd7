// What happens in one simulated run and when: made from a seed, so that a failure can be told,
// repeated and made smaller.
#pragma once

#include "model/ensemble.h"
#include "tests/sim/world.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::sim {

// Each begins at its time and is over after its duration.
enum class IncidentKind {
  kAgentCutOff,    // its agent cannot be reached
  kAnswersLost,    // calls are carried out and nobody hears of it
  kSlowLink,       // each call takes long
  kCallsRepeated,  // each call comes once more, later
  kMemberKilled,   // and started again by its supervisor at the end
  kMemberFrozen,
  kMemberCutOff,     // from the other members
  kMemberRestarted,  // by hand, at once
  kMemberWiped,      // killed, and started again with an empty data directory at the end
  kLeadershipLost,
  kLogSlow,          // what is committed reaches the member's log late
  kAgentKilled,      // and started again at the end
  kAgentDiesActing,  // between two things that it does to its server, its disk or its journal
  kAgentFrozen,
  kAgentDiskFull,
  kMachineCrashed,  // agent and member together
  kRecordsRefused,  // the agent cannot store run records
  kControllerKilled,
  kControllerFrozen,
  kTakenOver,    // frozen, and meanwhile somebody else takes the run over, or aborts it
  kInterrupted,  // Ctrl-C
  kChecksVeto,
  kEdited,  // ensemble.yaml asks for another release from now on
  kHooksVeto,
};
inline constexpr int kIncidentKinds = static_cast<int>(IncidentKind::kHooksVeto) + 1;
[[nodiscard]] std::string_view IncidentKindName(IncidentKind kind);

// What the operator is about.
enum class Verb {
  kUpgrade,
  kConfigure,  // the version stays
  kRollBack,   // of a run that was interrupted
  kTakeOver,   // of a run whose controller is frozen
  kRepair,     // of servers whose operations wait for a person, one by one
};
inline constexpr int kVerbs = static_cast<int>(Verb::kRepair) + 1;
[[nodiscard]] std::string_view VerbName(Verb verb);

struct Incident {
  IncidentKind kind = IncidentKind::kAgentCutOff;
  Time at{0};  // since the run began
  Time lasts{0};
  model::ServerId server{1};  // whom it befalls; 1 where it befalls no server
  int after = 1;              // of kAgentDiesActing: at the how manyth thing
};

struct Schedule {
  std::uint64_t seed = 0;
  Verb verb = Verb::kUpgrade;
  int participants = 3;
  int observers = 0;
  bool in_pairs = false;  // the participants vote so
  model::OnFailure on_failure = model::OnFailure::kRollbackAll;
  bool has_checks = false;
  bool repairs = false;  // of members that are down from the start; set by a test too
  bool has_hooks = false;
  std::optional<model::ClientImpact> client_impact;
  bool restarts = false;       // of what runs, instead of a roll; never drawn, set by a test
  bool same_machine = true;    // resumed where it was begun, else where no record is
  int rolls_back_after = 100;  // lives of controllers after which the operator wants to go back
  std::map<model::ServerId, Behaviour> offered;  // of the new release; the others are good
  std::vector<Incident> incidents;               // by time
};

[[nodiscard]] Schedule MakeSchedule(std::uint64_t seed);
// Whether nothing happens but that the run is interrupted and resumed.
[[nodiscard]] bool OnlyInterrupts(const Schedule& schedule);
// A line for each thing in it.
[[nodiscard]] std::string Describe(const Schedule& schedule);

}  // namespace zoowarden::sim
