#include "controller/agents/convert.h"
#include "zoowarden/v1/observe.pb.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace zoowarden::controller {
namespace {

v1::Observation Full() {
  v1::Observation wire;
  wire.set_server(3);
  wire.set_agent_version("0.1.0");
  auto& process = *wire.mutable_process();
  process.set_pid(4711);
  process.set_start_time(123'456);
  process.set_generation("abcdef0123456789");
  process.set_release("3.9.4-12345678");
  process.set_started_by_operation("run-1/3");
  wire.set_mode(v1::MODE_FOLLOWER);
  wire.set_mode_source("srvr");
  wire.set_broadcast(v1::BROADCAST_YES);
  wire.set_broadcast_source("mntr");
  wire.set_version("3.9.4");
  wire.set_version_source("srvr");
  wire.set_own_zxid(0x100000002);
  wire.set_durable_zxid(0x100000001);
  wire.set_durable_source("log.100000001");
  wire.set_session_accepted(false);
  wire.set_read_back(true);
  auto& membership = *wire.mutable_membership();
  membership.set_source("voting_view");
  membership.set_version(0x200000000);
  auto& second = *membership.add_members();
  second.set_id(2);
  second.set_host("zk2.example");
  second.set_quorum_port(2888);
  second.set_election_port(3888);
  second.set_role(v1::ROLE_OBSERVER);
  second.set_weight(0);
  second.set_group(7);
  auto& first = *membership.add_members();
  first.set_id(1);
  first.set_role(v1::ROLE_PARTICIPANT);
  first.set_weight(1);
  wire.set_member_looked(true);
  wire.set_quorum_connection(true);
  auto& current = *wire.mutable_current();
  current.set_digest("abcdef0123456789");
  current.set_version("3.9.4");
  current.set_release_sha512("12ab");
  current.set_configuration_digest("34cd");
  (*wire.mutable_settings())["tickTime"] = "2000";
  auto& operation = *wire.mutable_operation();
  operation.set_operation_id("run-1/3");
  operation.set_run_id("run-1");
  operation.set_state("verifying");
  operation.set_from_generation("0123456789abcdef");
  operation.set_to_generation("abcdef0123456789");
  operation.set_failure("it did not start");
  operation.set_failure_reason("start.no_process");
  operation.set_deadline_left_ms(1500);
  operation.set_proved(true);
  operation.set_epoch(6);
  wire.set_epoch(7);
  wire.set_note("the log directory cannot be read");
  wire.set_client_port(2181);
  wire.add_generations("abcdef0123456789");
  auto& certificate = *wire.mutable_certificate();
  certificate.set_serial("4a0b");
  certificate.set_not_after(1'800'000'000);
  certificate.set_ca_not_after(1'900'000'000);
  certificate.set_crl_not_after(1'750'000'000);
  certificate.set_crl_number(9);
  wire.set_tree_digests_read(true);
  auto& digest = *wire.add_tree_digests();
  digest.set_zxid(0x100000080);
  digest.set_version(2);
  digest.set_value(0xfedcba9876543210);
  wire.set_connections(17);
  wire.set_processes_visible(true);
  return wire;
}

TEST(ConvertObservationTest, EveryFieldArrives) {
  const auto converted = FromWire(Full(), model::ServerId{3});
  ASSERT_TRUE(converted) << converted.error().message();
  const auto& seen = *converted;
  EXPECT_EQ(seen.id.value, 3U);
  EXPECT_TRUE(seen.answered);
  EXPECT_EQ(seen.problem, "the log directory cannot be read");
  EXPECT_EQ(seen.agent_version, "0.1.0");
  EXPECT_EQ(seen.epoch, 7U);
  EXPECT_TRUE(seen.processes_visible);
  const model::Process process{.pid = 4711,
                               .start_time = 123'456,
                               .generation = "abcdef0123456789",
                               .release = "3.9.4-12345678",
                               .started_by_operation = "run-1/3"};
  EXPECT_EQ(seen.process, process);
  EXPECT_EQ(seen.mode, model::Mode::kFollower);
  EXPECT_EQ(seen.mode_source, "srvr");
  EXPECT_EQ(seen.broadcast, model::Broadcast::kYes);
  EXPECT_EQ(seen.broadcast_source, "mntr");
  EXPECT_EQ(seen.version, (model::Version{3, 9, 4}));
  EXPECT_EQ(seen.version_source, "srvr");
  EXPECT_EQ(seen.own_zxid, model::Zxid{0x100000002});
  EXPECT_EQ(seen.durable_zxid, model::Zxid{0x100000001});
  EXPECT_EQ(seen.durable_source, "log.100000001");
  EXPECT_EQ(seen.session_accepted, false);
  EXPECT_EQ(seen.read_back, true);
  ASSERT_TRUE(seen.membership);
  EXPECT_EQ(seen.membership->source, "voting_view");
  EXPECT_EQ(seen.membership->version, 0x200000000U);
  const model::Member observer{.id = {2},
                               .host = "zk2.example",
                               .quorum_port = 2888,
                               .election_port = 3888,
                               .role = model::Role::kObserver,
                               .weight = 0,
                               .group = 7};
  EXPECT_EQ(seen.membership->members, (std::vector<model::Member>{{.id = {1}}, observer}));
  EXPECT_TRUE(seen.member_looked);
  EXPECT_TRUE(seen.quorum_connection);
  const model::Generation current{.digest = "abcdef0123456789",
                                  .version = {3, 9, 4},
                                  .release_sha512 = "12ab",
                                  .configuration_digest = "34cd"};
  EXPECT_EQ(seen.current, current);
  EXPECT_EQ(seen.settings, (model::Settings{{"tickTime", "2000"}}));
  EXPECT_EQ(seen.client_port, 2181);
  EXPECT_EQ(seen.generations, std::vector<std::string>{"abcdef0123456789"});
  EXPECT_EQ(seen.certificate,
            (model::AgentCertificate{.serial = "4a0b",
                                     .not_after = 1'800'000'000,
                                     .ca_not_after = 1'900'000'000,
                                     .crl_not_after = 1'750'000'000,
                                     .crl_number = 9}));
  EXPECT_TRUE(seen.tree_digests_read);
  EXPECT_EQ(seen.tree_digests,
            (std::vector<model::TreeDigest>{
                {.zxid = {0x100000080}, .version = 2, .value = 0xfedcba9876543210}}));
}

TEST(ConvertObservationTest, ConnectionsArriveAndAnOlderAgentsAreUnknownAndNotZero) {
  v1::Observation wire = Full();
  EXPECT_EQ(FromWire(wire, model::ServerId{3})->connections, 17U);
  wire.set_connections(0);
  EXPECT_EQ(FromWire(wire, model::ServerId{3})->connections, 0U);
  wire.clear_connections();
  EXPECT_EQ(FromWire(wire, model::ServerId{3})->connections, std::nullopt);
}

TEST(ConvertObservationTest, AnOlderAgentThatCannotSayWhetherItLookedHasNotLooked) {
  v1::Observation wire = Full();
  wire.clear_member_looked();
  const auto converted = FromWire(wire, model::ServerId{3});
  ASSERT_TRUE(converted);
  EXPECT_FALSE(converted->member_looked);
}

TEST(ConvertObservationTest, AnOlderAgentThatTellsNoDigestsCouldNotReadThem) {
  v1::Observation wire = Full();
  wire.clear_tree_digests();
  wire.clear_tree_digests_read();
  const auto converted = FromWire(wire, model::ServerId{3});
  ASSERT_TRUE(converted);
  EXPECT_FALSE(converted->tree_digests_read);
  EXPECT_TRUE(converted->tree_digests.empty());
}

TEST(ConvertObservationTest, TheOperationArrives) {
  const auto converted = FromWire(Full(), model::ServerId{3});
  ASSERT_TRUE(converted);
  const auto& operation = converted->operation;
  EXPECT_EQ(operation.operation_id, "run-1/3");
  EXPECT_EQ(operation.run_id, "run-1");
  EXPECT_EQ(operation.epoch, 6U);
  EXPECT_EQ(operation.state, model::OperationState::kVerifying);
  EXPECT_EQ(operation.from_generation, "0123456789abcdef");
  EXPECT_EQ(operation.to_generation, "abcdef0123456789");
  EXPECT_EQ(operation.failure, "it did not start");
  EXPECT_EQ(operation.failure_reason, "start.no_process");
  EXPECT_EQ(operation.deadline_left, std::chrono::milliseconds(1500));
  EXPECT_TRUE(operation.proved);
}

// A field added to the proto must be converted here.
TEST(ConvertObservationTest, FullFixtureSetsEveryFieldOfTheProto) {
  const auto full = Full();
  const auto* descriptor = v1::Observation::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const bool set = field->is_repeated() ? full.GetReflection()->FieldSize(full, field) > 0
                                          : full.GetReflection()->HasField(full, field);
    EXPECT_TRUE(set) << field->name();
  }
}

TEST(ConvertObservationTest, AbsentStaysAbsent) {
  v1::Observation wire;
  wire.set_server(1);
  const auto seen = FromWire(wire, model::ServerId{1});
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->process || seen->version || seen->own_zxid || seen->durable_zxid);
  EXPECT_FALSE(seen->session_accepted || seen->read_back || seen->membership || seen->current);
  EXPECT_EQ(seen->operation.state, model::OperationState::kIdle);
}

TEST(ConvertObservationTest, EveryModeIsKnown) {
  for (int mode = v1::Mode_MIN; mode <= v1::Mode_MAX; ++mode) {
    auto wire = Full();
    wire.set_mode(static_cast<v1::Mode>(mode));
    const auto seen = FromWire(wire, model::ServerId{3});
    ASSERT_TRUE(seen);
    EXPECT_EQ(static_cast<int>(seen->mode), mode);
  }
}

struct Damage {
  const char* name;
  std::function<void(v1::Observation&)> apply;
};

class HostileObservationTest : public testing::TestWithParam<Damage> {};

TEST_P(HostileObservationTest, IsRefusedAsAWhole) {
  auto wire = Full();
  GetParam().apply(wire);
  const auto seen = FromWire(wire, model::ServerId{3});
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().reason(), "wire.bad_value");
}

const std::string kLong(100'000, 'x');

INSTANTIATE_TEST_SUITE_P(
    Each,
    HostileObservationTest,
    testing::Values(
        Damage{"OtherServer", [](auto& w) { w.set_server(2); }},
        Damage{"UnknownMode", [](auto& w) { w.set_mode(static_cast<v1::Mode>(99)); }},
        Damage{"UnknownBroadcast",
               [](auto& w) { w.set_broadcast(static_cast<v1::Broadcast>(99)); }},
        Damage{"NegativePid", [](auto& w) { w.mutable_process()->set_pid(-1); }},
        Damage{"PidOfInit", [](auto& w) { w.mutable_process()->set_pid(1); }},
        Damage{"NoStartTime", [](auto& w) { w.mutable_process()->set_start_time(0); }},
        Damage{"GenerationWithEscape",
               [](auto& w) { w.mutable_process()->set_generation("a\x1b[2Jb"); }},
        Damage{"NoVersion", [](auto& w) { w.set_version("newest"); }},
        Damage{"GenerationWithoutVersionText",
               [](auto& w) { w.mutable_current()->set_version("latest"); }},
        Damage{"GenerationWithoutDigest", [](auto& w) { w.mutable_current()->clear_digest(); }},
        Damage{"ClientPortTooLarge", [](auto& w) { w.set_client_port(65'536); }},
        Damage{
            "QuorumPortTooLarge",
            [](auto& w) { w.mutable_membership()->mutable_members(0)->set_quorum_port(70'000); }},
        Damage{"MemberWithoutRole",
               [](auto& w) { w.mutable_membership()->mutable_members(0)->clear_role(); }},
        Damage{"CertificateWithoutSerial",
               [](auto& w) { w.mutable_certificate()->clear_serial(); }},
        Damage{"CertificateFromBeforeTheEpoch",
               [](auto& w) { w.mutable_certificate()->set_not_after(-1); }},
        Damage{"MemberTwice",
               [](auto& w) { w.mutable_membership()->mutable_members(0)->set_id(1); }},
        Damage{"TooManyMembers",
               [](auto& w) {
                 for (int i = 0; i < 300; ++i) {
                   w.mutable_membership()->add_members();
                 }
               }},
        Damage{"UnknownOperationState",
               [](auto& w) { w.mutable_operation()->set_state("exploding"); }},
        Damage{"LongOperationId", [](auto& w) { w.mutable_operation()->set_operation_id(kLong); }},
        Damage{"SettingWithNewLine",
               [](auto& w) { (*w.mutable_settings())["a"] = "1\nserver.9=evil"; }},
        Damage{"LongSetting", [](auto& w) { (*w.mutable_settings())["a"] = kLong; }},
        Damage{"TooManyTreeDigests",
               [](auto& w) {
                 for (int i = 0; i < 1'025; ++i) {
                   w.add_tree_digests();
                 }
               }},
        Damage{"EmptyGeneration", [](auto& w) { w.add_generations(""); }}),
    [](const auto& one) { return one.param.name; });

TEST(ConvertObservationTest, TextForPeopleIsCleanedAndCut) {
  auto wire = Full();
  wire.set_note("\x1b[31m" + kLong);
  const auto seen = FromWire(wire, model::ServerId{3});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->problem.find('\x1b'), std::string::npos);
  EXPECT_LT(seen->problem.size(), 600U);
}

}  // namespace
}  // namespace zoowarden::controller
