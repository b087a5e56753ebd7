#include "controller/cli/commands.h"
#include "controller/cli/driving.h"
#include "controller/cli/planning.h"
#include "controller/cli/table.h"
#include "controller/run/lease.h"
#include "controller/run/prepare.h"
#include "controller/run/rounds.h"
#include "core/gates.h"

#include <memory>

namespace zoowarden::controller {

namespace {

// The first round has no member to commit its canary through and no processes to compare with.
constexpr int kRounds = 4;

struct Verdict {
  model::Round round;
  core::Conclusions conclusions;
  std::vector<std::string> problems;
};

// What a member runs that ensemble.yaml does not say.
void FindDifferences(const core::PlanInput& input, Verdict& verdict) {
  for (const auto& seen : verdict.round.members) {
    const auto& wanted = input.wanted.at(seen.id);
    if (seen.answered && (!seen.process || seen.process->generation != wanted.digest)) {
      verdict.problems.push_back("server " + ToString(seen.id) + " does not run generation " +
                                 wanted.digest + " (" + wanted.version.ToString() +
                                 "), which ensemble.yaml asks for");
    }
  }
}

void RunChecks(Context& context, const model::EnsembleSpec& spec, Verdict& verdict) {
  for (const auto& check : context.world().checks.Run(spec.checks, verdict.round)) {
    if (!check.passed) {
      verdict.problems.push_back("check '" + check.name + "' vetoed: " + check.text);
    }
  }
}

Verdict Look(Context& context,
             Agents& agents,
             const RunIdentity& identity,
             const Desired& desired) {
  const auto input = MakePlanInput(desired.spec, {}, /*allow_outage=*/false);
  const auto declared = core::DeclaredMembers(desired.spec);
  Verdict verdict;
  const auto everywhere = model::IdsOf(declared);
  core::KnownProcesses before;
  for (int i = 0; i < kRounds; ++i) {
    verdict.round = MakeRound(
        agents,
        context.world().clock,
        {.identity = identity, .canary_path = desired.spec.canary_path, .sessions = everywhere},
        verdict.round);
    verdict.conclusions = core::Conclude(declared, verdict.round, before);
    before.clear();
    for (const auto& seen : verdict.round.members) {
      if (seen.process) {
        before[seen.id] = *seen.process;
      }
    }
  }
  if (auto missing = core::MissingForHealthy(declared, verdict.round, verdict.conclusions);
      !missing.empty()) {
    verdict.problems.push_back(std::move(missing));
  }
  FindDifferences(input, verdict);
  RunChecks(context, desired.spec, verdict);
  return verdict;
}

Document VerdictDocument(const Desired& desired, const Verdict& verdict) {
  Document members{Document::List()};
  for (const auto& member : verdict.conclusions.members) {
    members.Add(Document::Map({{"id", member.id.value},
                               {"standing", StandingName(member.standing)},
                               {"why", Document::TextOrNull(member.why)},
                               {"evidence", Document::TextOrNull(member.evidence)}}));
  }
  Document problems{Document::List()};
  for (const auto& problem : verdict.problems) {
    problems.Add(problem);
  }
  return Document::Map(
      {{"schema_version", 1},
       {"ensemble", desired.spec.name},
       {"verified", verdict.problems.empty()},
       {"canary", verdict.round.canary ? Document(verdict.round.canary->ToString()) : Document()},
       {"canary_method", Document::TextOrNull(verdict.round.canary_method)},
       {"members", std::move(members)},
       {"problems", std::move(problems)}});
}

std::string VerdictText(const Desired& desired, const Verdict& verdict) {
  Table table({"ID", "STANDING", "EVIDENCE"});
  for (const auto& member : verdict.conclusions.members) {
    table.Add({ToString(member.id),
               std::string(StandingName(member.standing)),
               member.evidence.empty() ? member.why : member.evidence});
  }
  return "ensemble " + desired.spec.name +
         (verdict.problems.empty() ? ": verified\n\n" : ": NOT verified\n\n") + table.ToText();
}

ExitCode Verify(Context& context) {
  const auto desired = LoadDesired(context);
  if (!desired) {
    return context.Fail(desired.error());
  }
  const auto workplace = ConnectToChange(context, desired->file);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  auto& agents = *workplace->connected.agents;
  auto& world = context.world();
  const auto run_id = "verify-" + MakeRunId(world.clock.WallTime().count(), world.random());
  const auto identity = AcquireRun(
      agents,
      world.clock,
      {.run_id = run_id, .holder = HolderOf(context, workplace->connected.identity, run_id)});
  if (!identity) {
    return context.Fail(identity.error());
  }
  const auto verdict = Look(context, agents, *identity, *desired);
  static_cast<void>(agents.Release(*identity));
  context.Print(VerdictDocument(*desired, verdict), VerdictText(*desired, verdict));
  for (const auto& problem : verdict.problems) {
    context.Say("problem: " + problem);
  }
  return verdict.problems.empty() ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace

Command VerifyCommand() {
  return {.name = "verify",
          .summary = "prove that every member serves, is in step and runs what ensemble.yaml says",
          .examples = {{"zoowarden verify", "the final check of a run, at any time"},
                       {"zoowarden verify -o json", "with the evidence for each member"}},
          .details =
              "Commits a canary (a write that is refused: nothing changes), reads it back from "
              "every member's disk, and runs the ensemble's own checks. Restarts nothing. "
              "Refused while a run goes on.",
          .run = Verify};
}

}  // namespace zoowarden::controller
