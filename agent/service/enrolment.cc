#include "agent/service/enrolment.h"

#include "agent/service/own_directories.h"
#include "agent/service/serving_user.h"
#include "base/text.h"
#include "pki/credential_directory.h"
#include "pki/enrolment.h"
#include "pki/request.h"
#include "rpc/enrolment.h"

namespace zoowarden::agent {
namespace {

// The CA's lock may be waited for ten seconds.
constexpr std::chrono::milliseconds kDeadline{20'000};

base::Result<pki::Token> UsableToken(const config::AgentConfig& config,
                                     const std::string& text,
                                     sys::Clock& clock) {
  ZW_ASSIGN(auto token, pki::ParseToken(base::Trim(std::string_view(text))));
  const auto own = pki::AgentIdentity(config.ensemble, config.server.value);
  if (token.identity != own) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "enrol.other_name",
                      "the token is for " + token.identity.ToUri() + ", agent.yaml says " +
                          own.ToUri() + "; make one with 'zoowarden pki token --server " +
                          model::ToString(config.server) + "'");
  }
  if (std::chrono::duration_cast<pki::UnixTime>(clock.WallTime()) >= token.expires) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "enrol.token_expired",
                      "the token has expired, or this machine's clock is wrong; make another with "
                      "'zoowarden pki token'");
  }
  return token;
}

// The listener was the CA's; what it gave must still be what was asked for.
base::Result<pki::CertificateInfo> CheckAnswer(const pki::Enrolled& enrolled,
                                               const pki::NewRequest& request,
                                               const pki::Token& token) {
  ZW_TRY(pki::CheckPair({.certificate_pem = enrolled.certificate_pem, .key_pem = request.key_pem},
                        enrolled.ca_pem));
  ZW_ASSIGN(auto info, pki::ParseCertificate(enrolled.certificate_pem));
  if (info.uris != std::vector<std::string>{token.identity.ToUri()}) {
    return base::Fail(base::ErrorCode::kInternal,
                      "enrol.bad_answer",
                      "the CA gave a certificate of another name; revoke " + info.serial);
  }
  return info;
}

}  // namespace

base::Result<pki::CertificateInfo> EnrolServer(const config::AgentConfig& config,
                                               const std::string& token_text,
                                               const std::string& from,
                                               sys::Clock& clock) {
  ZW_ASSIGN(const auto token, UsableToken(config, token_text, clock));
  const pki::CredentialFiles files{
      .ca = config.pki.ca, .certificate = config.pki.certificate, .key = config.pki.key};
  ZW_TRY(CheckServingUser(config));
  ZW_TRY(CheckOwnDirectories(config));
  ZW_TRY(pki::CheckSwitchable(files));
  ZW_ASSIGN(const auto request, pki::MakeRequest());
  ZW_ASSIGN(const auto enrolled,
            rpc::AskForCertificate(from, token, request.request_pem, kDeadline));
  ZW_ASSIGN(auto info, CheckAnswer(enrolled, request, token));
  ZW_TRY(pki::InstallCredentials(files,
                                 {.ca_pem = enrolled.ca_pem,
                                  .certificate_pem = enrolled.certificate_pem,
                                  .key_pem = request.key_pem}));
  return info;
}

}  // namespace zoowarden::agent
