#include "agent/service/begin_wire.h"

#include "zoowarden/v1/operate.pb.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

v1::BeginRequest Upgrade() {
  v1::BeginRequest wire;
  wire.set_kind(kRestartKind);
  wire.set_step_timeout_ms(60'000);
  wire.mutable_release()->set_version("3.8.4");
  wire.mutable_release()->set_sha512(std::string(128, 'a'));
  wire.mutable_configuration()->set_client_port(2181);
  auto& member = *wire.mutable_configuration()->add_members();
  member.set_id(1);
  member.set_host("zk1");
  member.set_quorum_port(2888);
  member.set_election_port(3888);
  member.set_role(v1::ROLE_OBSERVER);
  return wire;
}

TEST(BeginWireTest, ReadsAMembersRole) {
  const auto read = FromWire(Upgrade());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->stage.members.at(0).role, model::Role::kObserver);
}

// A later controller's third role must not become a vote.
TEST(BeginWireTest, AnUnknownRoleIsNotTakenForAParticipant) {
  v1::BeginRequest wire = Upgrade();
  wire.mutable_configuration()->mutable_members(0)->set_role(static_cast<v1::Role>(7));
  const auto read = FromWire(wire);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason(), "begin.bad_members");
}

}  // namespace
}  // namespace zoowarden::agent
