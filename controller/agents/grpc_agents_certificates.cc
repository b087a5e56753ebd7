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

}  // namespace zoowarden::controller
