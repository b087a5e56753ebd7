#include "core/plan_repair.h"

#include "core/plan_refusals.h"

#include <algorithm>
#include <set>

namespace zoowarden::core {
namespace {

using model::ServerId;

// As far as one look tells; the run proves it.
std::set<ServerId> Serving(const PlanInput& input) {
  std::set<ServerId> serving;
  for (const auto& seen : input.seen) {
    if (seen.answered && model::IsServing(seen.mode)) {
      serving.insert(seen.id);
    }
  }
  return serving;
}

std::string Named(ServerId id) { return "server " + model::ToString(id); }

std::vector<PlanStep> StepsOf(const PlanInput& input,
                              const std::vector<model::Member>& declared,
                              const std::set<ServerId>& serving) {
  std::vector<PlanStep> steps;
  for (const auto id : StartOrder(declared)) {
    const auto* seen = FindSeen(input, id);
    if (!input.repair.contains(id) || seen == nullptr || !seen->current) {
      continue;
    }
    auto step = StepTo(*seen, input.wanted.at(id));
    step.kind = StepKind::kStart;
    step.arithmetic = IfStopped(declared, serving, id);
    step.arithmetic.sentence = Named(id) + " is down and counts for nothing; " +
                               std::to_string(step.arithmetic.remaining) + " of " +
                               std::to_string(step.arithmetic.voters) + " voters serve";
    step.why_here = "down: starting it takes nothing from anybody";
    steps.push_back(std::move(step));
  }
  return steps;
}

// Without a quorum no single member can be proved.
std::vector<std::string> ChecksOf(const model::EnsembleSpec& spec, bool quorum) {
  const auto version = "with the version we meant, proved in a quorum within " +
                       Milliseconds(spec.policy.step_timeout);
  const auto soak = ", then " + Milliseconds(spec.policy.soak) + " of soak";
  const std::string process = "the process we started, of the generation we meant";
  std::vector<std::string> checks = {
      "before each start: " + std::to_string(spec.policy.good_rounds) +
      " rounds in a row in which the member is down: its agent sees every process, and none has "
      "its data directory"};
  if (quorum) {
    checks.push_back("after each start: " + process + ", " + version + soak +
                     ", before the next is started");
  } else {
    checks.push_back("after each start, until a quorum has formed: " + process +
                     ", is there; nothing more is proved before the next is started");
    checks.push_back("once a quorum has formed: each that was started, " + version +
                     " of its start" + soak);
  }
  checks.emplace_back("at the end: what was repaired is proved and agrees on the membership");
  return checks;
}

// Others that run something else than this one shall.
void WarnOfMixture(const PlanInput& input, const Plan& plan, std::vector<std::string>& warnings) {
  for (const auto& step : plan.steps) {
    std::string others;
    for (const auto& seen : input.seen) {
      if (!input.repair.contains(seen.id) && seen.current &&
          seen.current->version != step.to.version) {
        others +=
            (others.empty() ? "" : ", ") + Named(seen.id) + " " + seen.current->version.ToString();
      }
    }
    if (!others.empty()) {
      warnings.push_back(Named(step.server) + " is to run " + step.to.version.ToString() +
                         " beside " + others);
    }
  }
}

std::vector<std::string> WarningsOf(const PlanInput& input,
                                    const std::vector<model::Member>& declared,
                                    const Plan& plan) {
  std::vector<std::string> warnings;
  if (plan.steps.empty()) {
    return warnings;
  }
  const auto serving = Serving(input);
  if (!ContainsQuorum(declared, serving)) {
    warnings.push_back(
        "NO QUORUM: " + std::to_string(serving.size()) + " of " + std::to_string(declared.size()) +
        " members serve, so clients are not served now. Members are started one after the other "
        "and each is judged by its process alone until a quorum has formed; then each is proved");
    warnings.push_back(
        "what cannot be promised without a quorum: that one forms, and that no acknowledged write "
        "is lost if a member's data was lost or put back to an older state (agents refuse to start "
        "on data that is empty or older than what they saw; nobody can compare it with members "
        "that are down)");
  }
  for (const auto& seen : input.seen) {
    if (!input.repair.contains(seen.id) && !(seen.answered && model::IsServing(seen.mode))) {
      warnings.push_back(Named(seen.id) + " does not serve and is not touched: " +
                         (!seen.answered  ? "its agent does not answer"
                          : !seen.process ? "it is down, and not among those to be repaired"
                                          : "its process may yet come back"));
    }
  }
  WarnOfMixture(input, plan, warnings);
  return warnings;
}

}  // namespace

std::vector<ServerId> StartOrder(const std::vector<model::Member>& declared) {
  auto order = RollOrder(declared, std::nullopt);
  std::stable_partition(order.begin(), order.end(), [&](ServerId id) {
    return std::any_of(declared.begin(), declared.end(), [id](const model::Member& member) {
      return member.id == id && member.role == model::Role::kParticipant;
    });
  });
  return order;
}

Plan PlanRepair(const PlanInput& input) {
  Plan plan;
  const auto declared = DeclaredMembers(input.spec);
  plan.leader = FindLeader(input.seen);
  const auto serving = Serving(input);
  plan.refusals = FindRepairRefusals(input);
  if (plan.refusals.empty()) {
    plan.steps = StepsOf(input, declared, serving);
  }
  plan.warnings = WarningsOf(input, declared, plan);
  plan.checks = ChecksOf(input.spec, ContainsQuorum(declared, serving));
  if (!plan.steps.empty()) {
    plan.way_back =
        "a server that does not come up is taken back to what is installed there now, and the run "
        "halts; no other server is stopped for it";
  }
  return plan;
}

}  // namespace zoowarden::core
