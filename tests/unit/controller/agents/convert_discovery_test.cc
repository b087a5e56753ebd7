#include "controller/agents/convert.h"
#include "zoowarden/v1/adopt.pb.h"

#include <gtest/gtest.h>

namespace zoowarden::controller {
namespace {

v1::Discovery Good() {
  v1::Discovery wire;
  wire.set_server(2);
  wire.mutable_process()->set_pid(100);
  wire.mutable_process()->set_start_time(7);
  wire.set_mode(v1::MODE_LEADER);
  wire.set_version("3.8.4");
  wire.set_launcher("unit");
  wire.set_unit("zookeeper.service");
  auto& configuration = *wire.mutable_configuration();
  (*configuration.mutable_settings())["tickTime"] = "2000";
  configuration.set_java_heap("1g");
  configuration.add_java_options("-Da=b");
  configuration.set_client_port(2181);
  auto& member = *configuration.add_members();
  member.set_id(2);
  member.set_host("zk2");
  member.set_quorum_port(2888);
  member.set_election_port(3888);
  member.set_role(v1::ROLE_PARTICIPANT);
  member.set_weight(1);
  wire.add_notes("odd\nthing");
  auto& obstacle = *wire.add_obstacles();
  obstacle.set_reason("adopt.user");
  obstacle.set_text("runs as root");
  return wire;
}

TEST(ConvertDiscoveryTest, AGoodAnswerIsTakenAndItsWordsMadePrintable) {
  const auto found = FromWire(Good(), {2});
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->mode, model::Mode::kLeader);
  EXPECT_EQ(found->version, (model::Version{3, 8, 4}));
  EXPECT_EQ(found->launcher, model::ForeignLauncher::kUnit);
  EXPECT_EQ(found->configuration.settings, (model::Settings{{"tickTime", "2000"}}));
  EXPECT_EQ(found->members.size(), 1U);
  EXPECT_EQ(found->notes[0], "odd thing");
  EXPECT_EQ(found->obstacles[0], (model::Obstacle{"adopt.user", "runs as root"}));
}

TEST(ConvertDiscoveryTest, WhatIsNotWhatItMayBeIsRefusedAsAWhole) {
  const auto refused = [](const std::function<void(v1::Discovery&)>& change) {
    auto wire = Good();
    change(wire);
    return !FromWire(wire, {2});
  };
  EXPECT_TRUE(refused([](auto& wire) { wire.set_server(3); })) << "another certificate's";
  EXPECT_TRUE(refused([](auto& wire) { wire.mutable_process()->set_pid(0); }));
  EXPECT_TRUE(refused([](auto& wire) { wire.set_mode(static_cast<v1::Mode>(99)); }));
  EXPECT_TRUE(refused([](auto& wire) { wire.add_ports(70'000); }));
  EXPECT_TRUE(refused(
      [](auto& wire) { (*wire.mutable_configuration()->mutable_settings())["a"] = "x\ny"; }));
  EXPECT_TRUE(refused([](auto& wire) {
    *wire.mutable_configuration()->add_members() = wire.configuration().members(0);
  }));
  EXPECT_TRUE(refused([](auto& wire) { wire.mutable_configuration()->set_client_port(70'000); }));
  EXPECT_TRUE(refused([](auto& wire) { wire.mutable_obstacles(0)->set_reason(""); }));
}

}  // namespace
}  // namespace zoowarden::controller
