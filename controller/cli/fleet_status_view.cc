#include "controller/cli/fleet_status_view.h"

#include "base/counted.h"
#include "base/text.h"
#include "controller/cli/fleet_options.h"
#include "controller/cli/status_view.h"
#include "controller/cli/table.h"
#include "controller/cli/times.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace zoowarden::controller {

namespace {

using model::MemberObservation;

// Of this output alone: stored as kOpen.
constexpr std::string_view kStopping = "stopping";

const FleetEntry* EntryOf(const FleetStatusInput& input, const std::string& name) {
  if (!input.record) {
    return nullptr;
  }
  const auto& entries = input.record->ensembles;
  const auto found = std::find_if(
      entries.begin(), entries.end(), [&](const auto& entry) { return entry.ensemble == name; });
  return found == entries.end() ? nullptr : &*found;
}

void AddMembers(const std::vector<MemberObservation>& seen,
                const StatusView& view,
                EnsembleStatus& status) {
  std::set<model::Version> versions;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    status.serving += view.states[i] == "serving" ? 1 : 0;
    if (seen[i].version) {
      versions.insert(*seen[i].version);
    }
    const auto& operation = seen[i].operation;
    if (!model::IsFinished(operation.state)) {
      status.operation += (status.operation.empty() ? "server " : ", server ") +
                          ToString(seen[i].id) + ": " +
                          std::string(OperationStateName(operation.state));
      status.run = operation.run_id;
    }
  }
  std::vector<std::string> texts;
  texts.reserve(versions.size());
  for (const auto& version : versions) {
    texts.push_back(version.ToString());
  }
  status.versions = base::Join(texts, ", ");
  status.leader = view.leader;
}

// That of one that runs is stored a moment after its state. The fleet's process may be one that
// only asks whether to go on.
bool HasProcess(const FleetStatusInput& input, const FleetEntry& entry) {
  return entry.process.empty() ? entry.state == core::EnsembleState::kRunning
                               : !input.gone.contains(entry.process);
}

// Its command was asked to stop (Ctrl-C), and the fleet's process waits for it to come to a safe
// point.
bool IsStopping(const FleetStatusInput& input, const FleetEntry& entry) {
  return input.rolling && entry.state == core::EnsembleState::kOpen && HasProcess(input, entry);
}

bool IsCarriedOut(const FleetStatusInput& input, const FleetEntry& entry) {
  return input.rolling && !core::HasEnded(entry.state) && HasProcess(input, entry);
}

// On its way to what it should be; one that is taken back has failed.
bool IsRestarted(const MemberObservation& seen, const std::string& state, const std::string& run) {
  using model::OperationState;
  const auto step = seen.operation.state;
  const bool down = state == "down" || state == "not_serving" || state == "unknown";
  const bool forward = step == OperationState::kStopping || step == OperationState::kSwitching ||
                       step == OperationState::kStarting || step == OperationState::kVerifying;
  return down && forward && seen.operation.run_id == run;
}

// One server does not serve because the rollout restarts it, and nothing else is the matter but
// that it may have been the leader.
bool IsRolling(const std::vector<MemberObservation>& seen,
               const StatusView& view,
               const FleetEntry& entry) {
  std::size_t restarted = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    restarted += IsRestarted(seen[i], view.states[i], entry.run_id) ? 1 : 0;
  }
  const bool nobody_leads = std::all_of(seen.begin(), seen.end(), [](const auto& member) {
    return member.answered && member.mode != model::Mode::kLeader;
  });
  // One problem each: that it does not serve, and that nobody leads.
  return restarted == 1 && view.problems.size() == restarted + (nobody_leads ? 1 : 0);
}

// While a rollout is open its own states say what to do next.
std::string Next(const FleetStatusInput& input,
                 std::size_t index,
                 const EnsembleStatus& status,
                 const FleetEntry* entry) {
  const auto& flags = input.flags[index];
  if (entry != nullptr && !input.record->closed) {
    const bool left_alone = !input.rolling && (entry->state == core::EnsembleState::kRunning ||
                                               entry->state == core::EnsembleState::kOpen);
    if (left_alone) {
      return "`zoowarden fleet resume`";
    }
    auto shown = *entry;
    if (IsStopping(input, *entry)) {
      shown.state = core::EnsembleState::kRunning;
    }
    if (auto step = NextOf(shown, flags, "in the state directory"); !step.empty()) {
      return step;
    }
  }
  return status.healthy || status.rolling ? "" : "`zoowarden status" + flags + "`";
}

EnsembleStatus StatusOf(const FleetStatusInput& input, std::size_t index) {
  const auto& spec = input.fleet.ensembles[index].file.spec;
  const auto& answer = input.answers[index];
  const auto* entry = EntryOf(input, spec.name);
  EnsembleStatus status{.wave = WaveOf(input.fleet, index)};
  if (answer) {
    const StatusInput one{.spec = spec, .seen = *answer, .now = input.now};
    const auto view = MakeStatusView(one);
    status.healthy = view.healthy();
    status.problems = view.problems;
    status.rolling = !status.healthy && entry != nullptr && IsCarriedOut(input, *entry) &&
                     IsRolling(*answer, view, *entry);
    AddMembers(*answer, view, status);
  } else {
    status.problems = {answer.error().message()};
  }
  if (entry != nullptr) {
    status.state = IsStopping(input, *entry) ? kStopping : core::EnsembleStateName(entry->state);
    status.left = entry->state == core::EnsembleState::kOpen && !HasProcess(input, *entry);
    status.message = core::HasFailed(entry->state) ? entry->message : "";
    status.run = status.run.empty() ? entry->run_id : status.run;
  }
  status.next = Next(input, index, status, entry);
  return status;
}

std::string Cut(const std::string& text) {
  constexpr std::size_t kCell = 60;
  return text.size() > kCell ? std::string(base::CutUtf8(text, kCell)) + "…" : text;
}

// What goes on at its servers, unless the rollout knows that nobody carries it out: then where they
// stopped says less than why.
std::string StateText(const EnsembleStatus& status) {
  if (!status.message.empty()) {
    return status.state + ": " + base::Printable(status.message, 1'000);
  }
  if (status.left) {
    return status.state + ": nobody carries it out";
  }
  const bool open = status.state == kStopping ||
                    status.state == core::EnsembleStateName(core::EnsembleState::kOpen);
  return status.operation.empty() ? status.state
                                  : (open ? status.state + ": " : "") + status.operation;
}

std::string HealthText(const EnsembleStatus& status) {
  return status.healthy ? "healthy" : status.rolling ? "rolling" : "ATTENTION";
}

std::string RolloutLine(const FleetStatusInput& input, const FleetStatusView& view) {
  if (!view.readable) {
    return "problem: what was rolled is not known: " +
           base::Printable(input.record_problem, 1'000) + "\n";
  }
  if (!input.record) {
    return "no rollout is recorded on this machine\n";
  }
  const auto& record = *input.record;
  const auto what = "rollout " + record.rollout + " (" + record.verb +
                    (record.to.empty() ? "" : " to " + record.to) + ")";
  if (record.closed) {
    return what + " has ended\n";
  }
  const bool halted = view.failed > input.fleet.policy.error_budget;
  const bool stopping = std::any_of(view.ensembles.begin(),
                                    view.ensembles.end(),
                                    [](const auto& one) { return one.state == kStopping; });
  return what +
         (stopping        ? " is being stopped"
          : input.rolling ? " goes on"
          : halted        ? " is halted; `zoowarden fleet resume --retry` tries what failed again"
                          : " is open; `zoowarden fleet resume` goes on") +
         ", " + std::to_string(view.failed) + " failed of a budget of " +
         std::to_string(input.fleet.policy.error_budget) + "\n";
}

}  // namespace

FleetStatusView MakeFleetStatusView(const FleetStatusInput& input) {
  FleetStatusView view;
  for (std::size_t i = 0; i < input.fleet.ensembles.size(); ++i) {
    view.agents += input.fleet.ensembles[i].file.spec.servers.size();
    if (input.answers[i]) {
      view.answered += static_cast<std::size_t>(std::count_if(
          input.answers[i]->begin(), input.answers[i]->end(), [](const MemberObservation& seen) {
            return seen.answered;
          }));
    }
    view.ensembles.push_back(StatusOf(input, i));
    view.healthy += view.ensembles.back().healthy ? 1 : 0;
    view.rolling += view.ensembles.back().rolling ? 1 : 0;
  }
  view.readable = input.record_problem.empty();
  view.rollout_open = input.record && !input.record->closed;
  if (view.rollout_open) {
    view.failed = static_cast<std::size_t>(std::count_if(
        input.record->ensembles.begin(), input.record->ensembles.end(), [](const auto& entry) {
          return core::HasFailed(entry.state);
        }));
  }
  return view;
}

Document FleetStatusDocument(const FleetStatusInput& input, const FleetStatusView& view) {
  Document ensembles{Document::List()};
  for (std::size_t i = 0; i < view.ensembles.size(); ++i) {
    const auto& one = view.ensembles[i];
    const auto& spec = input.fleet.ensembles[i].file.spec;
    Document problems{Document::List()};
    for (const auto& problem : one.problems) {
      problems.Add(problem);
    }
    ensembles.Add(Document::Map({{"ensemble", spec.name},
                                 {"wave", one.wave},
                                 {"healthy", one.healthy},
                                 {"rolling", one.rolling},
                                 {"serving", one.serving},
                                 {"servers", spec.servers.size()},
                                 {"leader", one.leader ? Document(one.leader->value) : Document()},
                                 {"versions", Document::TextOrNull(one.versions)},
                                 {"operation", Document::TextOrNull(one.operation)},
                                 {"state", Document::TextOrNull(one.state)},
                                 {"message", Document::TextOrNull(one.message)},
                                 {"run", Document::TextOrNull(one.run)},
                                 {"next", Document::TextOrNull(one.next)},
                                 {"problems", std::move(problems)}}));
  }
  Document rollout;
  if (input.record) {
    rollout = Document::Map({{"id", input.record->rollout},
                             {"verb", input.record->verb},
                             {"to", Document::TextOrNull(input.record->to)},
                             {"open", view.rollout_open},
                             {"rolling", input.rolling},
                             {"failed", view.failed},
                             {"error_budget", input.fleet.policy.error_budget}});
  }
  return Document::Map({{"schema_version", 1},
                        {"fleet", input.fleet.name},
                        {"healthy", view.good()},
                        {"agents", view.agents},
                        {"answered", view.answered},
                        {"took_ms", static_cast<std::int64_t>(input.took.count())},
                        {"rollout", std::move(rollout)},
                        {"rollout_problem", Document::TextOrNull(input.record_problem)},
                        {"ensembles", std::move(ensembles)}});
}

std::string FleetStatusText(const FleetStatusInput& input, const FleetStatusView& view) {
  Table table({"ENSEMBLE", "WAVE", "HEALTH", "SERVING", "LEADER", "RELEASE", "STATE", "RUN"});
  std::string more;
  for (std::size_t i = 0; i < view.ensembles.size(); ++i) {
    const auto& one = view.ensembles[i];
    const auto& spec = input.fleet.ensembles[i].file.spec;
    table.Add({spec.name,
               one.wave,
               HealthText(one),
               std::to_string(one.serving) + "/" + std::to_string(spec.servers.size()),
               one.leader ? ToString(*one.leader) : "",
               one.versions,
               Cut(StateText(one)),
               one.run});
    for (const auto& problem : one.rolling ? std::vector<std::string>() : one.problems) {
      more += "\nproblem: " + spec.name + ": " + base::Printable(problem, 500);
    }
    if (!one.message.empty()) {
      more += "\n" + one.state + ": " + spec.name + ": " + base::Printable(one.message, 500);
    }
    if (!one.next.empty()) {
      more += "\nnext: " + spec.name + ": " + one.next;
    }
  }
  return "fleet " + input.fleet.name + ": " + std::to_string(view.healthy) + " of " +
         base::Counted(view.ensembles.size(), "ensemble") + " healthy, " +
         (view.rolling == 0 ? "" : std::to_string(view.rolling) + " rolling, ") +
         std::to_string(view.answered) + " of " + base::Counted(view.agents, "agent") +
         " answered in " + DurationText(input.took) + "\n" + RolloutLine(input, view) + "\n" +
         table.ToText() + more + (more.empty() ? "" : "\n");
}

}  // namespace zoowarden::controller
