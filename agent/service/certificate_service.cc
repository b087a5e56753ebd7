#include "agent/service/call_audit.h"
#include "agent/service/handlers.h"
#include "pki/peer_judge.h"
#include "zoowarden/v1/certificate.grpc.pb.h"

namespace zoowarden::agent {
namespace {

class CertificateHandlers final : public v1::CertificateService::Service {
 public:
  CertificateHandlers(AgentCore& core, Certificates& certificates)
      : core_(core), certificates_(certificates) {}

  grpc::Status PutCrl(grpc::ServerContext* context,
                      const v1::PutCrlRequest* request,
                      v1::PutCrlResponse* reply) override {
    CallAudit audit(core_, *context, "CertificateService/PutCrl");
    const auto replaced = certificates_.judge()->Replace(request->crl_pem());
    if (!replaced) {
      return audit.Done(replaced);
    }
    if (const auto state = certificates_.judge()->FirstToEnd()) {
      reply->set_number(state->number);
      reply->set_not_after(state->not_after.count());
    }
    return audit.Done(replaced);
  }

 private:
  AgentCore& core_;
  Certificates& certificates_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCertificateService(AgentCore& core, Certificates& certificates) {
  return std::make_unique<CertificateHandlers>(core, certificates);
}

}  // namespace zoowarden::agent
