#include "core/plan_refusals.h"

#include "base/counted.h"
#include "core/conclusions.h"
#include "model/discovery.h"

#include <algorithm>
#include <array>
#include <set>

namespace zoowarden::core {
namespace {

using model::MemberObservation;

// Keys whose change needs more than a restart of one server after the other.
struct NotRollable {
  std::string_view key;
  std::string_view default_value;  // QuorumPeerConfig.java; empty = the server's own
};
constexpr std::array kNotRollable = std::to_array<NotRollable>({{"reconfigEnabled", "false"},
                                                                {"standaloneEnabled", "true"},
                                                                {"dataDir", ""},
                                                                {"dataLogDir", ""}});

std::string Name(model::ServerId id) { return "server " + model::ToString(id); }

std::string SettingOr(const model::Settings& settings, const NotRollable& rule) {
  const auto found = settings.find(std::string(rule.key));
  return found == settings.end() ? std::string(rule.default_value) : found->second;
}

bool IsAddress(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// ZooKeeper may show a name as its address or its own address as 0.0.0.0, so only an address
// against another address and a name against another name are a change.
bool HostChanged(std::string_view running, std::string_view declared) {
  const bool judged = !running.empty() && running != "0.0.0.0" && running != "::" &&
                      IsAddress(running) == IsAddress(declared);
  return judged && running != declared;
}

std::string Describe(const model::Member& member) {
  std::string text = "server." + model::ToString(member.id) + "=" + member.host + ":" +
                     std::to_string(member.quorum_port) + ":" +
                     std::to_string(member.election_port) + ":" +
                     std::string(model::RoleName(member.role));
  if (member.weight != 1) {
    text += " weight " + std::to_string(member.weight);
  }
  if (member.group) {
    text += " group " + std::to_string(*member.group);
  }
  return text;
}

void RefuseUnobserved(const PlanInput& input, std::vector<Refusal>& refusals) {
  for (const auto& seen : input.seen) {
    if (!seen.answered) {
      refusals.push_back({"preflight.agent_unreachable",
                          Name(seen.id) + ": its agent does not answer (" + seen.problem +
                              "); a server that cannot be seen is neither counted nor touched. "
                              "Start or reach the agent, then try again"});
    } else if (!seen.current) {
      refusals.push_back({"preflight.no_generation",
                          Name(seen.id) +
                              ": its agent has no generation installed, and a first installation "
                              "cannot be rolled; a server that runs already is taken over by "
                              "`zoowarden adopt`"});
    }
  }
}

bool SameMember(const model::Member& running, const model::Member& declared) {
  return model::SameMembership({.members = {running}}, {.members = {declared}}) &&
         !HostChanged(running.host, declared.host);
}

bool SameMembers(const std::vector<model::Member>& running,
                 const std::vector<model::Member>& declared) {
  return std::equal(running.begin(), running.end(), declared.begin(), declared.end(), SameMember);
}

void RefuseMembershipChange(const PlanInput& input,
                            const std::vector<model::Member>& declared,
                            std::vector<Refusal>& refusals) {
  for (const auto& seen : input.seen) {
    if (!seen.answered || !seen.membership || SameMembers(seen.membership->members, declared)) {
      continue;
    }
    std::string difference;
    for (const auto& member : declared) {
      if (std::find_if(seen.membership->members.begin(),
                       seen.membership->members.end(),
                       [&](const model::Member& m) { return SameMember(m, member); }) ==
          seen.membership->members.end()) {
        difference += " declared: " + Describe(member) + ";";
      }
    }
    for (const auto& member : seen.membership->members) {
      if (std::none_of(declared.begin(), declared.end(), [&](const model::Member& m) {
            return SameMember(member, m);
          })) {
        difference += " running: " + Describe(member) + ";";
      }
    }
    refusals.push_back({"plan.membership_change",
                        "`servers:` of ensemble.yaml differs from the membership that " +
                            Name(seen.id) + " runs with (" + seen.membership->source +
                            "):" + difference +
                            " changing ids, addresses, ports, roles, weights or groups cannot be "
                            "rolled; put `servers:` back"});
  }
}

void RefuseServerChanges(const PlanInput& input, std::vector<Refusal>& refusals) {
  for (const auto& seen : input.seen) {
    const auto* server = model::FindServer(input.spec, seen.id);
    if (!seen.answered || !seen.current || server == nullptr) {
      continue;
    }
    if (seen.client_port != 0 && seen.client_port != server->client_port) {
      refusals.push_back({"plan.client_port_change",
                          Name(seen.id) + " serves clients on port " +
                              std::to_string(seen.client_port) + " and ensemble.yaml says " +
                              std::to_string(server->client_port) +
                              ": a change of ports cannot be rolled"});
    }
    const auto settings = model::SettingsOf(input.spec, *server);
    for (const auto& rule : kNotRollable) {
      const auto now = SettingOr(seen.settings, rule);
      const auto wanted = SettingOr(settings, rule);
      const bool asked_for = !rule.default_value.empty() || !wanted.empty();
      if (asked_for && now != wanted) {
        std::string message = Name(seen.id);
        message += ": ";
        message += rule.key;
        message += " would change from " + now;
        message += " to " + wanted + ", which cannot be rolled; put it back to " + now;
        refusals.push_back({"plan.setting_not_rollable", std::move(message)});
      }
    }
  }
}

// Each stop's arithmetic with everybody else proved: one or two voters, or a weight that the others
// cannot outvote, lose the quorum at every roll.
void RefuseOutage(const PlanInput& input,
                  const std::vector<model::Member>& declared,
                  std::vector<Refusal>& refusals) {
  if (input.allow_outage) {
    return;
  }
  std::set<model::ServerId> everybody;
  for (const auto& member : declared) {
    everybody.insert(member.id);
  }
  for (const auto& seen : input.seen) {
    const bool stops = seen.current && (seen.current->digest != input.wanted.at(seen.id).digest ||
                                        input.restart.contains(seen.id));
    const auto arithmetic = IfStopped(declared, everybody, seen.id);
    if (stops && !arithmetic.holds) {
      const auto voters = CountVoters(declared);
      refusals.push_back({"plan.outage",
                          "an ensemble of " + base::Counted(voters, "voter") + " cannot lose " +
                              Name(seen.id) + " and keep its quorum (" + arithmetic.sentence +
                              "): clients would see an outage. Say --allow-outage to accept that"});
    }
  }
}

// There is no archive of what ran before adoption, so nothing new can be made of it.
void RefuseAdopted(const PlanInput& input, std::vector<Refusal>& refusals) {
  for (const auto& seen : input.seen) {
    const auto& wanted = input.wanted.at(seen.id);
    if (seen.answered && seen.current && wanted.release_sha512 == model::kAdoptedRelease &&
        seen.current->digest != wanted.digest && !IsOnServer(seen, wanted)) {
      refusals.push_back(
          {"plan.adopted_release",
           Name(seen.id) +
               ": ensemble.yaml asks for the release that ran before adoption with another "
               "configuration than it had; it can be returned to only as it was. Put `config:` "
               "back, or change it together with an upgrade to a release that has an archive"});
    }
  }
}

void RefuseVersions(const PlanInput& input, std::vector<Refusal>& refusals) {
  std::vector<std::string> told;
  const auto tell = [&](const RuleFinding& finding) {
    if (finding.severity == RuleSeverity::kRefuse &&
        std::find(told.begin(), told.end(), finding.text) == told.end()) {
      told.push_back(finding.text);
      refusals.push_back({finding.id, finding.text});
    }
  };
  for (const auto& seen : input.seen) {
    if (!seen.answered || !seen.current) {
      continue;
    }
    const auto to = input.wanted.at(seen.id).version;
    if (!IsOnServer(seen, input.wanted.at(seen.id))) {
      for (auto finding : CheckTarget(seen.current->version, to)) {
        if (to < seen.current->version) {
          finding.text +=
              ". Servers that ran it may return to it only as they ran it: to go back, put the "
              "settings of then back too";
        }
        tell(finding);
      }
    }
    for (const auto& finding : CheckWayBack(to, seen.current->version)) {
      tell(finding);
    }
  }
}

void RefuseStandalone(const PlanInput& input, std::vector<Refusal>& refusals) {
  for (const auto& seen : input.seen) {
    if (seen.answered && seen.mode == model::Mode::kStandalone && input.spec.servers.size() > 1) {
      refusals.push_back({"preflight.standalone",
                          Name(seen.id) +
                              " runs STANDALONE and acknowledges writes alone; stop it by hand "
                              "and look at its configuration before anything else"});
    }
  }
}

void RefuseHidden(const MemberObservation& seen, std::vector<Refusal>& refusals) {
  refusals.push_back(
      {"preflight.processes_hidden",
       "the agent of " + Name(seen.id) +
           " cannot prove that nothing else serves its data, so it would start "
           "nothing: " +
           (seen.problem.empty() ? "it may not see other users' processes; give it that right "
                                   "(hidepid)"
                                 : seen.problem)});
}

void RefuseDegraded(const PlanInput& input, std::vector<Refusal>& refusals) {
  for (const auto& seen : input.seen) {
    if (!seen.answered || !seen.current) {
      continue;  // refused above
    }
    if (!seen.processes_visible) {
      RefuseHidden(seen, refusals);
    } else if (!seen.process) {
      refusals.push_back(
          {"preflight.degraded",
           Name(seen.id) + " is down: no ZooKeeper process on its data directory. An ensemble "
                           "that is already degraded is not rolled: `zoowarden repair` starts it"});
    } else if (seen.mode == model::Mode::kNotServing || seen.mode == model::Mode::kUnknown ||
               seen.mode == model::Mode::kReadOnly) {
      refusals.push_back({"preflight.degraded",
                          Name(seen.id) + " does not serve (" +
                              std::string(model::ModeName(seen.mode)) +
                              (seen.problem.empty() ? "" : ": " + seen.problem) +
                              "). An ensemble that is already degraded is not rolled"});
    }
  }
}

// Only what is down is repaired.
void RefuseNotDown(const MemberObservation& seen, std::vector<Refusal>& refusals) {
  if (seen.process && !IsDown(seen)) {
    refusals.push_back(
        {"repair.not_down",
         Name(seen.id) + " is not down: its process " + std::to_string(seen.process->pid) +
             (model::IsServing(seen.mode)
                  ? " serves as " + std::string(model::ModeName(seen.mode)) +
                        "; `zoowarden restart` starts it again behind the gates of any stop"
                  : " is there and does not serve (" + std::string(model::ModeName(seen.mode)) +
                        (seen.problem.empty() ? "" : ": " + seen.problem) +
                        "); it may yet come back: if it does not, end that process by hand and "
                        "repair then")});
  } else if (!seen.process && !seen.processes_visible) {
    RefuseHidden(seen, refusals);
  }
}

// What was not asked for is not rolled out in passing.
void RefuseOutOfScope(const PlanInput& input, std::vector<Refusal>& refusals) {
  for (const auto& seen : input.seen) {
    if (!seen.current) {
      continue;
    }
    const auto& wanted = input.wanted.at(seen.id);
    if (input.scope == PlanScope::kConfiguration && !SameRelease(*seen.current, wanted)) {
      refusals.push_back(
          {"plan.release_differs",
           Name(seen.id) + " runs " + seen.current->version.ToString() +
               " and ensemble.yaml says " + wanted.version.ToString() +
               (seen.current->version == wanted.version ? " of another archive" : "") +
               ": the configuration alone was asked for. `zoowarden apply` rolls "
               "both, and restarts each server once"});
    } else if (input.scope == PlanScope::kRestart && seen.current->digest != wanted.digest) {
      refusals.push_back({"plan.restart_differs",
                          Name(seen.id) +
                              " runs something else than ensemble.yaml says, and a restart alone "
                              "was asked for. `zoowarden apply` rolls what is wanted, and restarts "
                              "it; or put ensemble.yaml back"});
    }
  }
}

}  // namespace

bool IsOnServer(const MemberObservation& seen, const model::Generation& wanted) {
  return std::find(seen.generations.begin(), seen.generations.end(), wanted.digest) !=
         seen.generations.end();
}

std::vector<Refusal> FindRepairRefusals(const PlanInput& input) {
  std::vector<Refusal> refusals;
  auto repaired = input;
  std::erase_if(repaired.seen,
                [&](const MemberObservation& seen) { return !input.repair.contains(seen.id); });
  RefuseUnobserved(repaired, refusals);
  for (const auto& seen : repaired.seen) {
    if (seen.answered) {
      RefuseNotDown(seen, refusals);
    }
  }
  RefuseStandalone(input, refusals);
  RefuseMembershipChange(input, DeclaredMembers(input.spec), refusals);
  std::erase_if(repaired.seen, [&](const MemberObservation& seen) {
    return !seen.current || seen.current->digest == input.wanted.at(seen.id).digest;
  });
  RefuseServerChanges(repaired, refusals);
  RefuseAdopted(repaired, refusals);
  RefuseVersions(repaired, refusals);
  return refusals;
}

std::vector<Refusal> FindRefusals(const PlanInput& input) {
  const auto declared = DeclaredMembers(input.spec);
  std::vector<Refusal> refusals;
  RefuseUnobserved(input, refusals);
  RefuseStandalone(input, refusals);
  RefuseDegraded(input, refusals);
  RefuseMembershipChange(input, declared, refusals);
  RefuseServerChanges(input, refusals);
  RefuseOutOfScope(input, refusals);
  RefuseAdopted(input, refusals);
  RefuseVersions(input, refusals);
  RefuseOutage(input, declared, refusals);
  return refusals;
}

}  // namespace zoowarden::core
