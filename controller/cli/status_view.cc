#include "controller/cli/status_view.h"

#include "base/text.h"
#include "controller/cli/run_view.h"
#include "controller/cli/table.h"
#include "controller/run/denial.h"

#include <algorithm>
#include <set>

namespace zoowarden::controller {

namespace {

using model::MemberObservation;
using model::Mode;

std::string NameOf(model::ServerId id) { return "server " + ToString(id); }

std::string ZxidText(const std::optional<model::Zxid>& zxid) {
  return zxid ? zxid->ToString() : "";
}

// "staged", "verifying": only what is going on or needs somebody.
std::string OperationText(const MemberObservation& seen) {
  return model::IsFinished(seen.operation.state) &&
                 seen.operation.state != model::OperationState::kNeedsOperator
             ? ""
             : std::string(OperationStateName(seen.operation.state));
}

// That it let this certificate do nothing, which the observation alone does not tell.
bool Refuses(const StatusInput& input, model::ServerId server) {
  return std::any_of(input.leases.begin(), input.leases.end(), [server](const auto& answer) {
    return answer.server == server && !answer.result && IsDenial(answer.result.error());
  });
}

// Of what its next start takes, which is what a plan compares; nullopt: not known.
std::optional<bool> ConfigurationDiffers(const StatusInput& input, const MemberObservation& seen) {
  const auto wanted = input.wanted.find(seen.id);
  if (wanted == input.wanted.end() || !seen.current) {
    return std::nullopt;
  }
  return seen.current->configuration_digest != wanted->second.configuration_digest;
}

void JudgeMember(const StatusInput& input, const MemberObservation& seen, StatusView& view) {
  const bool refuses = !seen.answered && Refuses(input, seen.id);
  const auto state = refuses ? "refuses" : MemberState(seen);
  view.states.push_back(state);
  if (refuses) {
    view.problems.push_back(NameOf(seen.id) +
                            ": its agent is not for this certificate: " + seen.problem);
  } else if (state == "unreachable") {
    view.problems.push_back(NameOf(seen.id) + ": its agent does not answer: " + seen.problem);
  } else if (state == "standalone") {
    view.problems.push_back(NameOf(seen.id) +
                            " serves STANDALONE: it acknowledges writes alone; stop it now");
  } else if (state != "serving") {
    view.problems.push_back(NameOf(seen.id) + " is " + state +
                            (seen.problem.empty() ? "" : ": " + seen.problem));
  } else if (!seen.problem.empty()) {
    view.warnings.push_back(NameOf(seen.id) + ": its agent says: " + seen.problem);
  }
  if (seen.operation.state == model::OperationState::kNeedsOperator) {
    view.problems.push_back(NameOf(seen.id) + " needs an operator: " + seen.operation.failure +
                            "; see `zoowarden help server`");
  } else if (seen.operation.state == model::OperationState::kUnconfirmed) {
    view.problems.push_back(
        NameOf(seen.id) +
        " waits unconfirmed for a controller; `zoowarden resume` goes on with its "
        "run, `zoowarden help server` has the other ways");
  }
  const auto& wanted = input.spec.release.version;
  if (seen.version && *seen.version != wanted) {
    view.warnings.push_back(NameOf(seen.id) + " runs " + seen.version->ToString() +
                            ", ensemble.yaml says " + wanted.ToString());
  }
  if (ConfigurationDiffers(input, seen).value_or(false)) {
    view.warnings.push_back(NameOf(seen.id) +
                            ": its configuration differs from ensemble.yaml; `zoowarden plan` "
                            "shows how");
  }
}

void JudgeLeader(const StatusInput& input, StatusView& view) {
  std::vector<std::string> leaders;
  for (const auto& seen : input.seen) {
    if (seen.answered && seen.mode == Mode::kLeader) {
      view.leader = seen.id;
      leaders.push_back(ToString(seen.id));
    }
  }
  if (leaders.size() > 1) {
    view.leader.reset();
    view.problems.push_back("more than one server says that it leads: " +
                            base::Join(leaders, ", "));
  }
  // One that was not seen may well lead.
  if (leaders.empty() &&
      std::all_of(input.seen.begin(), input.seen.end(), [](const auto& s) { return s.answered; })) {
    view.problems.emplace_back("no server says that it leads");
  }
}

void JudgeRuns(const StatusInput& input, StatusView& view) {
  for (const auto& run : input.runs.runs) {
    if (!run.open) {
      continue;
    }
    const auto& state = run.file.state;
    if (state.outcome == core::RunOutcome::kHalted || state.outcome == core::RunOutcome::kStuck) {
      view.problems.push_back("run " + run.record.run_id + " is " +
                              std::string(RunOutcomeName(state.outcome)) + ": " +
                              base::Printable(state.outcome_text, 1000));
    }
  }
  for (const auto& problem : input.runs.problems) {
    // That an agent does not answer is said of its member already.
    const bool silent =
        std::any_of(input.seen.begin(), input.seen.end(), [&](const MemberObservation& seen) {
          return seen.id == problem.server && !seen.answered;
        });
    if (!silent) {
      view.warnings.push_back("runs: " + problem.text);
    }
  }
  for (const auto& answer : input.leases) {
    if (answer.result && answer.result->left.count() > 0 &&
        (!view.holder || view.holder->epoch < answer.result->epoch)) {
      view.holder = *answer.result;
    }
  }
}

Document OperationDocument(const MemberObservation& seen) {
  const auto& operation = seen.operation;
  if (operation.operation_id.empty()) {
    return {};
  }
  return Document::Map({{"id", operation.operation_id},
                        {"run", Document::TextOrNull(operation.run_id)},
                        {"state", OperationStateName(operation.state)},
                        {"from", Document::TextOrNull(operation.from_generation)},
                        {"to", Document::TextOrNull(operation.to_generation)},
                        {"failure", Document::TextOrNull(operation.failure)},
                        {"failure_reason", Document::TextOrNull(operation.failure_reason)}});
}

Document MemberDocument(const StatusInput& input,
                        const model::ServerSpec& server,
                        const MemberObservation& seen,
                        const std::string& state) {
  const bool known = seen.answered && seen.mode != Mode::kUnknown;
  Document version;
  if (seen.version) {
    version = seen.version->ToString();
  }
  Document pid;
  if (seen.process) {
    pid = seen.process->pid;
  }
  Document generation;
  if (seen.current) {
    generation = seen.current->digest;
  }
  const auto differs = ConfigurationDiffers(input, seen);
  return Document::Map({{"id", server.id.value},
                        {"host", server.host},
                        {"agent", server.agent},
                        {"declared_role", RoleName(server.role)},
                        {"role", known ? Document(ModeName(seen.mode)) : Document()},
                        {"version", std::move(version)},
                        {"zxid", Document::TextOrNull(ZxidText(seen.own_zxid))},
                        {"durable_zxid", Document::TextOrNull(ZxidText(seen.durable_zxid))},
                        {"pid", std::move(pid)},
                        {"state", state},
                        {"generation", std::move(generation)},
                        {"configuration_differs", differs ? Document(*differs) : Document()},
                        {"operation", OperationDocument(seen)},
                        {"agent_version", Document::TextOrNull(seen.agent_version)},
                        {"certificate", AgentCertificateDocument(seen)},
                        {"problem", Document::TextOrNull(seen.problem)}});
}

Document Texts(const std::vector<std::string>& texts) {
  Document list{Document::List()};
  for (const auto& text : texts) {
    list.Add(text);
  }
  return list;
}

}  // namespace

std::string MemberState(const MemberObservation& seen) {
  if (!seen.answered) {
    return "unreachable";
  }
  if (!seen.process && seen.processes_visible) {
    return "down";
  }
  switch (seen.mode) {
    case Mode::kLeader:
    case Mode::kFollower:
    case Mode::kObserver:
      return "serving";
    case Mode::kStandalone:
      return "standalone";
    case Mode::kReadOnly:
      return "read_only";
    case Mode::kNotServing:
      return "not_serving";
    case Mode::kUnknown:
      return "unknown";
  }
  return "unknown";
}

StatusView MakeStatusView(const StatusInput& input) {
  StatusView view;
  std::set<model::Version> versions;
  for (const auto& seen : input.seen) {
    JudgeMember(input, seen, view);
    if (seen.version) {
      versions.insert(*seen.version);
    }
  }
  JudgeLeader(input, view);
  view.denied = !view.states.empty() &&
                std::all_of(view.states.begin(), view.states.end(), [](const auto& state) {
                  return state == "refuses";
                });
  if (versions.size() > 1) {
    view.warnings.emplace_back("the members run different versions");
  }
  JudgeRuns(input, view);
  view.ending = EndingCertificates(input.seen, input.own, input.now);
  for (const auto& ending : view.ending) {
    view.warnings.push_back(EndingText(ending, input.now));
  }
  return view;
}

Document StatusDocument(const StatusInput& input, const StatusView& view) {
  Document members{Document::List()};
  for (std::size_t i = 0; i < input.seen.size(); ++i) {
    members.Add(MemberDocument(input, input.spec.servers[i], input.seen[i], view.states[i]));
  }
  Document open{Document::List()};
  for (const auto& run : input.runs.runs) {
    if (run.open) {
      open.Add(RunSummaryDocument(run));
    }
  }
  Document holder;
  if (view.holder) {
    holder = Document::Map({{"run", view.holder->run_id},
                            {"holder", view.holder->holder},
                            {"epoch", view.holder->epoch.value},
                            {"left_ms", static_cast<std::int64_t>(view.holder->left.count())}});
  }
  Document leader;
  if (view.leader) {
    leader = view.leader->value;
  }
  return Document::Map({{"schema_version", 1},
                        {"ensemble", input.spec.name},
                        {"healthy", view.healthy()},
                        {"leader", std::move(leader)},
                        {"members", std::move(members)},
                        {"problems", Texts(view.problems)},
                        {"warnings", Texts(view.warnings)},
                        {"certificates_ending", EndingDocument(view.ending)},
                        {"open_runs", std::move(open)},
                        {"lease", std::move(holder)}});
}

std::string StatusText(const StatusInput& input, const StatusView& view) {
  Table table({"ID", "HOST", "ROLE", "STATE", "VERSION", "ZXID", "PID", "GENERATION", "OPERATION"});
  for (std::size_t i = 0; i < input.seen.size(); ++i) {
    const auto& seen = input.seen[i];
    table.Add({ToString(seen.id),
               input.spec.servers[i].host,
               seen.mode == Mode::kUnknown ? "" : std::string(ModeName(seen.mode)),
               view.states[i],
               seen.version ? seen.version->ToString() : "",
               ZxidText(seen.own_zxid),
               seen.process ? std::to_string(seen.process->pid) : "",
               seen.current ? seen.current->digest : "",
               OperationText(seen)});
  }
  auto text = "ensemble " + input.spec.name + ": " +
              (view.healthy() ? "healthy" : "needs attention") +
              (view.leader ? ", " + NameOf(*view.leader) + " leads" : "") + "\n\n" + table.ToText();
  for (const auto& problem : view.problems) {
    text += "\nproblem: " + base::Printable(problem, 1000);
  }
  for (const auto& warning : view.warnings) {
    text += "\nwarning: " + base::Printable(warning, 1000);
  }
  text += view.problems.empty() && view.warnings.empty() ? "" : "\n";
  for (const auto& run : input.runs.runs) {
    if (run.open) {
      const bool going_on = view.holder && view.holder->run_id == run.record.run_id;
      text += "\n" + RunSummaryLine(run, going_on) + "\n";
    }
  }
  if (view.holder) {
    text +=
        "\nheld by " + base::Printable(view.holder->holder) + ", run " + view.holder->run_id + "\n";
  }
  return text;
}

}  // namespace zoowarden::controller
