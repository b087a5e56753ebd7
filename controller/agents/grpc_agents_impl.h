// Inside of GrpcAgents, shared by its .cc files and included by nothing else.
#pragma once

#include "base/check.h"
#include "controller/agents/connection_error.h"
#include "controller/agents/convert.h"
#include "controller/agents/grpc_agents.h"
#include "controller/agents/step_watch.h"
#include "controller/agents/wire_values.h"
#include "rpc/peer.h"
#include "rpc/status.h"
#include "zoowarden/v1/audit.grpc.pb.h"
#include "zoowarden/v1/certificate.grpc.pb.h"
#include "zoowarden/v1/lease.grpc.pb.h"
#include "zoowarden/v1/observe.grpc.pb.h"
#include "zoowarden/v1/operate.grpc.pb.h"
#include "zoowarden/v1/releases.grpc.pb.h"
#include "zoowarden/v1/tree.grpc.pb.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::controller {

using std::chrono::milliseconds;

// What the way there and back may add to the time that the agent itself was given.
inline constexpr milliseconds kNetworkMargin{1'000};

using ObserveAsync = v1::ObserveService::StubInterface::async_interface;
using OperateAsync = v1::OperateService::StubInterface::async_interface;
using LeaseAsync = v1::LeaseService::StubInterface::async_interface;
using CertificateAsync = v1::CertificateService::StubInterface::async_interface;
using RecordAsync = v1::RecordService::StubInterface::async_interface;
using AuditAsync = v1::AuditService::StubInterface::async_interface;
using ReleaseAsync = v1::ReleaseService::StubInterface::async_interface;
using TreeAsync = v1::TreeService::StubInterface::async_interface;

struct Connection {
  model::ServerSpec server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::ObserveService::Stub> observe;
  std::unique_ptr<v1::OperateService::Stub> operate;
  std::unique_ptr<v1::LeaseService::Stub> lease;
  std::unique_ptr<v1::RecordService::Stub> record;
  std::unique_ptr<v1::ReleaseService::Stub> release;
  std::unique_ptr<v1::CertificateService::Stub> certificate;
  std::unique_ptr<v1::AuditService::Stub> audit;
  std::unique_ptr<v1::TreeService::Stub> tree;
  std::function<base::Status(const std::string&)> judge;
  std::string ca;
  std::chrono::steady_clock::time_point renewed = {};
  // One of the two certificates of its handshake was refused: others may be in their places by now.
  mutable bool outlived = false;

  [[nodiscard]] ObserveAsync& For(const ObserveAsync* /*kind*/) const { return *observe->async(); }
  [[nodiscard]] OperateAsync& For(const OperateAsync* /*kind*/) const { return *operate->async(); }
  [[nodiscard]] LeaseAsync& For(const LeaseAsync* /*kind*/) const { return *lease->async(); }
  [[nodiscard]] RecordAsync& For(const RecordAsync* /*kind*/) const { return *record->async(); }
  [[nodiscard]] CertificateAsync& For(const CertificateAsync* /*kind*/) const {
    return *certificate->async();
  }
  [[nodiscard]] AuditAsync& For(const AuditAsync* /*kind*/) const { return *audit->async(); }
  [[nodiscard]] ReleaseAsync& For(const ReleaseAsync* /*kind*/) const { return *release->async(); }
  [[nodiscard]] TreeAsync& For(const TreeAsync* /*kind*/) const { return *tree->async(); }
};

template <typename Async, typename Request, typename Response>
using Method = void (Async::*)(grpc::ClientContext*,
                               const Request*,
                               Response*,
                               std::function<void(grpc::Status)>);

inline std::string NameOf(const model::ServerSpec& server) {
  return "server " + ToString(server.id) + " (agent " + server.agent + ")";
}

inline base::Error AsSentence(const Connection& connection, const base::Error& error) {
  return ConnectionError({.agent = connection.server.agent,
                          .who = "server " + ToString(connection.server.id),
                          .ca = connection.ca},
                         error);
}

template <typename Response>
struct UnaryCall {
  grpc::ClientContext context;
  Response response;
  grpc::Status status;
};

// Whether the answer of a call that has ended may be believed.
inline base::Status CheckAnswerer(const Connection& connection,
                                  const grpc::ClientContext& context,
                                  const grpc::Status& status) {
  auto believed = base::Ok();
  if (!status.ok()) {
    believed = base::Fail(AsSentence(connection, rpc::ToError(status)));
  } else if (connection.judge) {
    believed = connection.judge(rpc::PeerCertificate(*context.auth_context()));
  }
  connection.outlived =
      connection.outlived || (!believed && believed.error().Is(base::ErrorCode::kUnauthenticated) &&
                              believed.error().reason().starts_with("pki."));
  return believed;
}

// The agent itself names a reason: what has none never came back from it.
inline bool IsLost(const base::Error& error) {
  return error.reason().empty() &&
         (error.Is(base::ErrorCode::kUnavailable) || error.Is(base::ErrorCode::kDeadlineExceeded));
}

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

// Asks all connections at once; the results are in their order and name no server yet. Requests
// must outlive the call.
template <typename Async, typename Request, typename Response>
Responses<Response> AskEach(const std::vector<const Connection*>& connections,
                            Method<Async, Request, Response> method,
                            const std::function<const Request&(model::ServerId)>& request_for,
                            milliseconds deadline) {
  std::vector<std::unique_ptr<UnaryCall<Response>>> calls;
  Countdown countdown(connections.size());
  const auto ends = std::chrono::system_clock::now() + deadline;
  for (const auto* connection : connections) {
    auto& call = *calls.emplace_back(std::make_unique<UnaryCall<Response>>());
    call.context.set_deadline(ends);
    Async& stub = connection->For(static_cast<const Async*>(nullptr));
    (stub.*method)(&call.context,
                   &request_for(connection->server.id),
                   &call.response,
                   [&call, &countdown](const grpc::Status& status) {
                     call.status = status;
                     countdown.Done();
                   });
  }
  countdown.Wait();
  Responses<Response> responses;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto believed = CheckAnswerer(*connections[i], calls[i]->context, calls[i]->status);
    if (believed) {
      responses.emplace_back(std::move(calls[i]->response));
    } else {
      responses.emplace_back(base::Fail(believed.error()));
    }
  }
  return responses;
}

template <typename Async, typename Request, typename Response>
Responses<Response> AskAll(const std::vector<const Connection*>& connections,
                           Method<Async, Request, Response> method,
                           const Request& request,
                           milliseconds deadline) {
  return AskEach<Async, Request, Response>(
      connections,
      method,
      [&request](model::ServerId /*server*/) -> const Request& { return request; },
      deadline);
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
      result = base::Fail(responses[i].error().WithContext(NameOf(server)));
    } else if (auto value = convert(*responses[i], server.id); value) {
      result = std::move(*value);
    } else {
      result = base::Fail(value.error().WithContext(NameOf(server)));
    }
    answers.push_back({server.id, std::move(result)});
  }
  return answers;
}

// One a connection, in their order; an agent that did not answer gives answered = false.
[[nodiscard]] std::vector<model::MemberObservation> ObservationsFrom(
    const std::vector<const Connection*>& connections, const Responses<v1::Observation>& responses);

struct GrpcAgents::Impl {
  GrpcAgentsOptions options;
  std::vector<Connection> connections;
  StepWatches watches;

  [[nodiscard]] Connection Connect(const model::ServerSpec& server) const;
  // With what is shown on both sides now, where an open connection was outlived.
  void Renew(Connection& connection);

  [[nodiscard]] std::vector<const Connection*> All() {
    std::vector<const Connection*> all;
    for (auto& connection : connections) {
      Renew(connection);
      all.push_back(&connection);
    }
    return all;
  }

  // Asking for a server that is not in ensemble.yaml is a bug of the caller.
  [[nodiscard]] const Connection& Of(model::ServerId server) {
    const auto found =
        std::find_if(connections.begin(), connections.end(), [server](const Connection& one) {
          return one.server.id == server;
        });
    ZW_CHECK(found != connections.end(), "server " + ToString(server) + " is not declared");
    Renew(*found);
    return *found;
  }

  template <typename Async, typename Request, typename Response>
  base::Result<Response> Ask(model::ServerId server,
                             Method<Async, Request, Response> method,
                             const Request& request,
                             milliseconds deadline) {
    const auto& connection = Of(server);
    auto response = std::move(AskAll({&connection}, method, request, deadline).front());
    if (!response) {
      return base::Fail(response.error().WithContext(NameOf(connection.server)));
    }
    return response;
  }

  // The calls of one operation differ by name and permit only.
  template <typename Request>
  base::Result<v1::OperationReply> Operate(model::ServerId server,
                                           Method<OperateAsync, Request, v1::OperationReply> method,
                                           const Call& call,
                                           Request request) {
    ToWire(options.ensemble, call, *request.mutable_call());
    auto reply = Ask(server, method, request, call.deadline + kNetworkMargin);
    if (reply) {
      watches.NoteChange(call.operation_id, reply->sequence());
    }
    return reply;
  }

  // Those that stop a server need its permit, and their steps are watched: from the change on that
  // the call has made, because what was before has been told, perhaps long ago. Is the answer lost,
  // the call may have worked: from the last change that is known.
  template <typename Request>
  base::Status Move(model::ServerId server,
                    Method<OperateAsync, Request, v1::OperationReply> method,
                    const Call& call,
                    const std::string& permit_id) {
    Request request;
    request.set_permit_id(permit_id);
    const std::uint64_t known = watches.LastChange(call.operation_id);
    watches.NotePermit(call.operation_id, !permit_id.empty());
    const auto reply = Operate<Request>(server, method, call, std::move(request));
    if (reply) {
      Watch(server, call, std::max<std::uint64_t>(reply->sequence(), 1) - 1);
      return base::Ok();
    }
    if (IsLost(reply.error())) {
      Watch(server, call, known);
    }
    return base::Fail(reply.error());
  }

  void Watch(model::ServerId server, const Call& call, std::uint64_t after_sequence) {
    if (options.on_step) {
      watches.Start(Of(server).channel,
                    {.ensemble = options.ensemble,
                     .run = call.run,
                     .server = server,
                     .operation_id = call.operation_id,
                     .after_sequence = after_sequence});
    }
  }
};

}  // namespace zoowarden::controller
