#include "core/conclusions.h"

#include "base/check.h"
#include "core/failed_start.h"

#include <algorithm>

namespace zoowarden::core {
namespace {

using model::Broadcast;
using model::IsServing;
using model::MemberObservation;
using model::Mode;

// Followers of a leader whose agent is silent can be healthy, but two leaders are a contradiction.
std::size_t CountLeaders(const model::Round& round) {
  return static_cast<std::size_t>(
      std::count_if(round.members.begin(), round.members.end(), [](const MemberObservation& m) {
        return m.answered && m.mode == Mode::kLeader;
      }));
}

// The only member of its ensemble runs standalone; anywhere else that is the worst outcome.
bool MayServeAlone(const MemberObservation& seen, bool only_member) {
  return only_member && seen.mode == Mode::kStandalone;
}

bool ModeFitsRole(Mode mode, model::Role role) {
  return role == model::Role::kObserver ? mode == Mode::kObserver
                                        : mode == Mode::kLeader || mode == Mode::kFollower;
}

// The first thing that is missing; no reason = nothing is.
struct Missing {
  std::string_view reason;  // stable: docs/json.md lists them
  std::string text;
};

std::string Because(const MemberObservation& seen) {
  return seen.problem.empty() ? "" : ": " + seen.problem;
}

// What keeps the member's process and its own word from being trusted.
Missing MissingIdentity(const model::Member& declared,
                        const MemberObservation& seen,
                        const KnownProcesses& before,
                        bool only_member) {
  if (!seen.answered) {
    return {"agent_silent", "its agent did not answer" + Because(seen)};
  }
  if (!seen.process) {
    if (seen.processes_visible) {
      return {"no_process", "no ZooKeeper process on its data directory"};
    }
    return {"process_hidden",
            seen.problem.empty() ? "its agent may not see other users' processes" : seen.problem};
  }
  const auto known = before.find(declared.id);
  if (known != before.end() && (known->second.pid != seen.process->pid ||
                                known->second.start_time != seen.process->start_time)) {
    return {"process_changed",
            "its process changed from pid " + std::to_string(known->second.pid) + " to " +
                std::to_string(seen.process->pid) + " since the last round"};
  }
  if (MayServeAlone(seen, only_member)) {
    return {};
  }
  if (seen.mode == Mode::kStandalone) {
    return {"standalone", "it runs standalone and acknowledges writes alone"};
  }
  if (!IsServing(seen.mode)) {
    return {"not_serving",
            "it does not serve (" + std::string(model::ModeName(seen.mode)) + ")" + Because(seen)};
  }
  if (!ModeFitsRole(seen.mode, declared.role)) {
    return {"other_role",
            "it is declared a " + std::string(model::RoleName(declared.role)) + " and runs as " +
                std::string(model::ModeName(seen.mode))};
  }
  if (seen.broadcast == Broadcast::kNo) {
    return {"not_synchronised",
            "it has not finished synchronising (" + seen.broadcast_source + ")"};
  }
  return {};
}

// What keeps it from being proved in step with this round's canary.
Missing MissingSync(const model::Member& declared,
                    const MemberObservation& seen,
                    const model::Round& round) {
  if (!round.canary) {
    return {"no_canary",
            "no canary was committed in this round" +
                (round.canary_problem.empty() ? "" : ": " + round.canary_problem)};
  }
  // A session with lastZxidSeen is only accepted by a member that has applied that transaction.
  const bool applied =
      seen.own_zxid ? *seen.own_zxid >= *round.canary : seen.session_accepted == true;
  if (!applied) {
    return {"zxid_behind",
            "its zxid " + (seen.own_zxid ? seen.own_zxid->ToString() : "(unreadable)") +
                " is behind the canary " + round.canary->ToString()};
  }
  const bool votes = declared.role == model::Role::kParticipant;
  if (votes && (!seen.durable_zxid || *seen.durable_zxid < *round.canary)) {
    return {"durable_behind",
            "its durable zxid " +
                (seen.durable_zxid ? seen.durable_zxid->ToString() : "(unreadable)") +
                " is behind the canary " + round.canary->ToString()};
  }
  if (seen.session_accepted == false) {
    return {"session_refused",
            "it closed a session opened with lastZxidSeen " + round.canary->ToString()};
  }
  if (seen.read_back == false) {
    return {"not_read_back", "the canary could not be read back through it"};
  }
  return {};
}

std::string Evidence(const MemberObservation& seen, const model::Round& round) {
  return "pid " + std::to_string(seen.process->pid) + " started at " +
         std::to_string(seen.process->start_time) + ", " + std::string(model::ModeName(seen.mode)) +
         " (" + seen.mode_source + ")" +
         (seen.broadcast == Broadcast::kYes ? ", broadcast (" + seen.broadcast_source + ")" : "") +
         ", zxid " + (seen.own_zxid ? seen.own_zxid->ToString() : "by its session") + ", durable " +
         (seen.durable_zxid ? seen.durable_zxid->ToString() : "not read") + ", canary " +
         round.canary->ToString() + " (" + round.canary_method + ")" +
         (seen.session_accepted == true ? ", session accepted" : "");
}

MemberConclusion ConcludeMember(const model::Member& declared,
                                const model::Round& round,
                                const KnownProcesses& before,
                                std::size_t leaders,
                                bool only_member) {
  MemberConclusion conclusion{.id = declared.id};
  const auto* seen = model::FindMember(round, declared.id);
  if (seen == nullptr) {
    conclusion.reason = "agent_silent";
    conclusion.why = "it was not observed";
    return conclusion;
  }
  auto missing = MissingIdentity(declared, *seen, before, only_member);
  const bool down = seen->answered && IsDown(*seen);
  if (!down && missing.reason.empty() && leaders > 1) {
    missing = {"several_leaders", std::to_string(leaders) + " servers say that they lead"};
  }
  if (!down && missing.reason.empty()) {
    missing = MissingSync(declared, *seen, round);
  }
  conclusion.reason = missing.reason;
  conclusion.why = std::move(missing.text);
  if (down) {
    conclusion.standing = Standing::kDown;
  } else if (conclusion.reason.empty()) {
    conclusion.standing = Standing::kProved;
    conclusion.evidence = Evidence(*seen, round);
  }
  return conclusion;
}

}  // namespace

std::string_view StandingName(Standing standing) {
  switch (standing) {
    case Standing::kProved:
      return "proved";
    case Standing::kDown:
      return "down";
    case Standing::kUnknown:
      return "unknown";
  }
  return "unknown";
}

bool IsDown(const MemberObservation& seen) {
  if (!seen.answered) {
    return false;
  }
  if (!seen.process) {
    return seen.processes_visible;
  }
  // Committed means proved by the controller: whatever comes later is not that start's failure.
  const auto& operation = seen.operation;
  return model::IsInFlight(operation.state) &&
         HasFailed({.by_operation = seen.process->started_by_operation == operation.operation_id,
                    .proved = operation.proved,
                    .past_deadline = operation.deadline_left.count() == 0,
                    .looked = seen.member_looked,
                    .quorum_connection = seen.quorum_connection,
                    .mode = seen.mode});
}

const MemberConclusion& Conclusions::Of(model::ServerId id) const {
  const auto found = std::find_if(
      members.begin(), members.end(), [id](const MemberConclusion& m) { return m.id == id; });
  ZW_CHECK(found != members.end(), "server " + model::ToString(id) + " is not declared");
  return *found;
}

bool Conclusions::IsProved(model::ServerId id) const {
  return Of(id).standing == Standing::kProved;
}

std::set<model::ServerId> Conclusions::Proved() const {
  std::set<model::ServerId> proved;
  for (const auto& member : members) {
    if (member.standing == Standing::kProved) {
      proved.insert(member.id);
    }
  }
  return proved;
}

std::string Conclusions::NotProved(std::optional<model::ServerId> but) const {
  std::string text;
  for (const auto& member : members) {
    if (member.standing != Standing::kProved && member.id != but) {
      text +=
          (text.empty() ? "server " : "; server ") + model::ToString(member.id) + ": " + member.why;
    }
  }
  return text;
}

Conclusions Conclude(const std::vector<model::Member>& declared,
                     const model::Round& round,
                     const KnownProcesses& before) {
  Conclusions conclusions;
  const auto leaders = CountLeaders(round);
  const bool only_member = declared.size() == 1;
  for (const auto& member : declared) {
    conclusions.members.push_back(ConcludeMember(member, round, before, leaders, only_member));
    const auto* seen = model::FindMember(round, member.id);
    if (conclusions.members.back().standing == Standing::kProved &&
        (seen->mode == Mode::kLeader || MayServeAlone(*seen, only_member))) {
      conclusions.leader = member.id;
    }
  }
  return conclusions;
}

}  // namespace zoowarden::core
