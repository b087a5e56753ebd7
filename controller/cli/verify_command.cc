#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/driving.h"
#include "controller/cli/planning.h"
#include "controller/cli/table.h"
#include "controller/cli/verify_deep.h"
#include "controller/run/lease.h"
#include "controller/run/verification.h"

#include <memory>

namespace zoowarden::controller {

namespace {

Document VerdictDocument(const Desired& desired, const Verdict& verdict, bool stopped) {
  Document members{Document::List()};
  for (const auto& member : verdict.conclusions.members) {
    members.Add(Document::Map({{"id", member.id.value},
                               {"standing", StandingName(member.standing)},
                               {"why", Document::TextOrNull(member.why)},
                               {"evidence", Document::TextOrNull(member.evidence)}}));
  }
  Document problems{Document::List()};
  Document findings{Document::List()};
  for (const auto& problem : verdict.problems) {
    problems.Add(problem.text);
    findings.Add(
        Document::Map({{"reason", problem.reason},
                       {"server", problem.server ? Document(problem.server->value) : Document()},
                       {"text", problem.text}}));
  }
  const auto& digests = verdict.digests;
  return Document::Map(
      {{"schema_version", 1},
       {"ensemble", desired.spec.name},
       {"verified", verdict.problems.empty() && !stopped},
       {"canary", verdict.round.canary ? Document(verdict.round.canary->ToString()) : Document()},
       {"canary_method", Document::TextOrNull(verdict.round.canary_method)},
       {"members", std::move(members)},
       {"digests_zxid", digests.at ? Document(digests.at->ToString()) : Document()},
       {"digests_members", digests.members},
       {"digests_not_compared", Document::TextOrNull(digests.why_not)},
       {"problems", std::move(problems)},
       {"findings", std::move(findings)}});
}

std::string DigestsText(const core::DigestComparison& digests) {
  if (!digests.at) {
    return "ZooKeeper's own digests: not compared: " + base::Printable(digests.why_not, 400) +
           "; `zoowarden verify --deep` reads the data itself";
  }
  return "ZooKeeper's own digests of " + std::to_string(digests.members) + " members at zxid " +
         digests.at->ToString() + (digests.problem ? ": DIFFERENT" : ": equal");
}

std::string VerdictText(const Desired& desired, const Verdict& verdict, bool stopped) {
  Table table({"ID", "STANDING", "EVIDENCE"});
  for (const auto& member : verdict.conclusions.members) {
    table.Add({ToString(member.id),
               std::string(StandingName(member.standing)),
               member.evidence.empty() ? member.why : member.evidence});
  }
  return "ensemble " + desired.spec.name +
         (!verdict.problems.empty() ? ": NOT verified"
          : stopped                 ? ": no problem until it was STOPPED"
                                    : ": verified") +
         "\n\n" + table.ToText() + "\n" + DigestsText(verdict.digests) + "\n";
}

void SayProblems(Context& context, const Verdict& verdict) {
  for (const auto& problem : verdict.problems) {
    context.Say("problem: " + base::Printable(problem.text, 2'000) + " (" + problem.reason + ")");
  }
}

ExitCode Verify(Context& context, const DeepOptions& deep) {
  const auto wanted = ReadDeepOptions(deep);
  if (!wanted) {
    return context.Fail(wanted.error());
  }
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
  // An ensemble that is held is let go of first.
  const auto stop_requested = world.watch_interrupt(kOnlyEnded);
  const auto run_id = "verify-" + MakeRunId(world.clock.WallTime().count(), world.random());
  const auto identity = AcquireRun(
      agents,
      world.clock,
      {.run_id = run_id, .holder = HolderOf(context, workplace->connected.identity, run_id)});
  if (!identity) {
    return context.Fail(identity.error());
  }
  auto verdict = VerifyEnsemble(agents, world.clock, world.checks, *identity, desired->spec);
  base::Result<DeepVerdict> trees;
  if (*wanted) {
    trees = VerifyDeep(context,
                       workplace->connected,
                       {*identity, desired->spec, verdict, **wanted, stop_requested});
  }
  static_cast<void>(agents.Release(*identity));
  if (!trees) {
    SayProblems(context, verdict);
    return context.Fail(trees.error());
  }
  AddProblems(*trees, verdict.problems);
  const bool stopped = stop_requested();
  auto document = VerdictDocument(*desired, verdict, stopped);
  document.Set("deep", *wanted ? DeepDocument(*trees) : Document());
  context.Print(document,
                VerdictText(*desired, verdict, stopped) + (*wanted ? DeepText(*trees) : ""));
  SayProblems(context, verdict);
  if (stopped) {
    return ExitCode::kInterrupted;
  }
  return verdict.problems.empty() ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace

Command VerifyCommand() {
  auto deep = std::make_shared<DeepOptions>();
  return {.name = "verify",
          .summary = "prove that every member serves, is in step and runs what ensemble.yaml says",
          .examples = {{"zoowarden verify", "the final check of a run, at any time"},
                       {"zoowarden verify -o json", "with the evidence for each member"},
                       {"zoowarden verify --deep", "and every znode of every member, compared"},
                       {"zoowarden verify --deep --rate 500", "gently"}},
          .details =
              "Commits canaries (writes that are refused: nothing changes), reads them back from "
              "every member's disk, compares memberships, versions and configurations with "
              "ensemble.yaml and ZooKeeper's own digests with each other, and runs the ensemble's "
              "own checks. With --deep, also walks the tree on every proved member and compares "
              "each znode's existence, data, ACL and child count changes by checksum; what was "
              "changing is read again until it is certain. Restarts nothing. Refused while a run "
              "goes on, and holds the ensemble meanwhile.",
          .options = DeepCommandOptions(*deep),
          .run = [deep](Context& context) { return Verify(context, *deep); }};
}

}  // namespace zoowarden::controller
