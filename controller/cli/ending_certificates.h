// Which certificates and revocation lists end soon, of all that a status knows. Pure.
#pragma once

#include "controller/cli/document.h"
#include "model/observation.h"
#include "pki/x509.h"

#include <chrono>
#include <string>
#include <vector>

namespace zoowarden::controller {

// Long enough for somebody on holiday to come back.
inline constexpr std::chrono::hours kEndsSoon{14 * 24};

struct EndingCertificate {
  std::string holder;  // "agent 1", "controller", "ca", "revocation list of agent 1"
  pki::UnixTime not_after{0};
  bool ended = false;
};

struct OwnCertificate {
  pki::UnixTime not_after{0};
  pki::UnixTime ca_not_after{0};
};

// Those that end within kEndsSoon, or have ended. A CA is told once, however many it has issued.
// Agents that told nothing (older ones) are left out.
[[nodiscard]] std::vector<EndingCertificate> EndingCertificates(
    const std::vector<model::MemberObservation>& seen,
    const OwnCertificate& own,
    pki::UnixTime now);

// "the certificate of agent 1 ends at ... (in 13 days): ..."
[[nodiscard]] std::string EndingText(const EndingCertificate& ending, pki::UnixTime now);
[[nodiscard]] Document EndingDocument(const std::vector<EndingCertificate>& endings);

// Serial and ends of what an agent uses, or null.
[[nodiscard]] Document AgentCertificateDocument(const model::MemberObservation& seen);

// "2026-11-22T14:05:01Z"
[[nodiscard]] std::string CertificateTime(pki::UnixTime time);

}  // namespace zoowarden::controller
