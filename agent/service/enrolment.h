// A server's first certificate, or another one, for a one-time token. The key is made here and
// never leaves.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"
#include "pki/x509.h"
#include "sys/clock.h"

#include <string>

namespace zoowarden::agent {

// Asks the listener at `from` (HOST:PORT) and installs what it gives where agent.yaml says. Before
// anything is asked: `enrol.bad_token`, `enrol.other_name` (the token is another server's),
// `enrol.token_expired`, `pki.not_switchable`, those of own_directories.h. Afterwards: those of
// rpc::AskForCertificate, and `enrol.bad_answer`. Nothing on disk has changed unless it succeeds.
[[nodiscard]] base::Result<pki::CertificateInfo> EnrolServer(const config::AgentConfig& config,
                                                             const std::string& token,
                                                             const std::string& from,
                                                             sys::Clock& clock);

}  // namespace zoowarden::agent
