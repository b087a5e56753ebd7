#include "agent/service/handlers.h"
#include "rpc/status.h"
#include "zoowarden/v1/audit.grpc.pb.h"

namespace zoowarden::agent {
namespace {

// A row has at most about a kilobyte, a message four mebibytes.
constexpr std::uint64_t kRowsPerPage = 1'000;

void ToWire(const journal::AuditRow& row, v1::AuditRow& wire) {
  wire.set_number(row.number);
  wire.set_time_ms(row.entry.time_ms);
  wire.set_caller(row.entry.caller);
  wire.set_method(row.entry.method);
  wire.set_run_id(row.entry.run_id);
  wire.set_epoch(row.entry.epoch);
  wire.set_operation_id(row.entry.operation_id);
  wire.set_sequence(row.entry.sequence);
  wire.set_code(row.entry.code);
  wire.set_reason(row.entry.reason);
  wire.set_detail(row.entry.detail);
  wire.set_count(row.entry.count);
  wire.set_hash(row.hash);
}

class AuditHandlers final : public v1::AuditService::Service {
 public:
  explicit AuditHandlers(AgentCore& core) : core_(core) {}

  grpc::Status GetAudit(grpc::ServerContext* context,
                        const v1::GetAuditRequest* request,
                        v1::GetAuditResponse* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    const auto rows = core_.audit().List(request->after(), kRowsPerPage);
    if (!rows) {
      return rpc::ToGrpcStatus(rows.error());
    }
    for (const auto& row : *rows) {
      ToWire(row, *reply->add_rows());
    }
    reply->set_more(rows->size() == kRowsPerPage);
    return grpc::Status::OK;
  }

 private:
  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAuditService(AgentCore& core) {
  return std::make_unique<AuditHandlers>(core);
}

}  // namespace zoowarden::agent
