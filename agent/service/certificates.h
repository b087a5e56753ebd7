// What this agent shows its peers, and whom it takes calls from. Thread-safe.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"
#include "model/observation.h"
#include "pki/live_credentials.h"
#include "pki/peer_judge.h"
#include "sys/clock.h"

#include <memory>
#include <mutex>
#include <string>

namespace zoowarden::agent {

class Certificates {
 public:
  // The clock must outlive it.
  Certificates(const config::PkiFiles& files,
               std::shared_ptr<pki::LiveCredentials> own,
               sys::Clock& clock);

  [[nodiscard]] const std::shared_ptr<pki::LiveCredentials>& own() const { return own_; }
  [[nodiscard]] const std::shared_ptr<pki::PeerJudge>& judge() const { return judge_; }
  [[nodiscard]] model::AgentCertificate Describe();

  // Makes a new key, kept in memory until the next request, and gives the request for it. Fails
  // with `pki.not_switchable` where the certificate could not be installed.
  [[nodiscard]] base::Result<std::string> Request();

  // Installs the certificate for the last request and shows it from the next connection on; gives
  // its serial. Repeating it changes nothing. Errors: `pki.no_request` (none, or forgotten with a
  // restart), `pki.wrong_key` (it is for another request), `pki.wrong_ca`, `pki.other_identity`,
  // `pki.not_installed`.
  [[nodiscard]] base::Result<std::string> Install(const std::string& certificate_pem);

  // PeerJudge::Replace, and never while Install copies the present list beside a new certificate.
  [[nodiscard]] base::Status ReplaceCrl(const std::string& crl_pem);

 private:
  [[nodiscard]] base::Status CheckNew(const std::string& certificate_pem,
                                      const pki::Credentials& present) const;

  const pki::CredentialFiles files_;
  const std::shared_ptr<pki::LiveCredentials> own_;
  const std::shared_ptr<pki::PeerJudge> judge_;
  std::mutex mutex_;               // of every change to the files
  std::string requested_key_pem_;  // empty: none
};

}  // namespace zoowarden::agent
