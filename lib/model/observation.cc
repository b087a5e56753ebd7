#include "model/observation.h"

#include <algorithm>
#include <array>

namespace zoowarden::model {
namespace {

constexpr std::array kModes = {Mode::kUnknown,
                               Mode::kLeader,
                               Mode::kFollower,
                               Mode::kObserver,
                               Mode::kStandalone,
                               Mode::kReadOnly,
                               Mode::kNotServing};

}  // namespace

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kUnknown:
      return "unknown";
    case Mode::kLeader:
      return "leader";
    case Mode::kFollower:
      return "follower";
    case Mode::kObserver:
      return "observer";
    case Mode::kStandalone:
      return "standalone";
    case Mode::kReadOnly:
      return "read_only";
    case Mode::kNotServing:
      return "not_serving";
  }
  return "unknown";
}

std::optional<Mode> ParseMode(std::string_view name) {
  for (const auto mode : kModes) {
    if (name == ModeName(mode)) {
      return mode;
    }
  }
  return std::nullopt;
}

bool IsServing(Mode mode) {
  return mode == Mode::kLeader || mode == Mode::kFollower || mode == Mode::kObserver;
}

std::set<ServerId> IdsOf(const std::vector<Member>& members) {
  std::set<ServerId> ids;
  for (const auto& member : members) {
    ids.insert(member.id);
  }
  return ids;
}

bool SameMembership(const Membership& a, const Membership& b) {
  return std::equal(a.members.begin(),
                    a.members.end(),
                    b.members.begin(),
                    b.members.end(),
                    [](const Member& x, const Member& y) {
                      return x.id == y.id && x.role == y.role && x.weight == y.weight &&
                             x.group == y.group && x.quorum_port == y.quorum_port &&
                             x.election_port == y.election_port;
                    });
}

Member MemberOf(const ServerSpec& server) {
  return {.id = server.id,
          .host = server.host,
          .quorum_port = server.quorum_port,
          .election_port = server.election_port,
          .role = server.role,
          .weight = server.weight,
          .group = server.group};
}

const MemberObservation* FindMember(const Round& round, ServerId id) {
  const auto found = std::find_if(round.members.begin(),
                                  round.members.end(),
                                  [id](const MemberObservation& m) { return m.id == id; });
  return found == round.members.end() ? nullptr : &*found;
}

}  // namespace zoowarden::model
