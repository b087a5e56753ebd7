#include "pki/enrolment.h"

#include "base/text.h"
#include "pki/ca_store.h"
#include "pki/request.h"
#include "sys/digest.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace zoowarden::pki {
namespace {

constexpr std::string_view kForm = "zoowarden-token-1";
constexpr std::string_view kScheme = "zoowarden://";
constexpr std::chrono::minutes kShortestToken{1};
constexpr std::size_t kIdSize = 32;
constexpr std::size_t kSecretSize = 64;
constexpr std::size_t kFingerprintSize = 64;

tl::unexpected<base::Error> BadToken() {
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "enrol.bad_token",
                    "this is not a whole token; copy it as 'zoowarden pki token' printed it");
}

bool IsHex(std::string_view text, std::size_t size) {
  return text.size() == size &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// 128 random bits in the form of a serial; two of them, digested, make a secret that says nothing
// of the generator's state.
std::string NewSecret() {
  return sys::Digest(sys::Hash::kSha256, NewSerial() + NewSerial() + NewSerial());
}

base::Result<Enrolled> Sign(CaStore& ca,
                            const CertificateSpec& spec,
                            const std::string& request_pem,
                            Index index) {
  ZW_TRY(ca.Save(std::move(index)));
  Enrolled enrolled{.ca_pem = ca.pair().certificate_pem};
  ZW_ASSIGN(enrolled.certificate_pem, SignRequest(ca.pair(), request_pem, spec));
  return enrolled;
}

// By id and secret, usable now.
base::Result<std::size_t> FindToken(const Index& index,
                                    const EnrolmentRequest& request,
                                    UnixTime now) {
  const auto& tokens = index.tokens;
  const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const IssuedToken& token) {
    return token.id == request.token_id &&
           token.secret_sha256 == sys::Digest(sys::Hash::kSha256, request.secret);
  });
  if (found == tokens.end()) {
    return base::Fail(base::ErrorCode::kUnauthenticated,
                      "enrol.unknown_token",
                      "the CA has made no such token; make one with 'zoowarden pki token'");
  }
  if (found->used) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "enrol.token_used",
                      "this token was used already, for certificate " + found->serial +
                          "; if that was not you, 'zoowarden pki revoke' it, then make another "
                          "token");
  }
  if (now >= found->expires) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "enrol.token_expired",
                      "this token has expired; make another with 'zoowarden pki token'");
  }
  return static_cast<std::size_t>(found - tokens.begin());
}

}  // namespace

std::string PrintToken(const Token& token) {
  return base::Join({std::string(kForm),
                     token.identity.ToUri().substr(kScheme.size()),
                     std::to_string(token.expires.count()),
                     token.ca_fingerprint,
                     token.id,
                     token.secret},
                    ":");
}

base::Result<Token> ParseToken(std::string_view text) {
  const auto parts = base::Split(text, ':');
  if (parts.size() != 6 || parts[0] != kForm || !IsHex(parts[3], kFingerprintSize) ||
      !IsHex(parts[4], kIdSize) || !IsHex(parts[5], kSecretSize)) {
    return BadToken();
  }
  const auto identity = ParseIdentity(std::string(kScheme).append(parts[1]));
  const auto expires = base::ParseUnsigned(parts[2]);
  if (!identity || !expires) {
    return BadToken();
  }
  Token token{.identity = *identity,
              .expires = UnixTime(static_cast<std::int64_t>(*expires)),
              .ca_fingerprint = std::string(parts[3]),
              .id = std::string(parts[4]),
              .secret = std::string(parts[5])};
  if (PrintToken(token) != text) {
    return BadToken();
  }
  return token;
}

base::Result<Token> MakeToken(const std::filesystem::path& ca_directory,
                              std::uint32_t server,
                              UnixTime valid,
                              sys::Clock& clock) {
  ZW_ASSIGN(CaStore ca, CaStore::Open(ca_directory, clock));
  if (valid < kShortestToken || valid > kLongestToken) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "enrol.bad_validity",
                      "a token must be valid for a minute to a week, not " +
                          std::to_string(valid.count()) + " seconds; give --valid another time");
  }
  Token token{.identity = AgentIdentity(ca.ensemble(), server),
              .expires = ca.Now() + valid,
              .ca_fingerprint = ca.info().fingerprint,
              .id = NewSerial(),
              .secret = NewSecret()};
  Index index = ca.index();
  index.tokens.push_back({.id = token.id,
                          .secret_sha256 = sys::Digest(sys::Hash::kSha256, token.secret),
                          .name = token.identity.ToUri(),
                          .expires = token.expires,
                          .used = std::nullopt,
                          .serial = {}});
  ZW_TRY(ca.Save(std::move(index)));
  return token;
}

base::Result<Enrolled> Enrol(const std::filesystem::path& ca_directory,
                             const EnrolmentRequest& request,
                             Days lifetime,
                             sys::Clock& clock) {
  // Before the CA's lock is taken: a stranger's calls must not keep `pki revoke` from it.
  ZW_ASSIGN(const Index seen, ReadIndex(ca_directory));
  ZW_TRY(FindToken(seen, request, std::chrono::duration_cast<UnixTime>(clock.WallTime())));
  ZW_ASSIGN(CaStore ca, CaStore::Open(ca_directory, clock));
  ZW_ASSIGN(const std::size_t place, FindToken(ca.index(), request, ca.Now()));
  ZW_TRY(CheckRequest(request.request_pem));
  ZW_ASSIGN(const Identity identity, ParseIdentity(ca.index().tokens[place].name));
  ZW_ASSIGN(const CertificateSpec spec, ca.Describe(identity, lifetime));
  Index index = ca.IndexWith(spec);
  index.tokens[place].used = ca.Now();
  index.tokens[place].serial = spec.serial;
  return Sign(ca, spec, request.request_pem, std::move(index));
}

base::Result<Enrolled> IssueFor(const std::filesystem::path& ca_directory,
                                const Identity& identity,
                                const std::string& request_pem,
                                Days lifetime,
                                sys::Clock& clock) {
  ZW_ASSIGN(CaStore ca, CaStore::Open(ca_directory, clock));
  if (identity.ensemble != ca.ensemble()) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.other_ensemble",
                      "the CA in " + ca_directory.native() + " is of ensemble " + ca.ensemble() +
                          ", not of " + identity.ensemble + "; name that ensemble's CA with --dir");
  }
  ZW_TRY(CheckRequest(request_pem));
  ZW_ASSIGN(const CertificateSpec spec, ca.Describe(identity, lifetime));
  return Sign(ca, spec, request_pem, ca.IndexWith(spec));
}

base::Result<KeyPair> IssueForListener(const std::filesystem::path& ca_directory,
                                       UnixTime valid,
                                       sys::Clock& clock) {
  ZW_ASSIGN(CaStore ca, CaStore::Open(ca_directory, clock));
  const CertificateSpec spec{.serial = NewSerial(),
                             .organization = ca.ensemble(),
                             .common_name = "enrolment",
                             .uri = ListenerUri(ca.ensemble()),
                             .for_servers = true,
                             .not_before = ca.Now() - kBackdate,
                             .not_after = ca.Now() + valid};
  ZW_TRY(ca.Save(ca.IndexWith(spec)));
  ZW_ASSIGN(KeyPair pair, MakeCertificate(ca.pair(), spec));
  pair.certificate_pem += ca.pair().certificate_pem;
  return pair;
}

std::string ListenerUri(const std::string& ensemble) {
  return std::string(kScheme) + ensemble + "/enrolment";
}

base::Result<std::size_t> OpenTokens(const std::filesystem::path& ca_directory, sys::Clock& clock) {
  ZW_ASSIGN(const Index index, ReadIndex(ca_directory));
  const auto now = std::chrono::duration_cast<UnixTime>(clock.WallTime());
  return static_cast<std::size_t>(
      std::count_if(index.tokens.begin(), index.tokens.end(), [now](const IssuedToken& token) {
        return !token.used && now < token.expires;
      }));
}

}  // namespace zoowarden::pki
