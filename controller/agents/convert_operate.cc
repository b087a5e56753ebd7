#include "base/text.h"
#include "controller/agents/convert.h"
#include "controller/agents/wire_values.h"
#include "rpc/member_wire.h"
#include "zoowarden/v1/audit.pb.h"
#include "zoowarden/v1/common.pb.h"
#include "zoowarden/v1/lease.pb.h"
#include "zoowarden/v1/operate.pb.h"

#include <algorithm>
#include <chrono>

namespace zoowarden::controller {

namespace {

constexpr std::chrono::milliseconds kLongestPermit{3'000};
constexpr std::chrono::milliseconds kLongestLease{std::chrono::hours(24)};

void FillConfiguration(const BeginOptions& options, v1::Configuration& wire) {
  const auto& configuration = options.configuration;
  wire.mutable_settings()->insert(configuration.settings.begin(), configuration.settings.end());
  wire.set_java_heap(configuration.java.heap);
  for (const auto& option : configuration.java.options) {
    wire.add_java_options(option);
  }
  for (const auto& file : configuration.files) {
    auto& added = *wire.add_files();
    added.set_name(file.name);
    added.set_content(file.content);
  }
  for (const auto& member : options.members) {
    rpc::MemberToWire(member, *wire.add_members());
  }
  wire.set_client_port(options.client_port);
}

}  // namespace

void ToWire(std::string_view ensemble, const RunIdentity& run, v1::RunHeader& wire) {
  wire.set_ensemble(std::string(ensemble));
  wire.set_run_id(run.run_id);
  wire.set_epoch(run.epoch.value);
  wire.set_holder(run.holder);
}

void ToWire(std::string_view ensemble, const Call& call, v1::CallHeader& wire) {
  ToWire(ensemble, call.run, *wire.mutable_run());
  wire.set_operation_id(call.operation_id);
  wire.set_sequence(call.sequence);
  wire.set_deadline_ms(WireMilliseconds(call.deadline));
}

void ToWire(const BeginOptions& options, v1::BeginRequest& wire) {
  wire.set_kind(options.kind);
  const bool makes_one = options.existing_generation.empty() && options.kind != "remove";
  if (makes_one) {
    auto& release = *wire.mutable_release();
    release.set_version(options.release.version.ToString());
    release.set_sha512(options.release.sha512);
    release.set_signature(options.signature);
    release.set_signature_required(!options.release.signature.empty());
    FillConfiguration(options, *wire.mutable_configuration());
  }
  wire.set_existing_generation(options.existing_generation);
  wire.set_expected_digest(options.expected_digest);
  wire.set_from_generation(options.from_generation);
  wire.set_step_timeout_ms(WireMilliseconds(options.step_timeout));
}

void ToWire(const RunEvent& event, v1::RunEvent& wire) {
  wire.set_epoch(event.epoch);
  wire.set_sequence(event.sequence);
  wire.set_time_ms(event.time_ms);
  wire.set_kind(event.kind);
  wire.set_server(event.server.value);
  wire.set_text(event.text);
  wire.set_json(event.json);
}

base::Result<Permit> FromWire(const v1::RequestPermitResponse& wire) {
  ZW_TRY(NeedIdentifier("permit_id", wire.permit_id()));
  return Permit{.id = wire.permit_id(),
                .valid = std::min(std::chrono::milliseconds(wire.valid_ms()), kLongestPermit)};
}

base::Result<Lease> FromWire(const v1::Lease& wire) {
  ZW_TRY(CheckExactText("holder", wire.holder(), kMaxText));
  ZW_TRY(CheckIdentifier("run_id", wire.run_id()));
  const std::chrono::milliseconds left(wire.left_ms());
  const std::chrono::milliseconds lapse(wire.lapse_ms());
  if (left > kLongestLease || lapse > kLongestLease) {
    return base::Fail(BadWireValue("lease", "is longer than a day"));
  }
  return Lease{.epoch = {wire.epoch()},
               .holder = wire.holder(),
               .run_id = wire.run_id(),
               .left = left,
               .lapse = lapse};
}

base::Result<RunEvent> FromWire(const v1::RunEvent& wire) {
  ZW_TRY(NeedIdentifier("event.kind", wire.kind()));
  ZW_TRY(CheckCount("event.json", wire.json().size(), kMaxJsonBytes));
  return RunEvent{.epoch = wire.epoch(),
                  .sequence = wire.sequence(),
                  .time_ms = wire.time_ms(),
                  .kind = wire.kind(),
                  .server = {wire.server()},
                  .text = base::Printable(wire.text(), kMaxEventText),
                  .json = wire.json()};
}

base::Result<RunRecord> FromWire(const v1::RunRecord& wire) {
  ZW_TRY(NeedIdentifier("run.run_id", wire.run_id()));
  ZW_TRY(CheckExactText("run.ensemble", wire.ensemble(), kMaxIdentifier));
  ZW_TRY(CheckCount("run.state_json", wire.state_json().size(), kMaxJsonBytes));
  ZW_TRY(CheckCount("run.events", static_cast<std::size_t>(wire.events_size()), kMaxEvents));
  RunRecord record{.run_id = wire.run_id(),
                   .ensemble = wire.ensemble(),
                   .epoch = wire.epoch(),
                   .sequence = wire.sequence(),
                   .state_json = wire.state_json(),
                   .events = {}};
  for (const auto& event : wire.events()) {
    ZW_ASSIGN(auto converted, FromWire(event));
    record.events.push_back(std::move(converted));
  }
  return record;
}

base::Result<journal::AuditRow> FromWire(const v1::AuditRow& wire) {
  for (const auto& text : {wire.caller(),
                           wire.method(),
                           wire.run_id(),
                           wire.operation_id(),
                           wire.code(),
                           wire.reason(),
                           wire.detail(),
                           wire.hash()}) {
    ZW_TRY(CheckExactText("audit row " + std::to_string(wire.number()), text, kMaxText));
  }
  return journal::AuditRow{.number = wire.number(),
                           .entry = {.time_ms = wire.time_ms(),
                                     .caller = wire.caller(),
                                     .method = wire.method(),
                                     .run_id = wire.run_id(),
                                     .epoch = wire.epoch(),
                                     .operation_id = wire.operation_id(),
                                     .sequence = wire.sequence(),
                                     .code = wire.code(),
                                     .reason = wire.reason(),
                                     .detail = wire.detail(),
                                     .count = wire.count()},
                           .hash = wire.hash()};
}

}  // namespace zoowarden::controller
