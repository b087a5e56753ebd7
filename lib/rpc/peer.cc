#include "rpc/peer.h"

#include "rpc/gate.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <vector>

namespace zoowarden::rpc {

base::Result<pki::Identity> PeerIdentity(const grpc::AuthContext& context,
                                         const std::string& ensemble) {
  std::vector<std::string> uris;
  for (const auto& uri : context.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(uri.data(), uri.size());
  }
  return IdentityOf(uris, ensemble);
}

std::string PeerCertificate(const grpc::AuthContext& context) {
  const auto shown = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return shown.size() == 1 ? std::string(shown[0].data(), shown[0].size()) : std::string();
}

}  // namespace zoowarden::rpc
