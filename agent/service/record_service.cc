#include "agent/service/call_audit.h"
#include "agent/service/handlers.h"
#include "base/text.h"
#include "journal/run_store.h"
#include "rpc/status.h"
#include "zoowarden/v1/lease.grpc.pb.h"

namespace zoowarden::agent {
namespace {

constexpr int kMaxEventsPerCall = 1'000;
constexpr std::size_t kLongestName = 100;

journal::RunEventRow FromWire(const v1::RunEvent& wire) {
  return {.position = {.epoch = wire.epoch(), .sequence = wire.sequence()},
          .time_ms = wire.time_ms(),
          .kind = wire.kind(),
          .server = wire.server(),
          .text = wire.text(),
          .json = wire.json()};
}

void ToWire(const journal::RunEventRow& row, v1::RunEvent& wire) {
  wire.set_epoch(row.position.epoch);
  wire.set_sequence(row.position.sequence);
  wire.set_time_ms(row.time_ms);
  wire.set_kind(row.kind);
  wire.set_server(row.server);
  wire.set_text(row.text);
  wire.set_json(row.json);
}

void ToWire(const journal::RunRow& row, v1::RunRecord& wire) {
  wire.set_run_id(row.run_id);
  wire.set_ensemble(row.ensemble);
  wire.set_epoch(row.position.epoch);
  wire.set_sequence(row.position.sequence);
  wire.set_state_json(row.state_json);
}

class RecordHandlers final : public v1::RecordService::Service {
 public:
  explicit RecordHandlers(AgentCore& core) : core_(core) {}

  grpc::Status PutRecord(grpc::ServerContext* context,
                         const v1::PutRecordRequest* request,
                         v1::PutRecordResponse* reply) override {
    CallAudit audit(core_, *context, "RecordService/PutRecord", request->run());
    audit.SetSequence(request->sequence());
    if (const auto fenced = CheckFenced(core_, request->run()); !fenced) {
      return audit.Done(fenced);
    }
    if (request->events_size() > kMaxEventsPerCall) {
      return audit.Done(base::Status(base::Fail(
          base::ErrorCode::kInvalidArgument,
          "record.too_many_events",
          "the record of run '" + base::Printable(request->run().run_id(), kLongestName) +
              "' comes with " + std::to_string(request->events_size()) + " events; send at most " +
              std::to_string(kMaxEventsPerCall) + " at a time")));
    }
    std::vector<journal::RunEventRow> events;
    for (const auto& event : request->events()) {
      events.push_back(FromWire(event));
    }
    const auto stored = core_.PutRun(
        {.run_id = request->run().run_id(),
         .ensemble = request->run().ensemble(),
         .created_ms = events.empty() ? 0 : events.front().time_ms,
         .position = {.epoch = request->run().epoch(), .sequence = request->sequence()},
         .state_json = request->state_json()},
        events,
        audit.call());
    if (stored) {
      reply->set_sequence(stored->sequence);
    }
    return audit.Done(stored);
  }

  grpc::Status ListRecords(grpc::ServerContext* context,
                           const v1::ListRecordsRequest* /*request*/,
                           v1::ListRecordsResponse* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    const auto rows = core_.runs().List();
    if (!rows) {
      return rpc::ToGrpcStatus(rows.error());
    }
    for (const auto& row : *rows) {
      ToWire(row, *reply->add_runs());
    }
    return grpc::Status::OK;
  }

  grpc::Status GetRecord(grpc::ServerContext* context,
                         const v1::GetRecordRequest* request,
                         v1::RunRecord* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    const auto row = core_.runs().Find(request->run_id());
    if (!row) {
      return rpc::ToGrpcStatus(row.error());
    }
    if (!*row) {
      return rpc::ToGrpcStatus(base::Error(
          base::ErrorCode::kNotFound,
          "record.unknown",
          "this agent has no record of run '" + base::Printable(request->run_id(), kLongestName) +
              "'; see 'zoowarden runs list' for those that there are"));
    }
    ToWire(**row, *reply);
    const auto events = core_.runs().ListEvents(request->run_id());
    if (!events) {
      return rpc::ToGrpcStatus(events.error());
    }
    for (const auto& event : *events) {
      ToWire(event, *reply->add_events());
    }
    return grpc::Status::OK;
  }

 private:
  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRecordService(AgentCore& core) {
  return std::make_unique<RecordHandlers>(core);
}

}  // namespace zoowarden::agent
