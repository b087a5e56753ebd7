#include "agent/service/handlers.h"
#include "pki/peer_judge.h"
#include "rpc/status.h"
#include "zoowarden/v1/certificate.grpc.pb.h"

namespace zoowarden::agent {
namespace {

class CertificateHandlers final : public v1::CertificateService::Service {
 public:
  explicit CertificateHandlers(Certificates& certificates) : certificates_(certificates) {}

  grpc::Status PutCrl(grpc::ServerContext* /*context*/,
                      const v1::PutCrlRequest* request,
                      v1::PutCrlResponse* reply) override {
    if (const auto replaced = certificates_.judge()->Replace(request->crl_pem()); !replaced) {
      return rpc::ToGrpcStatus(replaced);
    }
    if (const auto state = certificates_.judge()->FirstToEnd()) {
      reply->set_number(state->number);
      reply->set_not_after(state->not_after.count());
    }
    return grpc::Status::OK;
  }

 private:
  Certificates& certificates_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCertificateService(Certificates& certificates) {
  return std::make_unique<CertificateHandlers>(certificates);
}

}  // namespace zoowarden::agent
