#include "controller/cli/import_checks.h"

#include "base/text.h"

#include <algorithm>
#include <map>
#include <set>

namespace zoowarden::controller {
namespace {

using base::ErrorCode;
using base::Fail;
using Servers = std::vector<FoundServer>;

std::string NameOf(const FoundServer& server) {
  return "server " + model::ToString(server.found.id) + " (agent " + server.agent + ")";
}

bool IsAnyAddress(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

base::Status Refuse(std::string reason, std::string message) {
  return Fail(ErrorCode::kFailedPrecondition, std::move(reason), std::move(message));
}

base::Status CheckObstacles(const Servers& servers) {
  std::vector<std::string> all;
  std::string reason;
  for (const FoundServer& server : servers) {
    for (auto& text : ObstaclesOf(server)) {
      all.push_back(std::move(text));
    }
    if (reason.empty() && !server.found.obstacles.empty()) {
      reason = server.found.obstacles.front().reason;
    }
  }
  return all.empty() ? base::Ok() : Refuse(reason, base::Join(all, "; "));
}

base::Status CheckIds(const Servers& servers) {
  std::map<model::ServerId, const FoundServer*> by_id;
  for (const FoundServer& server : servers) {
    const auto [first, is_new] = by_id.emplace(server.found.id, &server);
    if (!is_new) {
      return Refuse("import.two_agents",
                    "agents " + first->second->agent + " and " + server.agent +
                        " both look after server " + model::ToString(server.found.id) +
                        "; name each agent once");
    }
  }
  return base::Ok();
}

// Own lines may be spelled 0.0.0.0.
bool SameMember(const model::Member& a, const model::Member& b) {
  auto left = a;
  if (IsAnyAddress(a.host) || IsAnyAddress(b.host)) {
    left.host = b.host;
  }
  return left == b;
}

std::string Describe(const std::vector<model::Member>& members) {
  std::vector<std::string> lines;
  lines.reserve(members.size());
  for (const auto& member : members) {
    lines.push_back(model::ToString(member.id) + "=" + member.host + ":" +
                    std::to_string(member.quorum_port) + ":" +
                    std::to_string(member.election_port) + ":" +
                    std::string(model::RoleName(member.role)) +
                    (member.weight == 1 ? "" : " weight " + std::to_string(member.weight)) +
                    (member.group ? " group " + std::to_string(*member.group) : ""));
  }
  return base::Join(lines, ", ");
}

template <typename Text>
std::string EachOf(const Servers& servers, Text text) {
  std::vector<std::string> all;
  for (const FoundServer& server : servers) {
    all.push_back(NameOf(server) + " " + text(server.found));
  }
  return base::Join(all, ", ");
}

base::Status CheckMemberships(const Servers& servers) {
  auto members = servers.front().found.members;
  for (auto& member : members) {
    member.host = HostOf(servers, member.id);
  }
  const auto differs = [&members](const FoundServer& server) {
    const auto& own = server.found.members;
    return !std::equal(own.begin(), own.end(), members.begin(), members.end(), SameMember);
  };
  if (std::any_of(servers.begin(), servers.end(), differs)) {
    return Refuse(
        "import.memberships_differ",
        "the servers run with different members: " + EachOf(servers, [](const auto& found) {
          return Describe(found.members);
        }) + "; make their configurations agree, or name the agents of one ensemble");
  }
  std::vector<std::string> missing;
  for (const auto& member : members) {
    if (std::none_of(servers.begin(), servers.end(), [&](const FoundServer& server) {
          return server.found.id == member.id;
        })) {
      missing.push_back("server " + model::ToString(member.id) + " (" + member.host + ")");
    }
  }
  if (!missing.empty()) {
    return Refuse("import.member_without_agent",
                  "the ensemble has members that none of these agents looks after: " +
                      base::Join(missing, ", ") + "; name their agents too");
  }
  return base::Ok();
}

base::Status CheckLeader(const Servers& servers) {
  std::vector<std::string> leaders;
  for (const FoundServer& server : servers) {
    if (server.found.mode == model::Mode::kLeader) {
      leaders.push_back(NameOf(server));
    }
  }
  if (leaders.size() == 1) {
    return base::Ok();
  }
  return Refuse("import.leaders",
                leaders.empty()
                    ? std::string("none of the servers leads; try again when the "
                                  "ensemble has a leader")
                    : "more than one server says that it leads: " + base::Join(leaders, ", ") +
                          "; they are not one ensemble, or an election is under way");
}

std::string JavaText(const model::Discovery& found) {
  const auto& java = found.configuration.java;
  return "heap " + (java.heap.empty() ? std::string("not given") : java.heap) + " options [" +
         base::Join(java.options, " ") + "]";
}

base::Status CheckAlike(const Servers& servers) {
  const auto& first = servers.front().found;
  const bool versions = std::all_of(servers.begin(), servers.end(), [&](const auto& server) {
    return server.found.version == first.version;
  });
  if (!versions) {
    return Refuse("import.versions_differ",
                  "the servers run different releases: " + EachOf(servers, [](const auto& found) {
                    return found.version->ToString();
                  }) + "; bring them to one release first, by the means that installed them");
  }
  const bool java = std::all_of(servers.begin(), servers.end(), [&](const auto& server) {
    return server.found.configuration.java == first.configuration.java;
  });
  if (!java) {
    return Refuse("import.java_differs",
                  "the servers run with different JVM options, which config.java cannot say: " +
                      EachOf(servers, JavaText) + "; make them the same first");
  }
  return base::Ok();
}

}  // namespace

std::vector<std::string> ObstaclesOf(const FoundServer& server) {
  std::vector<std::string> all;
  for (const auto& obstacle : server.found.obstacles) {
    all.push_back(NameOf(server) + ": " + obstacle.text);
  }
  return all;
}

base::Status CheckOneEnsemble(const Servers& servers) {
  ZW_TRY(CheckObstacles(servers));
  ZW_TRY(CheckIds(servers));
  ZW_TRY(CheckMemberships(servers));
  ZW_TRY(CheckLeader(servers));
  return CheckAlike(servers);
}

std::string HostOf(const Servers& servers, model::ServerId id) {
  std::string host;
  for (const FoundServer& server : servers) {
    for (const auto& member : server.found.members) {
      if (member.id == id && (host.empty() || IsAnyAddress(host))) {
        host = member.host;
      }
    }
  }
  return host;
}

}  // namespace zoowarden::controller
