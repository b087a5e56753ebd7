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
    if (const auto written = audit.Begin(); !written) {
      return audit.Done(written);
    }
    const auto replaced = certificates_.ReplaceCrl(request->crl_pem());
    if (!replaced) {
      return audit.Done(replaced);
    }
    if (const auto state = certificates_.judge()->FirstToEnd()) {
      reply->set_number(state->number);
      reply->set_not_after(state->not_after.count());
    }
    return audit.Done(replaced);
  }

  grpc::Status RequestCertificate(grpc::ServerContext* context,
                                  const v1::RequestCertificateRequest* /*request*/,
                                  v1::RequestCertificateResponse* reply) override {
    CallAudit audit(core_, *context, "CertificateService/RequestCertificate");
    if (const auto written = audit.Begin(); !written) {
      return audit.Done(written);
    }
    const auto request = certificates_.Request();
    reply->set_request_pem(request ? *request : "");
    return audit.Done(request);
  }

  grpc::Status InstallCertificate(grpc::ServerContext* context,
                                  const v1::InstallCertificateRequest* request,
                                  v1::InstallCertificateResponse* reply) override {
    CallAudit audit(core_, *context, "CertificateService/InstallCertificate");
    if (const auto written = audit.Begin(); !written) {
      return audit.Done(written);
    }
    const auto serial = certificates_.Install(request->certificate_pem());
    reply->set_serial(serial ? *serial : "");
    return audit.Done(serial);
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
