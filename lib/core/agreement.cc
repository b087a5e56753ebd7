#include "core/agreement.h"

#include <map>

namespace zoowarden::core {

std::vector<Problem> MembershipProblems(const std::vector<model::Member>& declared,
                                        const model::Round& round,
                                        const Conclusions& conclusions) {
  const model::Membership expected{.members = declared};
  std::vector<Problem> problems;
  for (const auto id : conclusions.Proved()) {
    const auto* seen = model::FindMember(round, id);
    if (!seen->membership) {
      problems.push_back({.reason = "membership_unreadable",
                          .server = id,
                          .text = "the membership that server " + model::ToString(id) +
                                  " uses cannot be read" +
                                  (seen->problem.empty() ? "" : ": " + seen->problem)});
    } else if (!model::SameMembership(*seen->membership, expected)) {
      problems.push_back({.reason = "membership_differs",
                          .server = id,
                          .text = "server " + model::ToString(id) + " has another membership (" +
                                  seen->membership->source + ") than ensemble.yaml declares"});
    }
  }
  return problems;
}

std::optional<Problem> ConfigurationVersionProblem(const model::Round& round,
                                                   const Conclusions& conclusions) {
  std::map<model::Zxid, std::string> servers;
  for (const auto id : conclusions.Proved()) {
    const auto& membership = model::FindMember(round, id)->membership;
    if (membership && membership->source == model::kCommittedConfiguration) {
      auto& named = servers[{membership->version}];
      named += (named.empty() ? "server " : ", server ") + model::ToString(id);
    }
  }
  if (servers.size() < 2) {
    return std::nullopt;
  }
  std::string text;
  for (const auto& [version, named] : servers) {
    text += (text.empty() ? "" : ", ") + version.ToString() + " on " + named;
  }
  return Problem{
      .reason = "membership_versions",
      .server = std::nullopt,
      .text = "the members' committed configurations are of different versions: " + text};
}

}  // namespace zoowarden::core
