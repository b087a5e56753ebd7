// What this agent shows its peers, and whom it takes calls from. Thread-safe.
#pragma once

#include "config/agent_file.h"
#include "model/observation.h"
#include "pki/credentials.h"
#include "pki/peer_judge.h"
#include "sys/clock.h"

#include <memory>

namespace zoowarden::agent {

class Certificates {
 public:
  Certificates(const config::PkiFiles& files, pki::Credentials credentials, sys::Clock& clock);

  [[nodiscard]] const pki::Credentials& credentials() const { return credentials_; }
  [[nodiscard]] const std::shared_ptr<pki::PeerJudge>& judge() const { return judge_; }
  [[nodiscard]] model::AgentCertificate Describe();

 private:
  const pki::Credentials credentials_;
  const std::shared_ptr<pki::PeerJudge> judge_;
};

}  // namespace zoowarden::agent
