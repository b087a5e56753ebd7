#include "core/quorum.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace zoowarden::core {
namespace {

bool IsVoter(const model::Member& member) { return member.role == model::Role::kParticipant; }

bool IsHierarchical(const std::vector<model::Member>& members) {
  return std::any_of(members.begin(), members.end(), [](const model::Member& m) {
    return IsVoter(m) && (m.group.has_value() || m.weight != 1);
  });
}

struct Group {
  std::uint64_t total = 0;
  std::vector<std::uint64_t> present;  // weights

  [[nodiscard]] bool Won() const {
    return std::accumulate(present.begin(), present.end(), std::uint64_t{0}) > total / 2;
  }
};

std::vector<Group> CountGroups(const std::vector<model::Member>& members,
                               const std::set<model::ServerId>& present) {
  std::map<std::uint32_t, Group> groups;
  for (const auto& member : members) {
    if (!IsVoter(member) || !member.group) {
      continue;
    }
    auto& group = groups[*member.group];
    group.total += member.weight;
    if (present.contains(member.id)) {
      group.present.push_back(member.weight);
    }
  }
  std::vector<Group> counted;
  for (const auto& [number, group] : groups) {
    if (group.total != 0) {
      counted.push_back(group);
    }
  }
  return counted;
}

bool ContainsHierarchicalQuorum(const std::vector<model::Member>& members,
                                const std::set<model::ServerId>& present) {
  const auto groups = CountGroups(members, present);
  const auto won =
      std::count_if(groups.begin(), groups.end(), [](const Group& group) { return group.Won(); });
  return static_cast<std::size_t>(won) > groups.size() / 2;
}

// How many of its present voters a won group can lose, the heaviest first, until it is lost.
std::size_t LossesUntilLost(Group group) {
  std::sort(group.present.begin(), group.present.end());
  std::size_t losses = 0;
  while (group.Won()) {
    group.present.pop_back();
    ++losses;
  }
  return losses;
}

std::size_t CountPresentVoters(const std::vector<model::Member>& members,
                               const std::set<model::ServerId>& present) {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [&](const model::Member& m) {
        return IsVoter(m) && present.contains(m.id);
      }));
}

// How many of the remaining voters may be lost in the worst order before the quorum is gone.
std::size_t WorstCaseSpare(const std::vector<model::Member>& members,
                           const std::set<model::ServerId>& remaining) {
  if (!ContainsQuorum(members, remaining)) {
    return 0;
  }
  if (!IsHierarchical(members)) {
    return remaining.size() - (CountVoters(members) / 2 + 1);
  }
  // The worst order takes the groups that are lost with the fewest voters first.
  const auto groups = CountGroups(members, remaining);
  std::vector<std::size_t> losses;
  for (const auto& group : groups) {
    if (group.Won()) {
      losses.push_back(LossesUntilLost(group));
    }
  }
  std::sort(losses.begin(), losses.end());
  const auto to_break = static_cast<std::ptrdiff_t>(losses.size() - groups.size() / 2);
  return std::accumulate(losses.begin(), losses.begin() + to_break, std::size_t{0}) - 1;
}

}  // namespace

std::size_t CountVoters(const std::vector<model::Member>& members) {
  return static_cast<std::size_t>(std::count_if(members.begin(), members.end(), IsVoter));
}

bool ContainsQuorum(const std::vector<model::Member>& members,
                    const std::set<model::ServerId>& present) {
  if (IsHierarchical(members)) {
    return ContainsHierarchicalQuorum(members, present);
  }
  return CountPresentVoters(members, present) > CountVoters(members) / 2;
}

QuorumArithmetic IfStopped(const std::vector<model::Member>& members,
                           const std::set<model::ServerId>& proved,
                           model::ServerId stopped) {
  std::set<model::ServerId> remaining;
  for (const auto& member : members) {
    if (IsVoter(member) && member.id != stopped && proved.contains(member.id)) {
      remaining.insert(member.id);
    }
  }
  QuorumArithmetic result;
  result.voters = CountVoters(members);
  result.remaining = remaining.size();
  result.holds = ContainsQuorum(members, remaining);
  result.spare = WorstCaseSpare(members, remaining);
  result.sentence = "if server " + model::ToString(stopped) + " stops, " +
                    std::to_string(result.remaining) + " of " + std::to_string(result.voters) +
                    " voters remain";
  if (IsHierarchical(members)) {
    result.sentence +=
        result.holds ? ", a quorum by weights and groups, spare " + std::to_string(result.spare)
                     : ", no quorum by weights and groups";
    return result;
  }
  result.needed = result.voters / 2 + 1;
  result.sentence += ", quorum " + std::to_string(result.needed);
  result.sentence += result.holds ? ", spare " + std::to_string(result.spare) : ": too few";
  return result;
}

}  // namespace zoowarden::core
