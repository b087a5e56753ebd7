#include "controller/agents/convert.h"
#include "controller/agents/wire_values.h"
#include "zoowarden/v1/observe.pb.h"

#include <algorithm>
#include <optional>

namespace zoowarden::controller {

namespace {

base::Result<model::Broadcast> BroadcastFrom(v1::Broadcast broadcast) {
  switch (broadcast) {
    case v1::BROADCAST_UNKNOWN:
      return model::Broadcast::kUnknown;
    case v1::BROADCAST_YES:
      return model::Broadcast::kYes;
    case v1::BROADCAST_NO:
      return model::Broadcast::kNo;
    default:
      return base::Fail(BadWireValue("broadcast", "is unknown"));
  }
}

base::Result<model::Role> RoleFrom(v1::Role role) {
  switch (role) {
    case v1::ROLE_PARTICIPANT:
      return model::Role::kParticipant;
    case v1::ROLE_OBSERVER:
      return model::Role::kObserver;
    default:
      return base::Fail(BadWireValue("member.role", "is unknown"));
  }
}

base::Result<model::Member> MemberFrom(const v1::Member& wire) {
  model::Member member{.id = {wire.id()}, .host = wire.host(), .weight = wire.weight()};
  // Not an identifier: IPv6 addresses come in brackets.
  ZW_TRY(CheckExactText("member.host", wire.host(), kMaxIdentifier));
  ZW_ASSIGN(member.quorum_port, CheckPort("member.quorum_port", wire.quorum_port()));
  ZW_ASSIGN(member.election_port, CheckPort("member.election_port", wire.election_port()));
  ZW_ASSIGN(member.role, RoleFrom(wire.role()));
  if (wire.has_group()) {
    member.group = wire.group();
  }
  return member;
}

base::Result<std::optional<model::Version>> VersionFrom(std::string_view field,
                                                        const std::string& text) {
  if (text.empty()) {
    return std::nullopt;
  }
  const auto version = model::ParseVersion(text);
  if (!version) {
    return base::Fail(BadWireValue(field, "is no version"));
  }
  return version;
}

base::Result<model::Generation> GenerationFrom(const v1::Generation& wire) {
  ZW_TRY(NeedIdentifier("generation.digest", wire.digest()));
  ZW_TRY(CheckIdentifier("generation.release_sha512", wire.release_sha512()));
  ZW_TRY(CheckIdentifier("generation.configuration_digest", wire.configuration_digest()));
  ZW_ASSIGN(const auto version, VersionFrom("generation.version", wire.version()));
  return model::Generation{.digest = wire.digest(),
                           .version = version.value_or(model::Version{}),
                           .release_sha512 = wire.release_sha512(),
                           .configuration_digest = wire.configuration_digest()};
}

base::Result<model::OperationStatus> OperationFrom(const v1::OperationStatus& wire) {
  ZW_TRY(CheckIdentifier("operation.operation_id", wire.operation_id()));
  ZW_TRY(CheckIdentifier("operation.run_id", wire.run_id()));
  ZW_TRY(CheckIdentifier("operation.from_generation", wire.from_generation()));
  ZW_TRY(CheckIdentifier("operation.to_generation", wire.to_generation()));
  ZW_TRY(CheckIdentifier("operation.failure_reason", wire.failure_reason()));
  // No operation at all is said with an empty state.
  const auto state = wire.state().empty() ? model::OperationState::kIdle
                                          : model::ParseOperationState(wire.state());
  if (!state) {
    return base::Fail(BadWireValue("operation.state", "is unknown"));
  }
  return model::OperationStatus{.operation_id = wire.operation_id(),
                                .run_id = wire.run_id(),
                                .epoch = wire.epoch(),
                                .state = *state,
                                .from_generation = wire.from_generation(),
                                .to_generation = wire.to_generation(),
                                .failure = ShownText(wire.failure()),
                                .failure_reason = wire.failure_reason(),
                                .deadline_left = std::chrono::milliseconds(wire.deadline_left_ms()),
                                .proved = wire.proved()};
}

base::Status FillSettings(const v1::Observation& wire, model::MemberObservation& observation) {
  ZW_TRY(CheckCount("settings", wire.settings().size(), kMaxSettings));
  for (const auto& [key, value] : wire.settings()) {
    ZW_TRY(CheckExactText("settings", key, kMaxIdentifier));
    ZW_TRY(CheckExactText("settings." + ShownText(key), value, kMaxSettingBytes));
    observation.settings.emplace(key, value);
  }
  return base::Ok();
}

base::Status FillEvidence(const v1::Observation& wire, model::MemberObservation& observation) {
  if (wire.has_own_zxid()) {
    observation.own_zxid = model::Zxid{wire.own_zxid()};
  }
  if (wire.has_durable_zxid()) {
    observation.durable_zxid = model::Zxid{wire.durable_zxid()};
  }
  if (wire.has_session_accepted()) {
    observation.session_accepted = wire.session_accepted();
  }
  if (wire.has_read_back()) {
    observation.read_back = wire.read_back();
  }
  if (wire.has_connections()) {
    observation.connections = wire.connections();
  }
  if (wire.has_process()) {
    ZW_ASSIGN(observation.process, FromWire(wire.process()));
  }
  if (wire.has_membership()) {
    ZW_ASSIGN(observation.membership, FromWire(wire.membership()));
  }
  ZW_ASSIGN(observation.mode, FromWire(wire.mode()));
  ZW_ASSIGN(observation.broadcast, BroadcastFrom(wire.broadcast()));
  ZW_ASSIGN(observation.version, VersionFrom("version", wire.version()));
  return base::Ok();
}

base::Status FillCertificate(const v1::Observation& wire, model::MemberObservation& observation) {
  if (!wire.has_certificate()) {
    return base::Ok();
  }
  const auto& certificate = wire.certificate();
  ZW_TRY(NeedIdentifier("certificate.serial", certificate.serial()));
  for (const auto time :
       {certificate.not_after(), certificate.ca_not_after(), certificate.crl_not_after()}) {
    ZW_TRY(CheckUnixTime("certificate", time));
  }
  observation.certificate = {.serial = certificate.serial(),
                             .not_after = certificate.not_after(),
                             .ca_not_after = certificate.ca_not_after(),
                             .crl_not_after = certificate.crl_not_after(),
                             .crl_number = certificate.crl_number()};
  return base::Ok();
}

base::Status FillTreeDigests(const v1::Observation& wire, model::MemberObservation& observation) {
  ZW_TRY(CheckCount(
      "tree_digests", static_cast<std::size_t>(wire.tree_digests_size()), kMaxTreeDigests));
  observation.tree_digests_read = wire.tree_digests_read();
  for (const auto& digest : wire.tree_digests()) {
    observation.tree_digests.push_back(
        {.zxid = {digest.zxid()}, .version = digest.version(), .value = digest.value()});
  }
  return base::Ok();
}

base::Status FillGenerations(const v1::Observation& wire, model::MemberObservation& observation) {
  ZW_TRY(CheckCount(
      "generations", static_cast<std::size_t>(wire.generations_size()), kMaxGenerations));
  for (const auto& generation : wire.generations()) {
    ZW_TRY(NeedIdentifier("generations", generation));
    observation.generations.push_back(generation);
  }
  if (wire.has_current()) {
    ZW_ASSIGN(observation.current, GenerationFrom(wire.current()));
  }
  return base::Ok();
}

}  // namespace

base::Result<model::Mode> FromWire(v1::Mode mode) {
  switch (mode) {
    case v1::MODE_UNKNOWN:
      return model::Mode::kUnknown;
    case v1::MODE_LEADER:
      return model::Mode::kLeader;
    case v1::MODE_FOLLOWER:
      return model::Mode::kFollower;
    case v1::MODE_OBSERVER:
      return model::Mode::kObserver;
    case v1::MODE_STANDALONE:
      return model::Mode::kStandalone;
    case v1::MODE_READ_ONLY:
      return model::Mode::kReadOnly;
    case v1::MODE_NOT_SERVING:
      return model::Mode::kNotServing;
    default:
      return base::Fail(BadWireValue("mode", "is unknown"));
  }
}

base::Result<model::Process> FromWire(const v1::Process& wire) {
  if (wire.pid() <= 1 || wire.start_time() == 0) {
    return base::Fail(BadWireValue("process", "names no process"));
  }
  ZW_TRY(CheckIdentifier("process.generation", wire.generation()));
  ZW_TRY(CheckIdentifier("process.release", wire.release()));
  ZW_TRY(CheckIdentifier("process.started_by_operation", wire.started_by_operation()));
  return model::Process{.pid = wire.pid(),
                        .start_time = wire.start_time(),
                        .generation = wire.generation(),
                        .release = wire.release(),
                        .started_by_operation = wire.started_by_operation()};
}

base::Result<model::Membership> FromWire(const v1::Membership& wire) {
  ZW_TRY(CheckCount("membership", static_cast<std::size_t>(wire.members_size()), kMaxMembers));
  model::Membership membership{
      .members = {}, .source = ShownText(wire.source()), .version = wire.version()};
  for (const auto& member : wire.members()) {
    ZW_ASSIGN(auto converted, MemberFrom(member));
    membership.members.push_back(std::move(converted));
  }
  auto& members = membership.members;
  const auto by_id = [](const model::Member& a, const model::Member& b) { return a.id < b.id; };
  std::sort(members.begin(), members.end(), by_id);
  const auto same_id = [](const model::Member& a, const model::Member& b) { return a.id == b.id; };
  if (std::adjacent_find(members.begin(), members.end(), same_id) != members.end()) {
    return base::Fail(BadWireValue("membership", "names a server twice"));
  }
  return membership;
}

base::Result<model::MemberObservation> FromWire(const v1::Observation& wire,
                                                model::ServerId server) {
  if (wire.server() != server.value) {
    return base::Fail(BadWireValue(
        "server",
        "is " + std::to_string(wire.server()) + ", server " + ToString(server) + " was asked"));
  }
  model::MemberObservation observation{.id = server,
                                       .answered = true,
                                       .problem = ShownText(wire.note()),
                                       .agent_version = ShownText(wire.agent_version()),
                                       .epoch = wire.epoch(),
                                       .processes_visible = wire.processes_visible()};
  ZW_TRY(FillEvidence(wire, observation));
  ZW_TRY(FillSettings(wire, observation));
  ZW_TRY(FillGenerations(wire, observation));
  ZW_TRY(FillCertificate(wire, observation));
  ZW_TRY(FillTreeDigests(wire, observation));
  ZW_ASSIGN(observation.operation, OperationFrom(wire.operation()));
  ZW_ASSIGN(observation.client_port, CheckPort("client_port", wire.client_port()));
  observation.mode_source = ShownText(wire.mode_source());
  observation.broadcast_source = ShownText(wire.broadcast_source());
  observation.version_source = ShownText(wire.version_source());
  observation.durable_source = ShownText(wire.durable_source());
  observation.member_looked = wire.member_looked();
  observation.quorum_connection = wire.quorum_connection();
  return observation;
}

base::Result<Canary> FromWire(const v1::CommitCanaryResponse& wire) {
  if (wire.zxid() == 0) {
    return base::Fail(BadWireValue("zxid", "is 0"));
  }
  ZW_TRY(NeedIdentifier("method", wire.method()));
  return Canary{.zxid = {wire.zxid()}, .method = wire.method()};
}

}  // namespace zoowarden::controller
