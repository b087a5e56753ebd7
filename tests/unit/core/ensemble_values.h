// Values that the tests of lib/core share: a healthy ensemble of any size, seen in one round, which
// each test then breaks in one place.
#pragma once

#include "model/ensemble.h"
#include "model/observation.h"

#include <cstdlib>
#include <string>
#include <vector>

namespace zoowarden::core::testing {

inline constexpr model::Version kOldVersion{3, 8, 4};
inline constexpr model::Version kNewVersion{3, 9, 4};
inline constexpr model::Zxid kCanary{0x100000007};

inline model::ServerId Id(std::uint32_t value) { return {value}; }

inline model::ServerSpec Server(std::uint32_t id) {
  model::ServerSpec server;
  server.id = Id(id);
  server.host = "127.0.0." + std::to_string(id);
  return server;
}

inline std::vector<model::Member> Voters(std::uint32_t count) {
  std::vector<model::Member> members;
  for (std::uint32_t id = 1; id <= count; ++id) {
    members.push_back(model::MemberOf(Server(id)));
  }
  return members;
}

inline model::Generation Old() {
  return {.digest = "old",
          .version = kOldVersion,
          .release_sha512 = "sha-old",
          .configuration_digest = "c1"};
}

inline model::Generation New() {
  return {.digest = "new",
          .version = kNewVersion,
          .release_sha512 = "sha-new",
          .configuration_digest = "c1"};
}

inline model::MemberObservation Serving(const model::Member& member,
                                        model::Mode mode,
                                        const std::vector<model::Member>& members) {
  model::MemberObservation seen;
  seen.id = member.id;
  seen.answered = true;
  seen.processes_visible = true;
  seen.process = model::Process{.pid = 1000 + static_cast<std::int32_t>(member.id.value),
                                .start_time = 77,
                                .generation = "old",
                                .release = "3.8.4",
                                .started_by_operation = ""};
  seen.mode = mode;
  seen.mode_source = "srvr";
  seen.broadcast = model::Broadcast::kYes;
  seen.broadcast_source = "mntr";
  seen.version = kOldVersion;
  seen.version_source = "srvr";
  seen.own_zxid = kCanary;
  seen.durable_zxid = kCanary;
  seen.durable_source = "log";
  seen.membership = model::Membership{.members = members, .source = "committed", .version = 0};
  seen.member_looked = true;
  seen.quorum_connection = true;
  seen.current = Old();
  seen.client_port = 2181;
  return seen;
}

// Every member proved, `leader` leads, observers observe.
inline model::Round HealthyRound(const std::vector<model::Member>& members,
                                 std::uint32_t leader,
                                 std::uint64_t number = 1) {
  model::Round round;
  round.number = number;
  round.canary = kCanary;
  round.canary_through = Id(leader);
  round.canary_method = "failed write";
  for (const auto& member : members) {
    const auto mode = member.role == model::Role::kObserver ? model::Mode::kObserver
                      : member.id.value == leader           ? model::Mode::kLeader
                                                            : model::Mode::kFollower;
    round.members.push_back(Serving(member, mode, members));
  }
  return round;
}

inline model::MemberObservation& Of(model::Round& round, std::uint32_t id) {
  for (auto& seen : round.members) {
    if (seen.id.value == id) {
      return seen;
    }
  }
  std::abort();
}

inline void Kill(model::MemberObservation& seen) {
  seen.process.reset();
  seen.mode = model::Mode::kUnknown;
  seen.broadcast = model::Broadcast::kUnknown;
  seen.version.reset();
  seen.own_zxid.reset();
  seen.membership.reset();
  seen.quorum_connection = false;
}

inline void Silence(model::MemberObservation& seen) {
  const auto id = seen.id;
  seen = {};
  seen.id = id;
  seen.problem = "connection refused";
}

// Alive, looking for a leader, with what an earlier operation of it left.
inline void Elect(model::MemberObservation& seen) {
  seen.mode = model::Mode::kNotServing;
  seen.broadcast = model::Broadcast::kNo;
  seen.own_zxid.reset();
  seen.quorum_connection = false;
}

}  // namespace zoowarden::core::testing
