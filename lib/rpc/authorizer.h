// The one gate that every call to our servers passes before its handler. For this component's .cc
// files (gRPC's headers).
#pragma once

#include <grpcpp/security/auth_metadata_processor.h>

#include <string>
#include <utility>

namespace zoowarden::rpc {

// Called by gRPC on its own threads for each call, of registered methods or not. Refuses peers
// without exactly one identity of our ensemble (UNAUTHENTICATED) and methods that the table does
// not allow to the peer's role (PERMISSION_DENIED).
class Authorizer final : public grpc::AuthMetadataProcessor {
 public:
  explicit Authorizer(std::string ensemble) : ensemble_(std::move(ensemble)) {}

  [[nodiscard]] bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata,
                       grpc::AuthContext* context,
                       OutputMetadata* consumed,
                       OutputMetadata* response) override;

 private:
  std::string ensemble_;
};

}  // namespace zoowarden::rpc
