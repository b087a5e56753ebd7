// Who is at the other end of a call: always from the TLS certificate, never from a field.
#pragma once

#include "base/error.h"
#include "pki/identity.h"

#include <string>

namespace grpc {
class AuthContext;
}  // namespace grpc

namespace zoowarden::rpc {

// The client's identity in a handler: `PeerIdentity(*context->auth_context(), ensemble)`.
// kUnauthenticated `rpc.no_identity` or `rpc.other_ensemble`; a handler behind our credentials
// never sees these, because such calls are refused before it.
[[nodiscard]] base::Result<pki::Identity> PeerIdentity(const grpc::AuthContext& context,
                                                       const std::string& ensemble);

// The peer's certificate as PEM; empty when it showed none.
[[nodiscard]] std::string PeerCertificate(const grpc::AuthContext& context);

}  // namespace zoowarden::rpc
