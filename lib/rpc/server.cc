#include "rpc/server.h"

#include "rpc/accept_limit.h"
#include "rpc/limits.h"
#include "rpc/listen.h"
#include "rpc/server_credentials.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

namespace zoowarden::rpc {
namespace {

constexpr std::size_t kMaxBufferBytes = 64 * 1024 * 1024;
// Bounds the threads on machines with many cores; handlers block: one that observes asks its
// server for up to seconds.
constexpr int kMaxThreads = 16;
constexpr int kClientKeepaliveMs = 10'000;

void SetLimits(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("zoowarden");
  quota.Resize(kMaxBufferBytes);
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxCallsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kServerHandshakeMs);
  // Clients ping every second; by default gRPC would answer that with GOAWAY.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kClientKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kClientKeepaliveMs);
  // With it a second agent could share the port and get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

ServerHandle::ServerHandle(std::unique_ptr<grpc::Server> server, std::string address)
    : server_(std::move(server)), address_(std::move(address)) {}
ServerHandle::ServerHandle(ServerHandle&&) noexcept = default;
ServerHandle& ServerHandle::operator=(ServerHandle&&) noexcept = default;

ServerHandle::~ServerHandle() { Stop(std::chrono::milliseconds(0)); }

void ServerHandle::Stop(std::chrono::milliseconds grace) {
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
    server_.reset();
  }
}

void ServerHandle::Own(std::unique_ptr<grpc::Service> service) {
  services_.push_back(std::move(service));
}

base::Result<ServerHandle> Listen(const std::string& address,
                                  const std::shared_ptr<grpc::ServerCredentials>& credentials,
                                  const std::vector<grpc::Service*>& services) {
  SetAcceptLimits(UsualAcceptLimits());
  grpc::ServerBuilder builder;
  SetLimits(builder);
  int port = 0;
  builder.AddListeningPort(address, credentials, &port);
  for (grpc::Service* service : services) {
    builder.RegisterService(service);
  }
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port <= 0) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "rpc.cannot_listen",
                      "cannot listen on " + address +
                          "; check that the address is this machine's and the port is free");
  }
  return ServerHandle(std::move(server),
                      address.substr(0, address.rfind(':')) + ":" + std::to_string(port));
}

base::Result<ServerHandle> StartServer(const std::string& address,
                                       std::shared_ptr<pki::LiveCredentials> own,
                                       std::shared_ptr<pki::PeerJudge> judge,
                                       const std::vector<grpc::Service*>& services,
                                       RefusalSink on_refused) {
  return Listen(address,
                MakeLiveServerCredentials(std::move(own), std::move(judge), std::move(on_refused)),
                services);
}

}  // namespace zoowarden::rpc
