#include "rpc/peer.h"

#include "base/text.h"
#include "rpc/authorizer.h"
#include "rpc/method_table.h"
#include "rpc/status.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

namespace zoowarden::rpc {

base::Result<pki::Identity> PeerIdentity(const grpc::AuthContext& context,
                                         const std::string& ensemble) {
  const auto names = context.FindPropertyValues("peer_uri");
  if (names.size() != 1) {
    return base::Fail(base::ErrorCode::kUnauthenticated,
                      "rpc.no_identity",
                      "your certificate has " + std::to_string(names.size()) +
                          " URI names instead of one; issue one with 'zoowarden pki issue'");
  }
  auto identity = pki::ParseIdentity({names[0].data(), names[0].size()});
  if (!identity) {
    return base::Fail(base::ErrorCode::kUnauthenticated,
                      "rpc.no_identity",
                      "your certificate is refused: " + identity.error().message());
  }
  if (identity->ensemble != ensemble) {
    return base::Fail(base::ErrorCode::kUnauthenticated,
                      "rpc.other_ensemble",
                      "your certificate is for ensemble " + identity->ensemble + ", this is " +
                          ensemble + "; use that ensemble's certificate");
  }
  return identity;
}

std::string PeerCertificate(const grpc::AuthContext& context) {
  const auto shown = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return shown.size() == 1 ? std::string(shown[0].data(), shown[0].size()) : std::string();
}

base::Status Authorizer::JudgePeer(const grpc::AuthContext& context, std::string_view method) {
  auto judged = judge_->Judge(PeerCertificate(context));
  if (!judged && method == kPutCrl && pki::PeerJudge::IsUnusableCrl(judged.error())) {
    return base::Ok();
  }
  return judged;
}

grpc::Status Authorizer::Process(const InputMetadata& metadata,
                                 grpc::AuthContext* context,
                                 OutputMetadata* /*consumed*/,
                                 OutputMetadata* /*response*/) {
  const auto path = metadata.find(":path");
  if (context == nullptr || path == metadata.end()) {
    return {grpc::StatusCode::UNAUTHENTICATED, "the call has no path or no authenticated peer"};
  }
  const std::string_view method(path->second.data(), path->second.size());
  const auto peer = PeerIdentity(*context, ensemble_);
  if (!peer) {
    return Refuse("(no identity)", method, peer.error());
  }
  if (const auto judged = JudgePeer(*context, method); !judged) {
    return Refuse(peer->ToUri(), method, judged.error());
  }
  const auto allowed = Authorize(method, peer->role);
  return allowed ? grpc::Status::OK : Refuse(peer->ToUri(), method, allowed.error());
}

grpc::Status Authorizer::Refuse(std::string caller,
                                std::string_view method,
                                const base::Error& error) const {
  if (on_refused_) {
    // A caller may invent any path.
    on_refused_({.caller = std::move(caller),
                 .method = IsMethod(method) ? std::string(method) : "(unknown)",
                 .error = error});
  }
  return ToGateStatus(error);
}

}  // namespace zoowarden::rpc
