#include "core/plan_moves.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace zoowarden::core {
namespace {

std::string Name(model::ServerId id) { return "server " + model::ToString(id); }

std::string Name(const model::Generation& generation) {
  return generation.digest + " (" + generation.version.ToString() + ")";
}

// Keys of `servers:` that are about who is a member and where; its settings are configuration.
bool IsMembership(std::string_view key) {
  return key.starts_with("servers.") && key.find(".settings.") == std::string_view::npos;
}

std::string_view ReasonOf(std::string_view key) {
  if (IsMembership(key)) {
    return "plan.moved_membership";
  }
  return key.starts_with("release.") ? "plan.moved_release" : "plan.moved_desired";
}

std::string Shown(const DesiredValues& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "not set" : "'" + found->second + "'";
}

void FindDesiredMoves(const ApprovedPlan& approved,
                      const ApprovedPlan& now,
                      std::vector<Refusal>& moves) {
  std::set<std::string> keys;
  for (const auto* values : {&approved.desired, &now.desired}) {
    for (const auto& entry : *values) {
      keys.insert(entry.first);
    }
  }
  for (const auto& key : keys) {
    const auto before = Shown(approved.desired, key);
    const auto after = Shown(now.desired, key);
    if (before != after) {
      moves.push_back(
          {std::string(ReasonOf(key)),
           key + " was " + before + " when the plan was made and is " + after + " now"});
    }
  }
}

// A person who edited `release:` of ensemble.yaml wants another release than --to said then. What
// an upgrade that succeeded wrote there is the plan's own.
void FindDeclaredMove(const ApprovedPlan& approved,
                      const ApprovedPlan& now,
                      std::vector<Refusal>& moves) {
  const auto same = [&now](const model::ReleaseSpec& release) {
    return release.version == now.declared.version && release.sha512 == now.declared.sha512;
  };
  if (!same(approved.declared) && !same(approved.release)) {
    moves.push_back(
        {"plan.moved_release",
         "`release:` of ensemble.yaml was " + approved.declared.version.ToString() +
             " when the plan was made and is " + now.declared.version.ToString() +
             (approved.declared.version == now.declared.version ? " of another archive now"
                                                                : " now")});
  }
}

const PlannedServer* Find(const ApprovedPlan& plan, model::ServerId id) {
  const auto found = std::find_if(
      plan.servers.begin(), plan.servers.end(), [id](const auto& one) { return one.id == id; });
  return found == plan.servers.end() ? nullptr : &*found;
}

// No key that may be shown has moved, and yet other generations are wanted.
void FindMaskedMove(const ApprovedPlan& approved,
                    const ApprovedPlan& now,
                    std::vector<Refusal>& moves) {
  std::string servers;
  for (const auto& server : approved.servers) {
    const auto* wanted = Find(now, server.id);
    if (wanted != nullptr && wanted->to.digest != server.to.digest) {
      servers += (servers.empty() ? "" : ", ") + model::ToString(server.id);
    }
  }
  if (!servers.empty() && moves.empty()) {
    moves.push_back({"plan.moved_desired",
                     "a value that is masked in the plan (a password, secret or token) is another "
                     "one now in the configuration of server " +
                         servers});
  }
}

void FindServerMoves(const ApprovedPlan& approved,
                     const ApprovedPlan& now,
                     std::vector<Refusal>& moves) {
  for (const auto& server : approved.servers) {
    const auto* seen = Find(now, server.id);
    // One that cannot be seen is refused by the planner.
    if (seen != nullptr && !seen->from.digest.empty() && seen->from.digest != server.from.digest) {
      moves.push_back({"plan.moved_generation",
                       Name(server.id) + " had generation " + Name(server.from) +
                           " when the plan was made and has " + Name(seen->from) + " now"});
    }
  }
}

bool AllSeen(const ApprovedPlan& now) {
  return std::none_of(now.servers.begin(), now.servers.end(), [](const PlannedServer& server) {
    return server.from.digest.empty();
  });
}

}  // namespace

std::vector<Refusal> FindMoves(const ApprovedPlan& approved, const ApprovedPlan& now) {
  std::vector<Refusal> moves;
  FindDesiredMoves(approved, now, moves);
  FindDeclaredMove(approved, now, moves);
  FindMaskedMove(approved, now, moves);
  FindServerMoves(approved, now, moves);
  // Without a leader no run gets past its preflight.
  if (now.leader && approved.leader != now.leader) {
    moves.push_back({"plan.moved_leader",
                     (approved.leader ? Name(*approved.leader) : "nobody") +
                         " led when the plan was made and " + Name(*now.leader) +
                         " leads now, and the leader goes last"});
  } else if (moves.empty() && AllSeen(now) &&
             (approved.order != now.order || approved.servers != now.servers)) {
    moves.push_back({"plan.moved_order",
                     "other servers than those of the plan, or in another order, would be "
                     "restarted now"});
  }
  return moves;
}

bool IsCarriedOut(const ApprovedPlan& approved, const ApprovedPlan& now) {
  std::vector<Refusal> moves;
  FindDesiredMoves(approved, now, moves);
  FindDeclaredMove(approved, now, moves);
  FindMaskedMove(approved, now, moves);
  return moves.empty() && approved.servers.size() == now.servers.size() &&
         std::all_of(approved.servers.begin(), approved.servers.end(), [&now](const auto& server) {
           const auto* seen = Find(now, server.id);
           return seen != nullptr && seen->from.digest == server.to.digest;
         });
}

}  // namespace zoowarden::core
