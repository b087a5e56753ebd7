// The calls about agents' certificates.
#include "controller/agents/grpc_agents_impl.h"

namespace zoowarden::controller {

namespace {

// Durable on the agent's disk before it answers.
constexpr milliseconds kCertificateDeadline{5'000};

}  // namespace

std::vector<Answer<CrlInUse>> GrpcAgents::PutCrl(const std::string& crl_pem) {
  v1::PutCrlRequest request;
  request.set_crl_pem(crl_pem);
  const auto all = impl_->All();
  return Answers<CrlInUse>(
      all,
      AskAll<CertificateAsync, v1::PutCrlRequest, v1::PutCrlResponse>(
          all, &CertificateAsync::PutCrl, request, kCertificateDeadline),
      [](const v1::PutCrlResponse& wire, model::ServerId /*server*/) -> base::Result<CrlInUse> {
        ZW_ASSIGN(const auto not_after, CheckUnixTime("not_after", wire.not_after()));
        return CrlInUse{.number = wire.number(), .not_after = not_after};
      });
}

base::Result<std::string> GrpcAgents::RequestCertificate(model::ServerId server) {
  ZW_ASSIGN(
      const auto reply,
      (impl_->Ask<CertificateAsync, v1::RequestCertificateRequest, v1::RequestCertificateResponse>(
          server, &CertificateAsync::RequestCertificate, {}, kCertificateDeadline)));
  return reply.request_pem();
}

base::Result<std::string> GrpcAgents::InstallCertificate(model::ServerId server,
                                                         const std::string& certificate_pem) {
  v1::InstallCertificateRequest request;
  request.set_certificate_pem(certificate_pem);
  ZW_ASSIGN(
      const auto reply,
      (impl_->Ask<CertificateAsync, v1::InstallCertificateRequest, v1::InstallCertificateResponse>(
          server, &CertificateAsync::InstallCertificate, request, kCertificateDeadline)));
  ZW_TRY(NeedIdentifier("serial", reply.serial()));
  return reply.serial();
}

}  // namespace zoowarden::controller
