// An agent's listener.
#pragma once

#include "base/error.h"
#include "pki/live_credentials.h"
#include "pki/peer_judge.h"
#include "rpc/refusal.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace zoowarden::rpc {

// Serves from Start until Stop or its end. Handlers run on gRPC's threads.
class ServerHandle {
 public:
  ServerHandle(std::unique_ptr<grpc::Server> server, std::string address);
  ~ServerHandle();
  ServerHandle(ServerHandle&&) noexcept;
  ServerHandle& operator=(ServerHandle&&) noexcept;

  // Keeps a service until the server has ended.
  void Own(std::unique_ptr<grpc::Service> service);

  // Where it listens; with the real port when port 0 was asked for.
  [[nodiscard]] const std::string& address() const { return address_; }
  // Takes no new calls; calls that still run after `grace` are cancelled. Idempotent.
  void Stop(std::chrono::milliseconds grace);

 private:
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// `address` is HOST:PORT. Shows `own` as they change; the judge is asked at each call. The
// services, and what `on_refused` uses, must outlive the handle. kUnavailable `rpc.cannot_listen`
// when the address is taken or not this machine's.
[[nodiscard]] base::Result<ServerHandle> StartServer(const std::string& address,
                                                     std::shared_ptr<pki::LiveCredentials> own,
                                                     std::shared_ptr<pki::PeerJudge> judge,
                                                     const std::vector<grpc::Service*>& services,
                                                     RefusalSink on_refused = {});

}  // namespace zoowarden::rpc
