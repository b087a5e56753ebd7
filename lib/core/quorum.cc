#include "core/quorum.h"

#include <algorithm>
#include <map>

namespace zoowarden::core {
namespace {

bool IsVoter(const model::Member& member) { return member.role == model::Role::kParticipant; }

bool IsHierarchical(const std::vector<model::Member>& members) {
  return std::any_of(members.begin(), members.end(), [](const model::Member& m) {
    return IsVoter(m) && (m.group.has_value() || m.weight != 1);
  });
}

struct GroupWeight {
  std::uint64_t total = 0;
  std::uint64_t present = 0;
};

bool ContainsHierarchicalQuorum(const std::vector<model::Member>& members,
                                const std::set<model::ServerId>& present) {
  std::map<std::uint32_t, GroupWeight> groups;
  for (const auto& member : members) {
    if (!IsVoter(member) || !member.group) {
      continue;
    }
    auto& group = groups[*member.group];
    group.total += member.weight;
    group.present += present.contains(member.id) ? member.weight : 0;
  }
  std::erase_if(groups, [](const auto& entry) { return entry.second.total == 0; });
  const auto won = std::count_if(groups.begin(), groups.end(), [](const auto& entry) {
    return entry.second.present > entry.second.total / 2;
  });
  return static_cast<std::size_t>(won) > groups.size() / 2;
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
  // Losing the heaviest first is the worst order inside a group; across groups every choice is
  // tried, which is cheap for the dozen voters an ensemble has at most.
  if (!ContainsQuorum(members, remaining)) {
    return 0;
  }
  std::size_t worst = remaining.size();
  for (const auto id : remaining) {
    auto without = remaining;
    without.erase(id);
    if (!ContainsQuorum(members, without)) {
      return 0;
    }
    if (!IsHierarchical(members)) {
      return remaining.size() - (CountVoters(members) / 2 + 1);
    }
    worst = std::min(worst, 1 + WorstCaseSpare(members, without));
  }
  return worst;
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
