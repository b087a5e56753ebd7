// What an agent's listener shows, and its gate: on gRPC's C interface, which asks for certificate,
// key and CA at each handshake. The C++ one polls files in a thread of its own, up to a second
// late, and drops good credentials for half-written ones. For this component's .cc files.
#pragma once

#include "pki/live_credentials.h"
#include "pki/peer_judge.h"
#include "rpc/refusal.h"

#include <grpcpp/security/server_credentials.h>

#include <memory>

namespace zoowarden::rpc {

// TLS 1.3, client certificates of the present CAs. New credentials are taken at the first handshake
// or call after they were put in place. The judge and the method table are asked about every call,
// of registered methods or not.
[[nodiscard]] std::shared_ptr<grpc::ServerCredentials> MakeLiveServerCredentials(
    std::shared_ptr<pki::LiveCredentials> own,
    std::shared_ptr<pki::PeerJudge> judge,
    RefusalSink on_refused);

}  // namespace zoowarden::rpc
