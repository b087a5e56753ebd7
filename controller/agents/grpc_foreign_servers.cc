#include "controller/agents/grpc_foreign_servers.h"

#include "controller/agents/convert.h"
#include "controller/agents/grpc_agents_impl.h"
#include "rpc/peer.h"
#include "zoowarden/v1/adopt.grpc.pb.h"

#include <grpcpp/security/auth_context.h>

namespace zoowarden::controller {
namespace {

// It looks at every process, at files and at the member: three questions of 800 ms at most.
constexpr milliseconds kDiscoverDeadline{10'000};
constexpr milliseconds kIdentifyDeadline{3'000};

using AdoptAsync = v1::AdoptService::StubInterface::async_interface;

// The same request of every agent at once; the calls have ended, in the order of the stubs.
template <typename Request, typename Response, typename Stubs, typename Async>
std::vector<std::unique_ptr<UnaryCall<Response>>> AskEveryone(
    const Stubs& stubs,
    Method<Async, Request, Response> method,
    const Request& request,
    milliseconds deadline) {
  std::vector<std::unique_ptr<UnaryCall<Response>>> calls;
  Countdown countdown(stubs.size());
  const auto ends = std::chrono::system_clock::now() + deadline;
  for (const auto& stub : stubs) {
    auto& call = *calls.emplace_back(std::make_unique<UnaryCall<Response>>());
    call.context.set_deadline(ends);
    (stub->async()->*method)(
        &call.context, &request, &call.response, [&call, &countdown](const grpc::Status& status) {
          call.status = status;
          countdown.Done();
        });
  }
  countdown.Wait();
  return calls;
}

std::string NameOf(const AgentAt& agent) {
  return agent.id ? "server " + ToString(*agent.id) + " (agent " + agent.address + ")"
                  : "agent " + agent.address;
}

class GrpcForeignServers final : public ForeignServers {
 public:
  GrpcForeignServers(std::string ensemble, std::vector<ForeignConnection> connections)
      : ensemble_(std::move(ensemble)), connections_(std::move(connections)) {
    for (const auto& connection : connections_) {
      stubs_.push_back(v1::AdoptService::NewStub(connection.channel));
      leases_.push_back(v1::LeaseService::NewStub(connection.channel));
    }
  }

  std::vector<base::Result<model::ServerId>> Identify() override {
    const auto calls = AskEveryone<v1::GetLeaseRequest, v1::Lease>(
        leases_, &LeaseAsync::GetLease, {}, kIdentifyDeadline);
    std::vector<base::Result<model::ServerId>> answers;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      auto server = ServerOf(i, *calls[i]);
      if (!server) {
        server = base::Fail(server.error().WithContext(NameOf(connections_[i].agent)));
      }
      answers.push_back(std::move(server));
    }
    return answers;
  }

  std::vector<base::Result<model::Discovery>> Discover() override {
    const auto calls = AskEveryone<v1::DiscoverRequest, v1::Discovery>(
        stubs_, &AdoptAsync::Discover, {}, kDiscoverDeadline);
    std::vector<base::Result<model::Discovery>> answers;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      auto answer = AnswerOf(i, *calls[i]);
      if (!answer) {
        answer = base::Fail(answer.error().WithContext(NameOf(connections_[i].agent)));
      }
      answers.push_back(std::move(answer));
    }
    return answers;
  }

  base::Status Adopt(std::size_t agent,
                     const RunIdentity& run,
                     const ApprovedServer& approved) override {
    v1::AdoptRequest request;
    ToWire(ensemble_, run, *request.mutable_run());
    request.set_pid(approved.pid);
    request.set_start_time(approved.start_time);
    request.set_expected_digest(approved.digest);
    UnaryCall<v1::AdoptReply> call;
    call.context.set_deadline(std::chrono::system_clock::now() + kDiscoverDeadline);
    Countdown countdown(1);
    stubs_[agent]->async()->Adopt(
        &call.context, &request, &call.response, [&call, &countdown](const grpc::Status& status) {
          call.status = status;
          countdown.Done();
        });
    countdown.Wait();
    if (!call.status.ok()) {
      return base::Fail(
          AsSentence(agent, call.status).WithContext(NameOf(connections_[agent].agent)));
    }
    return base::Ok();
  }

 private:
  [[nodiscard]] base::Error AsSentence(std::size_t agent, const grpc::Status& status) const {
    const auto& at = connections_[agent].agent;
    return ConnectionError({.agent = at.address,
                            .who = at.id ? "server " + ToString(*at.id) : std::string(),
                            .ca = connections_[agent].ca},
                           rpc::ToError(status));
  }

  // The certificate says who answered.
  template <typename Response>
  base::Result<model::ServerId> ServerOf(std::size_t agent, const UnaryCall<Response>& call) const {
    if (!call.status.ok()) {
      return base::Fail(AsSentence(agent, call.status));
    }
    ZW_ASSIGN(const auto peer, rpc::PeerIdentity(*call.context.auth_context(), ensemble_));
    return model::ServerId{peer.server.value_or(0)};
  }

  base::Result<model::Discovery> AnswerOf(std::size_t agent,
                                          const UnaryCall<v1::Discovery>& call) const {
    // A field must not say otherwise.
    ZW_ASSIGN(const auto server, ServerOf(agent, call));
    return FromWire(call.response, server);
  }

  std::string ensemble_;
  std::vector<ForeignConnection> connections_;
  std::vector<std::unique_ptr<v1::AdoptService::Stub>> stubs_;
  std::vector<std::unique_ptr<v1::LeaseService::Stub>> leases_;
};

}  // namespace

std::unique_ptr<ForeignServers> MakeGrpcForeignServers(std::string ensemble,
                                                       std::vector<ForeignConnection> connections) {
  return std::make_unique<GrpcForeignServers>(std::move(ensemble), std::move(connections));
}

}  // namespace zoowarden::controller
