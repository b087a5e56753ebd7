// The members of the ensemble `lab`, as a call to begin an operation tells them.
#pragma once

#include "zoowarden/v1/operate.pb.h"

#include <cstdint>
#include <string>

namespace zoowarden::agent {

inline void AddThreeMembers(v1::Configuration& configuration) {
  for (std::uint32_t id = 1; id <= 3; ++id) {
    auto& member = *configuration.add_members();
    member.set_id(id);
    member.set_host("127.0.11." + std::to_string(id));
    member.set_quorum_port(2888);
    member.set_election_port(3888);
    member.set_role(v1::ROLE_PARTICIPANT);
    member.set_weight(1);
  }
}

}  // namespace zoowarden::agent
