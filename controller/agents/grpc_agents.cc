#include "controller/agents/grpc_agents.h"

#include "base/check.h"
#include "controller/agents/convert.h"
#include "controller/agents/upload.h"
#include "controller/agents/wire_values.h"
#include "rpc/status.h"
#include "zoowarden/v1/lease.grpc.pb.h"
#include "zoowarden/v1/observe.grpc.pb.h"
#include "zoowarden/v1/operate.grpc.pb.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

// What the way there and back may add to the time that the agent itself was given.
constexpr milliseconds kNetworkMargin{1'000};
constexpr milliseconds kLeaseDeadline{5'000};
constexpr milliseconds kRecordDeadline{5'000};

using ObserveAsync = v1::ObserveService::StubInterface::async_interface;
using OperateAsync = v1::OperateService::StubInterface::async_interface;
using LeaseAsync = v1::LeaseService::StubInterface::async_interface;
using RecordAsync = v1::RecordService::StubInterface::async_interface;

struct Connection {
  model::ServerSpec server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::ObserveService::Stub> observe;
  std::unique_ptr<v1::OperateService::Stub> operate;
  std::unique_ptr<v1::LeaseService::Stub> lease;
  std::unique_ptr<v1::RecordService::Stub> record;

  [[nodiscard]] ObserveAsync& For(const ObserveAsync* /*kind*/) const { return *observe->async(); }
  [[nodiscard]] OperateAsync& For(const OperateAsync* /*kind*/) const { return *operate->async(); }
  [[nodiscard]] LeaseAsync& For(const LeaseAsync* /*kind*/) const { return *lease->async(); }
  [[nodiscard]] RecordAsync& For(const RecordAsync* /*kind*/) const { return *record->async(); }
};

template <typename Async, typename Request, typename Response>
using Method = void (Async::*)(grpc::ClientContext*,
                               const Request*,
                               Response*,
                               std::function<void(grpc::Status)>);

std::string NameOf(const model::ServerSpec& server) {
  return "server " + ToString(server.id) + " (agent " + server.agent + ")";
}

template <typename Response>
struct UnaryCall {
  grpc::ClientContext context;
  Response response;
  grpc::Status status;
};

// Counts calls down to the moment at which all have ended. gRPC ends each at its deadline.
class Countdown {
 public:
  explicit Countdown(std::size_t count) : left_(count) {}
  void Done() {
    const std::lock_guard lock(mutex_);
    --left_;
    // Notified under the lock: the waiter destroys this object as soon as it sees zero.
    changed_.notify_one();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
};

template <typename Response>
using Responses = std::vector<base::Result<Response>>;

// Asks all connections at once; the results are in their order.
template <typename Async, typename Request, typename Response>
Responses<Response> AskAll(const std::vector<const Connection*>& connections,
                           Method<Async, Request, Response> method,
                           const Request& request,
                           milliseconds deadline) {
  std::vector<std::unique_ptr<UnaryCall<Response>>> calls;
  Countdown countdown(connections.size());
  const auto ends = std::chrono::system_clock::now() + deadline;
  for (const auto* connection : connections) {
    auto& call = *calls.emplace_back(std::make_unique<UnaryCall<Response>>());
    call.context.set_deadline(ends);
    Async& stub = connection->For(static_cast<const Async*>(nullptr));
    (stub.*method)(
        &call.context, &request, &call.response, [&call, &countdown](grpc::Status status) {
          call.status = std::move(status);
          countdown.Done();
        });
  }
  countdown.Wait();
  Responses<Response> responses;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i]->status.ok()) {
      responses.emplace_back(std::move(calls[i]->response));
    } else {
      responses.emplace_back(
          base::Fail(rpc::ToError(calls[i]->status).WithContext(NameOf(connections[i]->server))));
    }
  }
  return responses;
}

// The answers of all servers as values; a value that cannot be used is an error of its server.
template <typename Value, typename Response, typename Convert>
std::vector<Answer<Value>> Answers(const std::vector<const Connection*>& connections,
                                   Responses<Response> responses,
                                   Convert convert) {
  std::vector<Answer<Value>> answers;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    const auto& server = connections[i]->server;
    base::Result<Value> result = base::Fail(base::ErrorCode::kInternal, "not converted");
    if (!responses[i]) {
      result = base::Fail(responses[i].error());
    } else if (auto value = convert(*responses[i], server.id); value) {
      result = std::move(*value);
    } else {
      result = base::Fail(value.error().WithContext(NameOf(server)));
    }
    answers.push_back({server.id, std::move(result)});
  }
  return answers;
}

base::Result<Lease> LeaseFrom(const v1::Lease& wire, model::ServerId /*server*/) {
  return FromWire(wire);
}

std::vector<model::MemberObservation> ObservationsFrom(
    const std::vector<const Connection*>& connections, Responses<v1::Observation> responses) {
  auto answers = Answers<model::MemberObservation>(
      connections, std::move(responses), [](const v1::Observation& wire, model::ServerId server) {
        return FromWire(wire, server);
      });
  std::vector<model::MemberObservation> observations;
  for (auto& answer : answers) {
    if (answer.result) {
      observations.push_back(std::move(*answer.result));
    } else {
      auto& silent = observations.emplace_back();
      silent.id = answer.server;
      silent.fenced = answer.result.error().Is(base::ErrorCode::kAborted);
      silent.problem = answer.result.error().message();
      silent.fenced = answer.result.error().reason() == "fence.stale_epoch";
    }
  }
  return observations;
}

}  // namespace

struct GrpcAgents::Impl {
  GrpcAgentsOptions options;
  std::vector<Connection> connections;

  [[nodiscard]] std::vector<const Connection*> All() const {
    std::vector<const Connection*> all;
    for (const auto& connection : connections) {
      all.push_back(&connection);
    }
    return all;
  }

  // Asking for a server that is not in ensemble.yaml is a bug of the caller.
  [[nodiscard]] const Connection& Of(model::ServerId server) const {
    const auto found =
        std::find_if(connections.begin(), connections.end(), [server](const Connection& one) {
          return one.server.id == server;
        });
    ZW_CHECK(found != connections.end(), "server " + ToString(server) + " is not declared");
    return *found;
  }

  template <typename Async, typename Request, typename Response>
  base::Result<Response> Ask(model::ServerId server,
                             Method<Async, Request, Response> method,
                             const Request& request,
                             milliseconds deadline) const {
    return std::move(AskAll({&Of(server)}, method, request, deadline).front());
  }

  // The calls of one operation differ by name and permit only.
  template <typename Request>
  base::Status Operate(model::ServerId server,
                       Method<OperateAsync, Request, v1::OperationReply> method,
                       const Call& call,
                       Request request) const {
    ToWire(options.ensemble, call, *request.mutable_call());
    ZW_TRY(Ask(server, method, request, call.deadline + kNetworkMargin));
    return base::Ok();
  }

  template <typename Request>
  std::vector<Answer<Lease>> AskLeases(Method<LeaseAsync, Request, v1::Lease> method,
                                       const Request& request) const {
    const auto all = All();
    return Answers<Lease>(all, AskAll(all, method, request, kLeaseDeadline), LeaseFrom);
  }
};

GrpcAgents::GrpcAgents(GrpcAgentsOptions options) : impl_(std::make_unique<Impl>()) {
  for (const auto& server : options.servers) {
    const auto channel = options.channel(server);
    impl_->connections.push_back({.server = server,
                                  .channel = channel,
                                  .observe = v1::ObserveService::NewStub(channel),
                                  .operate = v1::OperateService::NewStub(channel),
                                  .lease = v1::LeaseService::NewStub(channel),
                                  .record = v1::RecordService::NewStub(channel)});
  }
  impl_->options = std::move(options);
}

GrpcAgents::~GrpcAgents() = default;

std::vector<model::MemberObservation> GrpcAgents::GetStatus(milliseconds deadline) {
  const auto all = impl_->All();
  return ObservationsFrom(all,
                          AskAll<ObserveAsync, v1::GetStatusRequest, v1::Observation>(
                              all, &ObserveAsync::GetStatus, {}, deadline));
}

std::vector<model::MemberObservation> GrpcAgents::Observe(const ObserveOptions& options) {
  v1::ObserveRequest request;
  ToWire(impl_->options.ensemble, options.run, *request.mutable_run());
  request.set_canary(options.canary.value_or(model::Zxid{}).value);
  request.set_deadline_ms(WireMilliseconds(options.deadline));
  request.set_check_session(options.check_session);
  request.set_read_back_path(options.read_back_path);
  const auto all = impl_->All();
  return ObservationsFrom(
      all,
      AskAll<ObserveAsync, v1::ObserveRequest, v1::Observation>(
          all, &ObserveAsync::Observe, request, options.deadline + kNetworkMargin));
}

base::Result<Canary> GrpcAgents::CommitCanary(model::ServerId server,
                                              const RunIdentity& run,
                                              milliseconds deadline,
                                              const std::string& path) {
  v1::CommitCanaryRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  request.set_deadline_ms(WireMilliseconds(deadline));
  request.set_path(path);
  using Response = v1::CommitCanaryResponse;
  ZW_ASSIGN(const auto response,
            (impl_->Ask<ObserveAsync, v1::CommitCanaryRequest, Response>(
                server, &ObserveAsync::CommitCanary, request, deadline + kNetworkMargin)));
  return FromWire(response);
}

base::Status GrpcAgents::Upload(model::ServerId server,
                                const RunIdentity& run,
                                const model::ReleaseSpec& release) {
  const auto& connection = impl_->Of(server);
  UploadJob job{.ensemble = impl_->options.ensemble,
                .run = run,
                .path = release.source,
                .sha512 = release.sha512,
                .on_progress = {}};
  if (const auto& report = impl_->options.on_upload; report) {
    job.on_progress = [&report, server](std::uint64_t sent, std::uint64_t total) {
      report({.server = server, .sent = sent, .total = total});
    };
  }
  if (auto uploaded = UploadArchive(connection.channel, job); !uploaded) {
    return base::Fail(uploaded.error().WithContext(NameOf(connection.server)));
  }
  return base::Ok();
}

base::Status GrpcAgents::Begin(model::ServerId server,
                               const Call& call,
                               const BeginOptions& options) {
  v1::BeginRequest request;
  ToWire(options, request);
  return impl_->Operate<v1::BeginRequest>(server, &OperateAsync::Begin, call, request);
}

base::Result<Permit> GrpcAgents::RequestPermit(model::ServerId server, const Call& call) {
  v1::RequestPermitRequest request;
  ToWire(impl_->options.ensemble, call, *request.mutable_call());
  using Response = v1::RequestPermitResponse;
  ZW_ASSIGN(const auto response,
            (impl_->Ask<OperateAsync, v1::RequestPermitRequest, Response>(
                server, &OperateAsync::RequestPermit, request, call.deadline + kNetworkMargin)));
  return FromWire(response);
}

base::Status GrpcAgents::Proceed(model::ServerId server,
                                 const Call& call,
                                 const std::string& permit_id) {
  v1::ProceedRequest request;
  request.set_permit_id(permit_id);
  return impl_->Operate<v1::ProceedRequest>(server, &OperateAsync::Proceed, call, request);
}

base::Status GrpcAgents::Commit(model::ServerId server, const Call& call) {
  return impl_->Operate<v1::CommitRequest>(server, &OperateAsync::Commit, call, {});
}

base::Status GrpcAgents::RollBack(model::ServerId server,
                                  const Call& call,
                                  const std::string& permit_id) {
  v1::RollBackRequest request;
  request.set_permit_id(permit_id);
  return impl_->Operate<v1::RollBackRequest>(server, &OperateAsync::RollBack, call, request);
}

base::Status GrpcAgents::Close(model::ServerId server, const Call& call) {
  return impl_->Operate<v1::CloseRequest>(server, &OperateAsync::Close, call, {});
}

std::vector<Answer<Lease>> GrpcAgents::GetLeases() {
  return impl_->AskLeases<v1::GetLeaseRequest>(&LeaseAsync::GetLease, {});
}

std::vector<Answer<Lease>> GrpcAgents::Acquire(const RunIdentity& run, bool take_over) {
  v1::AcquireRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  request.set_take_over(take_over);
  return impl_->AskLeases<v1::AcquireRequest>(&LeaseAsync::Acquire, request);
}

std::vector<Answer<Lease>> GrpcAgents::Release(const RunIdentity& run) {
  v1::ReleaseRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  return impl_->AskLeases<v1::ReleaseRequest>(&LeaseAsync::Release, request);
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
