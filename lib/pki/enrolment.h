// How a server gets its first certificate: a one-time token, made where the CA is, carried to the
// server by the operator.
//
// The token names who may enrol, until when, and the CA; the CA keeps its secret's digest only.
// Whoever has the token can enrol as that one name, once: when it was stolen and used first, the
// server's own enrolment fails with the serial to revoke. Nobody in between learns it, because it
// is told only to who shows the CA's own signature (rpc/enrolment.h). Blocking; no state.
#pragma once

#include "base/error.h"
#include "pki/authority.h"
#include "pki/identity.h"
#include "sys/clock.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace zoowarden::pki {

struct Token {
  Identity identity;  // whose certificate it is for
  UnixTime expires{0};
  std::string ca_fingerprint;  // SHA-256 of the CA's certificate
  std::string id;
  std::string secret;
};

// "zoowarden-token-1:lab/agent/1:1763850000:<fingerprint>:<id>:<secret>", letters, digits and
// "._-/:" only. Parsing accepts exactly what printing gives: `enrol.bad_token`.
[[nodiscard]] std::string PrintToken(const Token& token);
[[nodiscard]] base::Result<Token> ParseToken(std::string_view text);

inline constexpr std::chrono::hours kLongestToken{7 * 24};

// A token for that server's agent, in the CA's index. `enrol.bad_validity` when it would be valid
// for less than a minute or longer than kLongestToken, and the errors of an unusable CA.
[[nodiscard]] base::Result<Token> MakeToken(const std::filesystem::path& ca_directory,
                                            std::uint32_t server,
                                            UnixTime valid,
                                            sys::Clock& clock);

struct EnrolmentRequest {
  std::string token_id;
  std::string secret;
  std::string request_pem;
};

struct Enrolled {
  std::string certificate_pem;
  std::string ca_pem;
};

// What the CA answers. The token is used up, durably, before the certificate exists; the name is
// the token's, whatever the request says. Errors, after which nothing has changed:
// `enrol.unknown_token` (also for a wrong secret), `enrol.token_used`, `enrol.token_expired`,
// `pki.bad_request`, `pki.outlives_ca`.
[[nodiscard]] base::Result<Enrolled> Enrol(const std::filesystem::path& ca_directory,
                                           const EnrolmentRequest& request,
                                           Days lifetime,
                                           sys::Clock& clock);

// A certificate for a request that came another way from who is known to be `identity`.
[[nodiscard]] base::Result<Enrolled> IssueFor(const std::filesystem::path& ca_directory,
                                              const Identity& identity,
                                              const std::string& request_pem,
                                              Days lifetime,
                                              sys::Clock& clock);

// What the enrolment listener shows: a certificate of the CA, itself in the chain, for a name that
// is no identity and opens no door elsewhere. In the index like any other.
[[nodiscard]] base::Result<KeyPair> IssueForListener(const std::filesystem::path& ca_directory,
                                                     UnixTime valid,
                                                     sys::Clock& clock);
[[nodiscard]] std::string ListenerUri(const std::string& ensemble);

// Tokens that are neither used nor expired.
[[nodiscard]] base::Result<std::size_t> OpenTokens(const std::filesystem::path& ca_directory,
                                                   sys::Clock& clock);

}  // namespace zoowarden::pki
