#include "rpc/member_wire.h"

#include "zoowarden/v1/common.pb.h"

namespace zoowarden::rpc {

void MemberToWire(const model::Member& member, v1::Member& wire) {
  wire.set_id(member.id.value);
  wire.set_host(member.host);
  wire.set_quorum_port(member.quorum_port);
  wire.set_election_port(member.election_port);
  wire.set_role(member.role == model::Role::kObserver ? v1::ROLE_OBSERVER : v1::ROLE_PARTICIPANT);
  wire.set_weight(member.weight);
  if (member.group) {
    wire.set_group(*member.group);
  }
}

}  // namespace zoowarden::rpc
