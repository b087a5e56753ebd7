// The one gate that every call to our servers passes before its handler. For this component's .cc
// files (gRPC's headers).
#pragma once

#include "base/error.h"
#include "pki/peer_judge.h"
#include "rpc/refusal.h"

#include <grpcpp/security/auth_metadata_processor.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace zoowarden::rpc {

// Called by gRPC on its own threads for each call, of registered methods or not. Refuses peers
// without exactly one identity of our ensemble, those that the judge refuses (UNAUTHENTICATED), and
// methods that the table does not allow to the peer's role (PERMISSION_DENIED).
class Authorizer final : public grpc::AuthMetadataProcessor {
 public:
  Authorizer(std::string ensemble, std::shared_ptr<pki::PeerJudge> judge, RefusalSink on_refused)
      : ensemble_(std::move(ensemble)),
        judge_(std::move(judge)),
        on_refused_(std::move(on_refused)) {}

  [[nodiscard]] bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata,
                       grpc::AuthContext* context,
                       OutputMetadata* consumed,
                       OutputMetadata* response) override;

 private:
  [[nodiscard]] base::Status JudgePeer(const grpc::AuthContext& context, std::string_view method);
  grpc::Status Refuse(std::string caller, std::string_view method, const base::Error& error) const;

  std::string ensemble_;
  std::shared_ptr<pki::PeerJudge> judge_;
  RefusalSink on_refused_;
};

}  // namespace zoowarden::rpc
