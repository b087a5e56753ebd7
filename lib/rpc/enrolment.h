// The two ends of an enrolment: a short-lived listener where the CA is, and the server that wants
// its first certificate.
#pragma once

#include "base/error.h"
#include "pki/enrolment.h"
#include "rpc/server.h"

#include <chrono>
#include <functional>
#include <string>

namespace zoowarden::rpc {

// Called on gRPC's threads, one request at a time.
using Enroller = std::function<base::Result<pki::Enrolled>(const pki::EnrolmentRequest&)>;

// TLS 1.3, no client certificates, nothing served but Enrol. `shown` is of pki::IssueForListener.
// `rpc.cannot_listen`.
[[nodiscard]] base::Result<ServerHandle> StartEnrolment(const std::string& address,
                                                        const pki::KeyPair& shown,
                                                        Enroller enroller);

// Asks for a certificate. The secret is told only to a listener whose certificate was signed by the
// very CA that the token names, and which has the listener's name. Errors: `enrol.no_listener`,
// `enrol.other_ca` (nobody there shows that CA: perhaps somebody in between), those of pki::Enrol.
[[nodiscard]] base::Result<pki::Enrolled> AskForCertificate(const std::string& address,
                                                            const pki::Token& token,
                                                            const std::string& request_pem,
                                                            std::chrono::milliseconds deadline);

}  // namespace zoowarden::rpc
