#include "agent/service/observation_wire.h"

#include "rpc/member_wire.h"
#include "zoowarden/v1/observe.pb.h"

namespace zoowarden::agent {
namespace {

v1::Broadcast BroadcastOf(model::Broadcast broadcast) {
  switch (broadcast) {
    case model::Broadcast::kUnknown:
      return v1::BROADCAST_UNKNOWN;
    case model::Broadcast::kYes:
      return v1::BROADCAST_YES;
    case model::Broadcast::kNo:
      return v1::BROADCAST_NO;
  }
  return v1::BROADCAST_UNKNOWN;
}

void MembershipTo(const model::Membership& membership, v1::Membership& wire) {
  wire.set_source(membership.source);
  wire.set_version(membership.version);
  for (const auto& member : membership.members) {
    rpc::MemberToWire(member, *wire.add_members());
  }
}

void OperationTo(const model::OperationStatus& operation, v1::OperationStatus& wire) {
  wire.set_operation_id(operation.operation_id);
  wire.set_run_id(operation.run_id);
  wire.set_epoch(operation.epoch);
  wire.set_state(std::string(model::OperationStateName(operation.state)));
  wire.set_from_generation(operation.from_generation);
  wire.set_to_generation(operation.to_generation);
  wire.set_failure(operation.failure);
  wire.set_failure_reason(operation.failure_reason);
  wire.set_deadline_left_ms(static_cast<std::uint32_t>(operation.deadline_left.count()));
  wire.set_proved(operation.proved);
}

void CertificateTo(const model::AgentCertificate& certificate, v1::CertificateStatus& wire) {
  wire.set_serial(certificate.serial);
  wire.set_not_after(certificate.not_after);
  wire.set_ca_not_after(certificate.ca_not_after);
  wire.set_crl_not_after(certificate.crl_not_after);
  wire.set_crl_number(certificate.crl_number);
}

void IdentityTo(const model::MemberObservation& seen, v1::Observation& wire) {
  wire.set_server(seen.id.value);
  wire.set_agent_version(seen.agent_version);
  wire.set_epoch(seen.epoch);
  wire.set_processes_visible(seen.processes_visible);
  wire.set_note(seen.problem);
  wire.set_client_port(seen.client_port);
  if (seen.process) {
    ToWire(*seen.process, *wire.mutable_process());
  }
  if (seen.current) {
    ToWire(*seen.current, *wire.mutable_current());
  }
  for (const auto& [key, value] : seen.settings) {
    (*wire.mutable_settings())[key] = value;
  }
  for (const auto& generation : seen.generations) {
    wire.add_generations(generation);
  }
}

}  // namespace

v1::Mode ToWire(model::Mode mode) {
  switch (mode) {
    case model::Mode::kUnknown:
      return v1::MODE_UNKNOWN;
    case model::Mode::kLeader:
      return v1::MODE_LEADER;
    case model::Mode::kFollower:
      return v1::MODE_FOLLOWER;
    case model::Mode::kObserver:
      return v1::MODE_OBSERVER;
    case model::Mode::kStandalone:
      return v1::MODE_STANDALONE;
    case model::Mode::kReadOnly:
      return v1::MODE_READ_ONLY;
    case model::Mode::kNotServing:
      return v1::MODE_NOT_SERVING;
  }
  return v1::MODE_UNKNOWN;
}

void ToWire(const model::Process& process, v1::Process& wire) {
  wire.set_pid(process.pid);
  wire.set_start_time(process.start_time);
  wire.set_generation(process.generation);
  wire.set_release(process.release);
  wire.set_started_by_operation(process.started_by_operation);
}

void ToWire(const model::Generation& generation, v1::Generation& wire) {
  wire.set_digest(generation.digest);
  wire.set_version(generation.version.ToString());
  wire.set_release_sha512(generation.release_sha512);
  wire.set_configuration_digest(generation.configuration_digest);
}

void ToWire(const model::MemberObservation& seen, v1::Observation& wire) {
  IdentityTo(seen, wire);
  OperationTo(seen.operation, *wire.mutable_operation());
  wire.set_mode(ToWire(seen.mode));
  wire.set_mode_source(seen.mode_source);
  wire.set_broadcast(BroadcastOf(seen.broadcast));
  wire.set_broadcast_source(seen.broadcast_source);
  if (seen.version) {
    wire.set_version(seen.version->ToString());
  }
  wire.set_version_source(seen.version_source);
  if (seen.own_zxid) {
    wire.set_own_zxid(seen.own_zxid->value);
  }
  if (seen.durable_zxid) {
    wire.set_durable_zxid(seen.durable_zxid->value);
  }
  wire.set_durable_source(seen.durable_source);
  if (seen.session_accepted) {
    wire.set_session_accepted(*seen.session_accepted);
  }
  if (seen.read_back) {
    wire.set_read_back(*seen.read_back);
  }
  if (seen.membership) {
    MembershipTo(*seen.membership, *wire.mutable_membership());
  }
  if (seen.certificate) {
    CertificateTo(*seen.certificate, *wire.mutable_certificate());
  }
  if (seen.connections) {
    wire.set_connections(*seen.connections);
  }
  wire.set_tree_digests_read(seen.tree_digests_read);
  for (const auto& digest : seen.tree_digests) {
    auto& told = *wire.add_tree_digests();
    told.set_zxid(digest.zxid.value);
    told.set_version(digest.version);
    told.set_value(digest.value);
  }
  wire.set_member_looked(seen.member_looked);
  wire.set_quorum_connection(seen.quorum_connection);
}

}  // namespace zoowarden::agent
