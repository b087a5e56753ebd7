#include "agent/service/certificates.h"

#include <utility>

namespace zoowarden::agent {

Certificates::Certificates(const config::PkiFiles& files,
                           pki::Credentials credentials,
                           sys::Clock& clock)
    : credentials_(std::move(credentials)),
      judge_(std::make_shared<pki::PeerJudge>(credentials_.ca_pem, files.crl, clock)) {}

model::AgentCertificate Certificates::Describe() {
  model::AgentCertificate described{.serial = credentials_.info.serial,
                                    .not_after = credentials_.info.not_after.count(),
                                    .ca_not_after = credentials_.ca_not_after.count()};
  if (const auto crl = judge_->FirstToEnd()) {
    described.crl_not_after = crl->not_after.count();
    described.crl_number = crl->number;
  }
  return described;
}

}  // namespace zoowarden::agent
