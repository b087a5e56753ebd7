// What all listeners have in common. For this component's .cc files (gRPC's headers).
#pragma once

#include "base/error.h"
#include "rpc/server.h"

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>
#include <vector>

namespace zoowarden::rpc {

// With the limits of limits.h. `rpc.cannot_listen`.
[[nodiscard]] base::Result<ServerHandle> Listen(
    const std::string& address,
    const std::shared_ptr<grpc::ServerCredentials>& credentials,
    const std::vector<grpc::Service*>& services);

}  // namespace zoowarden::rpc
