// The calls about who holds the ensemble and about copies of run records.
#include "controller/agents/grpc_agents_impl.h"

namespace zoowarden::controller {

namespace {

// Durable on the agent's disk before it answers.
constexpr milliseconds kLeaseDeadline{5'000};
constexpr milliseconds kRecordDeadline{5'000};

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

}  // namespace zoowarden::controller
