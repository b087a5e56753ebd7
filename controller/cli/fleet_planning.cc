#include "controller/cli/fleet_planning.h"

#include "base/counted.h"
#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/table.h"
#include "controller/cli/times.h"

#include <algorithm>
#include <atomic>
#include <sstream>
#include <thread>
#include <utility>

namespace zoowarden::controller {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kAtATime = 8;

std::string TextIn(const Document* document, std::string_view key) {
  const auto* found = document == nullptr ? nullptr : document->Find(key);
  const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(&found->value());
  return text == nullptr ? "" : *text;
}

std::size_t LengthIn(const Document& document, std::string_view key) {
  const auto* found = document.Find(key);
  const auto* list = found == nullptr ? nullptr : std::get_if<Document::List>(&found->value());
  return list == nullptr ? 0 : list->size();
}

std::vector<std::string> TextsIn(const Document& document, std::string_view key) {
  std::vector<std::string> texts;
  const auto* found = document.Find(key);
  const auto* list = found == nullptr ? nullptr : std::get_if<Document::List>(&found->value());
  for (const auto& one : list == nullptr ? Document::List() : *list) {
    if (const auto* text = std::get_if<std::string>(&one.value())) {
      texts.push_back(*text);
    }
  }
  return texts;
}

// What its command would be refused for, though a plan can be made.
void JudgeRecords(EnsemblePlan& plan, const FleetTarget& target) {
  const auto refuse = [&plan](const std::string& reason, const std::string& problem) {
    plan.code = ExitCode::kRefused;
    plan.reason = reason;
    plan.problem = problem;
  };
  if (!plan.Good() || plan.restarts == 0) {
    return;
  }
  const auto open = TextIn(&plan.document, "open_run");
  const auto failed = TextIn(&plan.document, "failed_before");
  if (!open.empty()) {
    refuse("run.open",
           "run " + open +
               " was interrupted; `zoowarden resume` goes on with it, `zoowarden rollback` goes "
               "back");
  } else if (!failed.empty() && !target.to && !target.retry) {
    refuse("plan.failed_before",
           "run " + failed +
               " did not reach exactly this desired state; mend what `zoowarden runs show " +
               failed + "` names, then `zoowarden apply --retry` of this ensemble");
  } else if (TextIn(plan.document.Find("desired"), "policy.approval") == "required") {
    refuse("plan.needs_approval",
           "its policy wants a second person's approval: have its plan approved and apply it "
           "by hand");
  }
}

EnsemblePlan AnswerFrom(int code, const std::string& out) {
  EnsemblePlan plan{.code = static_cast<ExitCode>(code)};
  auto document = Document::FromJson(out);
  if (!document) {
    plan.problem = "its plan could not be made; see `zoowarden plan` of it";
    plan.code = plan.Good() ? ExitCode::kError : plan.code;
    return plan;
  }
  if (const auto* error = document->Find("error")) {
    plan.reason = TextIn(error, "reason");
    plan.problem = TextIn(error, "message");
  }
  plan.document = *std::move(document);
  return plan;
}

EnsemblePlan PlanOfBeginning(EnsemblePlan plan, const FleetTarget& target) {
  const auto& document = plan.document;
  plan.restarts = plan.Good() ? LengthIn(document, "steps") : 0;
  plan.servers = LengthIn(document, "servers");
  plan.version = TextIn(document.Find("release"), "version");
  plan.warnings = TextsIn(document, "warnings");
  plan.desired = TextIn(&document, "desired_digest");
  JudgeRecords(plan, target);
  return plan;
}

// The run that is gone on with, as `resume --check` shows it.
EnsemblePlan PlanOfRun(EnsemblePlan plan) {
  plan.servers = LengthIn(plan.document, "servers");
  plan.done = LengthIn(plan.document, "done");
  plan.restarts = plan.Good() && plan.servers > plan.done ? plan.servers - plan.done : 0;
  plan.version = TextIn(&plan.document, "version");
  return plan;
}

std::vector<std::string> PlanWords(const GlobalFlags& flags,
                                   const FleetTarget& target,
                                   const std::string& run_id) {
  const auto meant = WordsOf(flags);
  std::vector<std::string> words{"plan", "-o", "json"};
  if (!run_id.empty()) {
    words = {"resume", run_id, "--check", "-o", "json"};
    words.insert(words.end(), meant.begin(), meant.end());
    return words;
  }
  if (target.to) {
    words.insert(words.end(), {"--to", *target.to});
  }
  if (target.release) {
    words.insert(words.end(), {"--release", *target.release});
  }
  if (target.allow_outage) {
    words.emplace_back("--allow-outage");
  }
  words.insert(words.end(), meant.begin(), meant.end());
  return words;
}

// The command itself, with nobody to talk to.
EnsemblePlan PlanOne(Context& context,
                     const config::FleetEnsemble& ensemble,
                     const FleetTarget& target,
                     const std::string& run_id) {
  const auto flags = FlagsOf(context, ensemble);
  if (!flags) {
    return {.code = ExitCode::kUsage,
            .reason = flags.error().reason(),
            .problem = flags.error().message()};
  }
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Console console{.out = out, .err = err, .in = in, .environment = context.console().environment};
  const int code = RunProgramLine(PlanWords(*flags, target, run_id), console, context.world());
  auto plan = AnswerFrom(code, out.str());
  plan.run_id = run_id;
  return run_id.empty() ? PlanOfBeginning(std::move(plan), target) : PlanOfRun(std::move(plan));
}

// "now", or when the next one opens.
std::string WindowText(Context& context, const config::LoadedFleet& fleet) {
  if (!fleet.windows) {
    return "ensembles are begun at any time";
  }
  const auto now = context.world().clock.WallTime();
  for (const auto& open :
       config::OpenIntervals(*fleet.windows, {now, now + std::chrono::hours(24 * 15)})) {
    if (std::max(open.from, now) + fleet.policy.time_needed <= open.until) {
      return open.from <= now ? "a maintenance window is open until " + Timestamp(open.until)
                              : "the next maintenance window opens at " + Timestamp(open.from);
    }
  }
  return "no maintenance window opens within 15 days";
}

std::string ToDoText(const EnsemblePlan& plan) {
  if (!plan.Good()) {
    return plan.code == ExitCode::kRefused ? "REFUSED" : "NO PLAN";
  }
  if (!plan.run_id.empty()) {
    return "run " + plan.run_id + " goes on, " + std::to_string(plan.done) + " of " +
           base::Counted(plan.servers, "server") + " done";
  }
  return plan.restarts == 0 ? "nothing"
                            : std::to_string(plan.restarts) + " of " +
                                  base::Counted(plan.servers, "server") + " to restart";
}

}  // namespace

FleetPlan MakeFleetPlan(Context& context,
                        const config::LoadedFleet& fleet,
                        const FleetTarget& target) {
  return MakeFleetPlan(
      context, fleet, target, std::vector<EnsembleQuestion>(fleet.ensembles.size()));
}

FleetPlan MakeFleetPlan(Context& context,
                        const config::LoadedFleet& fleet,
                        const FleetTarget& target,
                        const std::vector<EnsembleQuestion>& questions) {
  FleetPlan plan;
  plan.ensembles.resize(fleet.ensembles.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto i = next++; i < fleet.ensembles.size(); i = next++) {
      const auto& question = questions[i];
      plan.ensembles[i] = question.asked
                              ? PlanOne(context, fleet.ensembles[i], target, question.run_id)
                              : EnsemblePlan{.asked = false};
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(kAtATime, fleet.ensembles.size()); ++i) {
      threads.emplace_back(work);
    }
  }
  for (const auto& one : plan.ensembles) {
    plan.restarts += one.restarts;
    plan.to_change += one.restarts > 0 ? 1 : 0;
    plan.bad += one.Good() ? 0 : 1;
  }
  return plan;
}

Document FleetPlanDocument(Context& context,
                           const config::LoadedFleet& fleet,
                           const FleetPlan& plan) {
  Document waves{Document::List()};
  Document ensembles{Document::List()};
  for (const auto& wave : fleet.waves) {
    Document names{Document::List()};
    for (const auto index : wave.ensembles) {
      const auto& ensemble = fleet.ensembles[index];
      const auto& one = plan.ensembles[index];
      names.Add(ensemble.file.spec.name);
      ensembles.Add(Document::Map({{"ensemble", ensemble.file.spec.name},
                                   {"wave", wave.name},
                                   {"file", ensemble.file.path},
                                   {"restarts", one.restarts},
                                   {"exit_code", static_cast<int>(one.code)},
                                   {"reason", Document::TextOrNull(one.reason)},
                                   {"problem", Document::TextOrNull(one.problem)},
                                   {"plan", one.document}}));
    }
    waves.Add(Document::Map({{"name", wave.name}, {"ensembles", std::move(names)}}));
  }
  return Document::Map({{"schema_version", 1},
                        {"fleet", fleet.name},
                        {"nothing_to_do", plan.to_change == 0 && plan.bad == 0},
                        {"restarts", plan.restarts},
                        {"waves", std::move(waves)},
                        {"window", WindowText(context, fleet)},
                        {"ensembles", std::move(ensembles)}});
}

std::string FleetPlanText(Context& context,
                          const config::LoadedFleet& fleet,
                          const FleetPlan& plan) {
  const auto& policy = fleet.policy;
  std::string text = "fleet " + fleet.name + ": " + std::to_string(plan.to_change) + " of " +
                     base::Counted(fleet.ensembles.size(), "ensemble") + " to change, " +
                     base::Counted(plan.restarts, "server") + " to restart, in " +
                     base::Counted(fleet.waves.size(), "wave") + "\nat most " +
                     base::Counted(policy.concurrency, "ensemble") + " at a time, " +
                     DurationText(policy.soak) + " of soak between waves, more than " +
                     base::Counted(policy.error_budget, "failure") + " halt the rest\n" +
                     WindowText(context, fleet) + "\n\n";
  Table table({"WAVE", "ENSEMBLE", "TO", "TO DO"});
  std::string problems;
  for (const auto& wave : fleet.waves) {
    for (const auto index : wave.ensembles) {
      const auto& name = fleet.ensembles[index].file.spec.name;
      const auto& one = plan.ensembles[index];
      if (!one.asked) {
        continue;
      }
      table.Add({wave.name, name, one.version, ToDoText(one)});
      if (!one.Good()) {
        problems += "\nproblem: " + name + ": " + base::Printable(one.problem, 1'000);
      }
      for (const auto& warning : one.warnings) {
        problems += "\nwarning: " + name + ": " + base::Printable(warning, 1'000);
      }
    }
  }
  return text + table.ToText() + problems + (problems.empty() ? "" : "\n");
}

}  // namespace zoowarden::controller
