// The calls about who holds the ensemble and about copies of run records.
#include "controller/agents/grpc_agents_impl.h"

namespace zoowarden::controller {

namespace {

// Durable on the agent's disk before it answers.
constexpr milliseconds kLeaseDeadline{5'000};
constexpr milliseconds kRecordDeadline{5'000};
constexpr milliseconds kAuditDeadline{10'000};
// An agent in other hands must not send for ever.
constexpr std::size_t kMostPages = 2 * journal::kMostAuditRows / 1'000;

template <typename Request>
std::vector<Answer<Lease>> AskLeases(const std::vector<const Connection*>& all,
                                     Method<LeaseAsync, Request, v1::Lease> method,
                                     const Request& request) {
  return Answers<Lease>(
      all,
      AskAll(all, method, request, kLeaseDeadline),
      [](const v1::Lease& wire, model::ServerId /*server*/) { return FromWire(wire); });
}

}  // namespace

std::vector<Answer<Lease>> GrpcAgents::GetLeases() {
  return AskLeases<v1::GetLeaseRequest>(impl_->All(), &LeaseAsync::GetLease, {});
}

std::vector<Answer<Lease>> GrpcAgents::Acquire(const RunIdentity& run, bool take_over) {
  v1::AcquireRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  request.set_take_over(take_over);
  return AskLeases<v1::AcquireRequest>(impl_->All(), &LeaseAsync::Acquire, request);
}

std::vector<Answer<Lease>> GrpcAgents::Release(const RunIdentity& run) {
  v1::ReleaseRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  return AskLeases<v1::ReleaseRequest>(impl_->All(), &LeaseAsync::Release, request);
}

std::vector<Answer<std::uint64_t>> GrpcAgents::PutRecord(const RunIdentity& run,
                                                         std::uint64_t sequence,
                                                         const std::string& state_json,
                                                         const std::vector<RunEvent>& events) {
  v1::PutRecordRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  request.set_sequence(sequence);
  request.set_state_json(state_json);
  for (const auto& event : events) {
    ToWire(event, *request.add_events());
  }
  const auto all = impl_->All();
  return Answers<std::uint64_t>(all,
                                AskAll<RecordAsync, v1::PutRecordRequest, v1::PutRecordResponse>(
                                    all, &RecordAsync::PutRecord, request, kRecordDeadline),
                                [](const v1::PutRecordResponse& wire, model::ServerId /*server*/) {
                                  return base::Result<std::uint64_t>(wire.sequence());
                                });
}

std::vector<Answer<std::vector<RunRecord>>> GrpcAgents::ListRecords() {
  const auto all = impl_->All();
  return Answers<std::vector<RunRecord>>(
      all,
      AskAll<RecordAsync, v1::ListRecordsRequest, v1::ListRecordsResponse>(
          all, &RecordAsync::ListRecords, {}, kRecordDeadline),
      [](const v1::ListRecordsResponse& wire,
         model::ServerId /*server*/) -> base::Result<std::vector<RunRecord>> {
        std::vector<RunRecord> records;
        for (const auto& run : wire.runs()) {
          ZW_ASSIGN(auto record, FromWire(run));
          records.push_back(std::move(record));
        }
        return records;
      });
}

std::vector<Answer<RunRecord>> GrpcAgents::GetRecord(const std::string& run_id) {
  v1::GetRecordRequest request;
  request.set_run_id(run_id);
  const auto all = impl_->All();
  return Answers<RunRecord>(
      all,
      AskAll<RecordAsync, v1::GetRecordRequest, v1::RunRecord>(
          all, &RecordAsync::GetRecord, request, kRecordDeadline),
      [](const v1::RunRecord& wire, model::ServerId /*server*/) { return FromWire(wire); });
}

base::Result<std::vector<journal::AuditRow>> GrpcAgents::GetAudit(model::ServerId server) {
  std::vector<journal::AuditRow> rows;
  v1::GetAuditRequest request;
  for (std::size_t page = 0; page < kMostPages; ++page) {
    ZW_ASSIGN(const auto answer,
              (impl_->Ask<AuditAsync, v1::GetAuditRequest, v1::GetAuditResponse>(
                  server, &AuditAsync::GetAudit, request, kAuditDeadline)));
    for (const auto& wire : answer.rows()) {
      ZW_ASSIGN(auto row, FromWire(wire));
      rows.push_back(std::move(row));
    }
    if (!answer.more() || answer.rows().empty()) {
      return rows;
    }
    request.set_after(rows.back().number);
  }
  return base::Fail(base::ErrorCode::kResourceExhausted,
                    "audit.too_long",
                    "the agent of server " + ToString(server) +
                        " sends more rows than an agent keeps; look at that server");
}

}  // namespace zoowarden::controller
