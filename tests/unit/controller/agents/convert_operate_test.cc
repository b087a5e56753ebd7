#include "controller/agents/convert.h"
#include "zoowarden/v1/common.pb.h"
#include "zoowarden/v1/lease.pb.h"
#include "zoowarden/v1/observe.pb.h"
#include "zoowarden/v1/operate.pb.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace zoowarden::controller {
namespace {

const RunIdentity kRun{.run_id = "run-1", .epoch = {5}, .holder = "zoowarden://lab/operator run-1"};

TEST(ConvertOperateTest, HeadersCarryRunAndSequence) {
  const Call call{.run = kRun,
                  .operation_id = "run-1/3",
                  .sequence = 9,
                  .deadline = std::chrono::milliseconds(2500)};
  v1::CallHeader wire;
  ToWire("lab", call, wire);
  EXPECT_EQ(wire.run().ensemble(), "lab");
  EXPECT_EQ(wire.run().run_id(), "run-1");
  EXPECT_EQ(wire.run().epoch(), 5U);
  EXPECT_EQ(wire.run().holder(), kRun.holder);
  EXPECT_EQ(wire.operation_id(), "run-1/3");
  EXPECT_EQ(wire.sequence(), 9U);
  EXPECT_EQ(wire.deadline_ms(), 2500U);
}

TEST(ConvertOperateTest, DeadlinesOutOfRangeAreCutNotWrapped) {
  v1::CallHeader wire;
  ToWire("lab", Call{.run = kRun, .deadline = std::chrono::milliseconds(-1)}, wire);
  EXPECT_EQ(wire.deadline_ms(), 0U);
  ToWire("lab", Call{.run = kRun, .deadline = std::chrono::hours(24 * 365)}, wire);
  EXPECT_EQ(wire.deadline_ms(), 0xffffffffU);
}

BeginOptions NewGeneration() {
  BeginOptions options;
  options.release = {.version = {3, 9, 4},
                     .source = "/srv/a.tar.gz",
                     .sha512 = "ab12",
                     .signature = "/srv/a.tar.gz.asc"};
  options.signature = std::string("\x00\xff", 2);
  options.configuration.settings = {{"tickTime", "2000"}, {"initLimit", "10"}};
  options.configuration.java = {.heap = "128m", .options = {"-Da=b", "-Dc=d"}};
  options.configuration.files = {{.name = "logback.xml", .content = "<x/>"}};
  options.members = {{.id = {1}, .host = "h1", .quorum_port = 1, .election_port = 2},
                     {.id = {2},
                      .host = "h2",
                      .quorum_port = 3,
                      .election_port = 4,
                      .role = model::Role::kObserver,
                      .weight = 0,
                      .group = 6}};
  options.client_port = 2181;
  options.expected_digest = "abcdef";
  options.from_generation = "012345";
  options.step_timeout = std::chrono::minutes(5);
  return options;
}

TEST(ConvertOperateTest, BeginSendsReleaseAndConfiguration) {
  v1::BeginRequest wire;
  ToWire(NewGeneration(), wire);
  EXPECT_EQ(wire.kind(), "restart");
  EXPECT_EQ(wire.release().version(), "3.9.4");
  EXPECT_EQ(wire.release().sha512(), "ab12");
  EXPECT_EQ(wire.release().signature(), std::string("\x00\xff", 2));
  EXPECT_TRUE(wire.release().signature_required());
  const auto& configuration = wire.configuration();
  EXPECT_EQ(configuration.settings().size(), 2U);
  EXPECT_EQ(configuration.settings().at("tickTime"), "2000");
  EXPECT_EQ(configuration.java_heap(), "128m");
  ASSERT_EQ(configuration.java_options_size(), 2);
  EXPECT_EQ(configuration.java_options(1), "-Dc=d");
  ASSERT_EQ(configuration.files_size(), 1);
  EXPECT_EQ(configuration.files(0).name(), "logback.xml");
  EXPECT_EQ(configuration.files(0).content(), "<x/>");
  EXPECT_EQ(configuration.client_port(), 2181U);
  EXPECT_EQ(wire.expected_digest(), "abcdef");
  EXPECT_EQ(wire.from_generation(), "012345");
  EXPECT_EQ(wire.step_timeout_ms(), 300'000U);
  EXPECT_TRUE(wire.existing_generation().empty());
}

TEST(ConvertOperateTest, MembersKeepRoleWeightAndGroup) {
  v1::BeginRequest wire;
  ToWire(NewGeneration(), wire);
  ASSERT_EQ(wire.configuration().members_size(), 2);
  const auto& first = wire.configuration().members(0);
  EXPECT_EQ(first.role(), v1::ROLE_PARTICIPANT);
  EXPECT_EQ(first.weight(), 1U);
  EXPECT_FALSE(first.has_group());
  const auto& second = wire.configuration().members(1);
  EXPECT_EQ(second.id(), 2U);
  EXPECT_EQ(second.host(), "h2");
  EXPECT_EQ(second.quorum_port(), 3U);
  EXPECT_EQ(second.election_port(), 4U);
  EXPECT_EQ(second.role(), v1::ROLE_OBSERVER);
  EXPECT_EQ(second.weight(), 0U);
  EXPECT_EQ(second.group(), 6U);
}

TEST(ConvertOperateTest, AnExistingGenerationIsSentWithoutReleaseOrConfiguration) {
  auto options = NewGeneration();
  options.existing_generation = "fedcba";
  v1::BeginRequest wire;
  ToWire(options, wire);
  EXPECT_EQ(wire.existing_generation(), "fedcba");
  EXPECT_FALSE(wire.has_release());
  EXPECT_FALSE(wire.has_configuration());
}

TEST(ConvertOperateTest, APermitIsNeverLongerThanThreeSeconds) {
  v1::RequestPermitResponse wire;
  wire.set_permit_id("p-1");
  wire.set_valid_ms(2'000);
  const auto permit = FromWire(wire);
  ASSERT_TRUE(permit);
  EXPECT_EQ(permit->id, "p-1");
  EXPECT_EQ(permit->valid, std::chrono::milliseconds(2'000));
  wire.set_valid_ms(60'000);
  EXPECT_EQ(FromWire(wire)->valid, std::chrono::milliseconds(3'000));
  wire.clear_permit_id();
  EXPECT_FALSE(FromWire(wire));
}

TEST(ConvertOperateTest, ACanaryNeedsAZxidAndAMethod) {
  v1::CommitCanaryResponse wire;
  wire.set_zxid(0x500000001);
  wire.set_method("failed_write");
  const auto canary = FromWire(wire);
  ASSERT_TRUE(canary);
  EXPECT_EQ(canary->zxid.value, 0x500000001U);
  EXPECT_EQ(canary->method, "failed_write");
  wire.set_zxid(0);
  EXPECT_FALSE(FromWire(wire));
}

TEST(ConvertOperateTest, LeaseArrives) {
  v1::Lease wire;
  wire.set_epoch(4);
  wire.set_holder("zoowarden://lab/operator run-1 a1b2");
  wire.set_run_id("run-1");
  wire.set_left_ms(1200);
  wire.set_lapse_ms(15'000);
  const auto lease = FromWire(wire);
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->epoch.value, 4U);
  EXPECT_EQ(lease->holder, "zoowarden://lab/operator run-1 a1b2");
  EXPECT_EQ(lease->run_id, "run-1");
  EXPECT_EQ(lease->left, std::chrono::milliseconds(1200));
  EXPECT_EQ(lease->lapse, std::chrono::milliseconds(15'000));
}

TEST(ConvertOperateTest, AHostileLeaseIsRefused) {
  v1::Lease wire;
  wire.set_left_ms(0xffffffff);
  EXPECT_FALSE(FromWire(wire));
  wire.set_left_ms(1);
  wire.set_holder("evil\x1b[2J");
  EXPECT_FALSE(FromWire(wire));
  wire.set_holder("good");
  wire.set_run_id("../../etc passwd");
  EXPECT_FALSE(FromWire(wire));
}

TEST(ConvertOperateTest, ARunEventSurvivesTheWayThereAndBack) {
  const RunEvent event{.epoch = 3,
                       .sequence = 12,
                       .time_ms = 1'700'000'000'123,
                       .kind = "gate.passed",
                       .server = {2},
                       .text = "server 2 serves",
                       .json = R"({"round":4})"};
  v1::RunEvent wire;
  ToWire(event, wire);
  const auto back = FromWire(wire);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->epoch, event.epoch);
  EXPECT_EQ(back->sequence, event.sequence);
  EXPECT_EQ(back->time_ms, event.time_ms);
  EXPECT_EQ(back->kind, event.kind);
  EXPECT_EQ(back->server, event.server);
  EXPECT_EQ(back->text, event.text);
  EXPECT_EQ(back->json, event.json);
}

v1::RunRecord Record() {
  v1::RunRecord wire;
  wire.set_run_id("run-1");
  wire.set_ensemble("lab");
  wire.set_epoch(3);
  wire.set_sequence(12);
  wire.set_state_json("{}");
  wire.add_events()->set_kind("run.started");
  return wire;
}

TEST(ConvertOperateTest, ARunRecordArrivesWithItsEvents) {
  const auto record = FromWire(Record());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->run_id, "run-1");
  EXPECT_EQ(record->ensemble, "lab");
  EXPECT_EQ(record->epoch, 3U);
  EXPECT_EQ(record->sequence, 12U);
  EXPECT_EQ(record->state_json, "{}");
  ASSERT_EQ(record->events.size(), 1U);
  EXPECT_EQ(record->events[0].kind, "run.started");
}

TEST(ConvertOperateTest, AHostileRunRecordIsRefused) {
  const auto refused = [](const std::function<void(v1::RunRecord&)>& damage) {
    auto wire = Record();
    damage(wire);
    const auto record = FromWire(wire);
    return !record && record.error().reason() == "wire.bad_value";
  };
  EXPECT_TRUE(refused([](auto& w) { w.clear_run_id(); }));
  EXPECT_TRUE(refused([](auto& w) { w.set_run_id("run 1"); }));
  EXPECT_TRUE(refused([](auto& w) { w.set_state_json(std::string(3 << 20, ' ')); }));
  EXPECT_TRUE(refused([](auto& w) { w.mutable_events(0)->set_kind("\x1b"); }));
  EXPECT_TRUE(refused([](auto& w) { w.mutable_events(0)->set_json(std::string(3 << 20, ' ')); }));
}

}  // namespace
}  // namespace zoowarden::controller
