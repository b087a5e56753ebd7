#include "core/plan.h"

#include "base/counted.h"
#include "core/plan_refusals.h"
#include "core/plan_repair.h"

#include <algorithm>
#include <set>

namespace zoowarden::core {
namespace {

using model::MemberObservation;
using model::Mode;
using model::ServerId;

std::string WhyHere(const model::Member& member, std::optional<ServerId> leader) {
  if (member.role == model::Role::kObserver) {
    return "observer: does not vote, goes first";
  }
  if (member.id == leader) {
    return "leader: goes last, so that the roll costs one election";
  }
  return "follower: goes before the leader";
}

bool NeedsStep(const MemberObservation& seen, const model::Generation& wanted) {
  return seen.current && seen.current->digest != wanted.digest;
}

std::vector<PlanStep> MakeSteps(const PlanInput& input,
                                const std::vector<model::Member>& declared,
                                std::optional<ServerId> leader) {
  // The plan assumes that every other member is proved when a stop's turn comes; the run checks it.
  std::set<ServerId> everybody;
  for (const auto& member : declared) {
    everybody.insert(member.id);
  }
  std::vector<PlanStep> steps;
  for (const auto id : RollOrder(declared, leader)) {
    const auto* seen = FindSeen(input, id);
    const auto& wanted = input.wanted.at(id);
    const bool restarts = seen != nullptr && seen->current && input.restart.contains(id);
    if (seen == nullptr || !(restarts || NeedsStep(*seen, wanted))) {
      continue;
    }
    const auto member = std::find_if(
        declared.begin(), declared.end(), [id](const model::Member& m) { return m.id == id; });
    auto step = StepTo(*seen, wanted);
    step.arithmetic = IfStopped(declared, everybody, id);
    step.why_here = WhyHere(*member, leader);
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<std::string> DescribeChecks(const model::EnsembleSpec& spec) {
  std::vector<std::string> checks = {
      "before each stop: " + std::to_string(spec.policy.good_rounds) +
          " rounds in a row in which the other voters are proved (same process, own and durable "
          "zxid at a canary committed in that round) and form a quorum, then a permit of the "
          "server's agent that lives 3 s",
      "after each start: the process we started, of the generation we meant, with the version we "
      "meant, proved within " +
          Milliseconds(spec.policy.step_timeout) + ", then " + Milliseconds(spec.policy.soak) +
          " of soak",
      "at the end: every member proved and agreed on the membership"};
  for (const auto& check : spec.checks) {
    checks.push_back("your check '" + check.name + "' during each soak and at the end");
  }
  for (const auto& hook : spec.hooks) {
    const bool before =
        hook.when == model::HookPoint::kBeforeRun || hook.when == model::HookPoint::kBeforeStep;
    checks.push_back("your hook '" + hook.name + "' (" +
                     std::string(model::HookPointName(hook.when)) +
                     (before ? "), which may veto" : "), which is only told"));
  }
  if (const auto& budget = spec.policy.client_impact) {
    checks.push_back("between the steps: clients' writes waited no longer than " +
                     Milliseconds(budget->max_write_gap) + ", else the run " +
                     (budget->then == model::OverBudget::kHalt ? "halts" : "goes back"));
  }
  return checks;
}

std::string DescribeWayBack(const Plan& plan, const model::EnsembleSpec& spec) {
  if (plan.steps.empty()) {
    return "";
  }
  const bool same = std::all_of(plan.steps.begin(), plan.steps.end(), [](const PlanStep& step) {
    return step.from.digest == step.to.digest;
  });
  if (same) {
    const std::string nothing = "there is nothing to go back to: ";
    return spec.policy.on_failure == model::OnFailure::kHalt
               ? nothing +
                     "when a server does not come back the run halts, and its agent or `zoowarden "
                     "rollback` starts it once more as it was (on_failure: halt)"
               : nothing +
                     "a server that does not come back is started once more as it was, and no "
                     "further server is stopped";
  }
  std::string first =
      "the old generations stay on the servers; a server that fails goes back first";
  switch (spec.policy.on_failure) {
    case model::OnFailure::kRollbackAll:
      return first +
             ", then the ones already done, in reverse order, the leader last, through "
             "the same gates (on_failure: rollback_all)";
    case model::OnFailure::kRollbackServer:
      return first +
             ", then the run halts with the others as they are (on_failure: "
             "rollback_server)";
    case model::OnFailure::kHalt:
      return "the old generations stay on the servers; at a failure the run halts, and `zoowarden "
             "rollback` goes back (on_failure: halt)";
  }
  return first;
}

std::vector<std::string> FindWarnings(const PlanInput& input, const Plan& plan) {
  std::vector<std::string> warnings;
  const auto add = [&](const std::string& text) {
    if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) {
      warnings.push_back(text);
    }
  };
  for (const auto& step : plan.steps) {
    for (const auto& finding : CheckTarget(step.from.version, step.to.version)) {
      const auto* seen = FindSeen(input, step.server);
      if (finding.severity == RuleSeverity::kWarn) {
        add(finding.text);
      } else if (IsOnServer(*seen, step.to)) {
        add(finding.text + ". Allowed here, because the servers ran exactly this before");
      }
    }
  }
  for (const auto& seen : input.seen) {
    // Of what does not serve, or not visibly, FindRefusals tells it.
    const bool serves = model::IsServing(seen.mode) || seen.mode == model::Mode::kStandalone;
    if (seen.answered && seen.processes_visible && serves && !seen.problem.empty()) {
      add("server " + model::ToString(seen.id) + ": its agent says: " + seen.problem);
    }
  }
  const auto voters = CountVoters(DeclaredMembers(input.spec));
  if (voters % 2 == 0 && voters > 0) {
    add("an even number of voters (" + std::to_string(voters) +
        ") tolerates no more failures than " + std::to_string(voters - 1) + " would");
  }
  for (const auto& step : plan.steps) {
    if (input.allow_outage && !step.arithmetic.holds) {
      add("OUTAGE: with " + base::Counted(voters, "voter") + " the restart of server " +
          model::ToString(step.server) +
          " takes the ensemble away from its clients until it is back");
    }
  }
  return warnings;
}

}  // namespace

std::string_view StepKindName(StepKind kind) {
  switch (kind) {
    case StepKind::kRestart:
      return "restart";
    case StepKind::kStart:
      return "start";
  }
  return "restart";
}

std::optional<ServerId> FindLeader(const std::vector<MemberObservation>& seen) {
  for (const auto& member : seen) {
    if (member.answered && member.mode == Mode::kLeader) {
      return member.id;
    }
  }
  return std::nullopt;
}

const MemberObservation* FindSeen(const PlanInput& input, ServerId id) {
  const auto found = std::find_if(input.seen.begin(),
                                  input.seen.end(),
                                  [id](const MemberObservation& m) { return m.id == id; });
  return found == input.seen.end() ? nullptr : &*found;
}

PlanStep StepTo(const MemberObservation& seen, const model::Generation& wanted) {
  return {
      .server = seen.id,
      .mode = seen.mode,
      .from = *seen.current,
      .to = wanted,
      .release_changes = !SameRelease(*seen.current, wanted),
      .configuration_changes = seen.current->configuration_digest != wanted.configuration_digest,
      .arithmetic = {},
      .why_here = {}};
}

bool SameRelease(const model::Generation& a, const model::Generation& b) {
  return a.version == b.version && a.release_sha512 == b.release_sha512;
}

std::string Milliseconds(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

std::vector<ServerId> RollOrder(const std::vector<model::Member>& members,
                                std::optional<ServerId> leader) {
  const auto rank = [leader](const model::Member& member) {
    if (member.role == model::Role::kObserver) {
      return 0;
    }
    return member.id == leader ? 2 : 1;
  };
  auto sorted = members;
  std::stable_sort(
      sorted.begin(), sorted.end(), [&](const model::Member& a, const model::Member& b) {
        return std::pair(rank(a), a.id) < std::pair(rank(b), b.id);
      });
  std::vector<ServerId> order;
  order.reserve(sorted.size());
  for (const auto& member : sorted) {
    order.push_back(member.id);
  }
  return order;
}

std::vector<model::Member> DeclaredMembers(const model::EnsembleSpec& spec) {
  std::vector<model::Member> members;
  members.reserve(spec.servers.size());
  for (const auto& server : spec.servers) {
    members.push_back(model::MemberOf(server));
  }
  return members;
}

Plan MakePlan(const PlanInput& input) {
  if (input.scope == PlanScope::kRepair) {
    return PlanRepair(input);
  }
  Plan plan;
  const auto declared = DeclaredMembers(input.spec);
  plan.leader = FindLeader(input.seen);
  plan.steps = MakeSteps(input, declared, plan.leader);
  plan.refusals = FindRefusals(input);
  plan.warnings = FindWarnings(input, plan);
  plan.checks = DescribeChecks(input.spec);
  plan.way_back = DescribeWayBack(plan, input.spec);
  return plan;
}

}  // namespace zoowarden::core
