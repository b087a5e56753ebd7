#include "agent/service/certificates.h"

#include "pki/credential_directory.h"
#include "pki/request.h"

#include <utility>
#include <vector>

namespace zoowarden::agent {

Certificates::Certificates(const config::PkiFiles& files,
                           std::shared_ptr<pki::LiveCredentials> own,
                           sys::Clock& clock)
    : files_{.ca = files.ca, .certificate = files.certificate, .key = files.key},
      own_(std::move(own)),
      judge_(std::make_shared<pki::PeerJudge>(own_->Get()->ca_pem, files.crl, clock)) {
  own_->Follow([judge = judge_](const pki::Credentials& present) { judge->Trust(present.ca_pem); });
}

model::AgentCertificate Certificates::Describe() {
  const auto present = own_->Get();
  model::AgentCertificate described{.serial = present->info.serial,
                                    .not_after = present->info.not_after.count(),
                                    .ca_not_after = present->ca_not_after.count()};
  if (const auto crl = judge_->FirstToEnd()) {
    described.crl_not_after = crl->not_after.count();
    described.crl_number = crl->number;
  }
  return described;
}

base::Result<std::string> Certificates::Request() {
  ZW_TRY(pki::CheckSwitchable(files_));
  ZW_ASSIGN(auto made, pki::MakeRequest());
  const std::lock_guard lock(mutex_);
  requested_key_pem_ = std::move(made.key_pem);
  return std::move(made.request_pem);
}

base::Result<std::string> Certificates::Install(const std::string& certificate_pem) {
  const std::lock_guard lock(mutex_);
  own_->Refresh();
  const auto present = own_->Get();
  if (present->certificate_pem == certificate_pem) {
    return present->info.serial;
  }
  ZW_TRY(CheckNew(certificate_pem, *present));
  // The CA's file stays as it is: no caller can make this agent trust another.
  ZW_TRY(pki::InstallCredentials(
      files_, {.ca_pem = {}, .certificate_pem = certificate_pem, .key_pem = requested_key_pem_}));
  own_->Refresh();
  const auto taken = own_->Get();
  if (taken->certificate_pem != certificate_pem) {
    return base::Fail(base::ErrorCode::kInternal,
                      "pki.not_installed",
                      "the new certificate was put in place and not taken; see the agent's log");
  }
  requested_key_pem_.clear();
  return taken->info.serial;
}

base::Status Certificates::ReplaceCrl(const std::string& crl_pem) {
  const std::lock_guard lock(mutex_);
  return judge_->Replace(crl_pem);
}

base::Status Certificates::CheckNew(const std::string& certificate_pem,
                                    const pki::Credentials& present) const {
  if (requested_key_pem_.empty()) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.no_request",
                      "this agent has not been asked for a request since it started; repeat "
                      "'zoowarden pki renew'");
  }
  ZW_TRY(pki::CheckPair({.certificate_pem = certificate_pem, .key_pem = requested_key_pem_},
                        present.ca_pem));
  ZW_ASSIGN(const auto info, pki::ParseCertificate(certificate_pem));
  if (info.uris != std::vector<std::string>{present.identity.ToUri()}) {
    return base::Fail(
        base::ErrorCode::kFailedPrecondition,
        "pki.other_identity",
        "the certificate is not for " + present.identity.ToUri() + "; issue one of that name");
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
