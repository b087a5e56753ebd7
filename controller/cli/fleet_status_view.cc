#include "controller/cli/fleet_status_view.h"

#include "base/text.h"
#include "controller/cli/fleet_options.h"
#include "controller/cli/status_view.h"
#include "controller/cli/table.h"
#include "controller/cli/times.h"

#include <algorithm>
#include <set>
#include <utility>

namespace zoowarden::controller {

namespace {

using model::MemberObservation;

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
  status.leader = view.leader ? ToString(*view.leader) : "";
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
    if (auto step = NextOf(*entry, flags, "in the state directory"); !step.empty()) {
      return step;
    }
  }
  return status.healthy ? "" : "`zoowarden status" + flags + "`";
}

EnsembleStatus StatusOf(const FleetStatusInput& input, std::size_t index) {
  const auto& spec = input.fleet.ensembles[index].file.spec;
  const auto& answer = input.answers[index];
  EnsembleStatus status{.wave = WaveOf(input.fleet, index)};
  if (answer) {
    const StatusInput one{.spec = spec, .seen = *answer, .now = input.now};
    const auto view = MakeStatusView(one);
    status.healthy = view.healthy();
    status.problems = view.problems;
    AddMembers(*answer, view, status);
  } else {
    status.problems = {answer.error().message()};
  }
  const auto* entry = EntryOf(input, spec.name);
  if (entry != nullptr) {
    status.state = core::EnsembleStateName(entry->state);
    status.run = status.run.empty() ? entry->run_id : status.run;
  }
  status.next = Next(input, index, status, entry);
  return status;
}

std::string Cut(const std::string& text) {
  constexpr std::size_t kCell = 60;
  return text.size() > kCell ? std::string(base::CutUtf8(text, kCell)) + "…" : text;
}

std::string RolloutLine(const FleetStatusInput& input, const FleetStatusView& view) {
  if (!view.readable) {
    return "problem: what was rolled is not known: " +
           base::Printable(input.record_problem, 1'000) + "\n";
  }
  if (!input.record) {
    return "no rollout was begun on this machine\n";
  }
  const auto& record = *input.record;
  const auto what = "rollout " + record.rollout + " (" + record.verb +
                    (record.to.empty() ? "" : " to " + record.to) + ")";
  if (record.closed) {
    return what + " has ended\n";
  }
  const bool halted = view.failed > input.fleet.policy.error_budget;
  return what +
         (input.rolling ? " goes on"
          : halted      ? " is halted; `zoowarden fleet resume --retry` tries what failed again"
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
                                 {"serving", one.serving},
                                 {"servers", spec.servers.size()},
                                 {"leader", Document::TextOrNull(one.leader)},
                                 {"versions", Document::TextOrNull(one.versions)},
                                 {"operation", Document::TextOrNull(one.operation)},
                                 {"state", Document::TextOrNull(one.state)},
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
               one.healthy ? "healthy" : "ATTENTION",
               std::to_string(one.serving) + "/" + std::to_string(spec.servers.size()),
               one.leader,
               one.versions,
               Cut(one.operation.empty() ? one.state : one.operation),
               one.run});
    for (const auto& problem : one.problems) {
      more += "\nproblem: " + spec.name + ": " + base::Printable(problem, 500);
    }
    if (!one.next.empty()) {
      more += "\nnext: " + spec.name + ": " + one.next;
    }
  }
  return "fleet " + input.fleet.name + ": " + std::to_string(view.healthy) + " of " +
         std::to_string(view.ensembles.size()) + " ensembles healthy, " +
         std::to_string(view.answered) + " of " + std::to_string(view.agents) +
         " agents answered in " + DurationText(input.took) + "\n" + RolloutLine(input, view) +
         "\n" + table.ToText() + more + (more.empty() ? "" : "\n");
}

}  // namespace zoowarden::controller
