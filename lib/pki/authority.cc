#include "pki/authority.h"

#include "sys/files.h"

#include <initializer_list>
#include <system_error>
#include <vector>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPem = 256 * 1024;
constexpr mode_t kPublic = 0644;
constexpr mode_t kSecret = 0600;
constexpr Days kCaLifetime{3650};
// Other machines' clocks may be a little behind.
constexpr std::chrono::minutes kBackdate{5};

UnixTime Now(sys::Clock& clock) { return std::chrono::duration_cast<UnixTime>(clock.WallTime()); }

base::Status CheckAbsent(std::initializer_list<fs::path> files) {
  for (const fs::path& file : files) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(file, error))) {
      return base::Fail(base::ErrorCode::kAlreadyExists,
                        "pki.exists",
                        file.native() +
                            " is there already and is never overwritten; move it away "
                            "or name another directory");
    }
  }
  return base::Ok();
}

// For people who read a certificate; only the URI counts.
std::string CommonName(const Identity& identity) {
  std::string name(RoleName(identity.role));
  return identity.server ? name + " " + std::to_string(*identity.server) : name;
}

struct NewFile {
  fs::path path;
  const std::string& content;
  mode_t mode;
};

// All or none of them.
base::Status WriteNewFiles(const std::vector<NewFile>& files) {
  std::vector<fs::path> written;
  for (const NewFile& file : files) {
    base::Status status =
        sys::WriteFileAtomically(file.path, file.content, file.mode, sys::IfPresent::kRefuse);
    if (!status) {
      for (const fs::path& path : written) {
        std::error_code ignored;
        fs::remove(path, ignored);
      }
      return status;
    }
    written.push_back(file.path);
  }
  return base::Ok();
}

struct Authority {
  KeyPair pair;
  CertificateInfo info;
};

base::Result<std::string> ReadOfCa(const fs::path& file) {
  auto content = sys::ReadFile(file, kMaxPem);
  if (!content && content.error().Is(base::ErrorCode::kNotFound)) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "pki.no_ca",
                      file.native() + " is missing; make a CA with 'zoowarden pki init'");
  }
  return content;
}

base::Result<Authority> LoadCa(const fs::path& directory) {
  Authority authority;
  const fs::path certificate = directory / "ca.pem";
  ZW_ASSIGN(authority.pair.certificate_pem, ReadOfCa(certificate));
  ZW_ASSIGN(authority.pair.key_pem, ReadOfCa(directory / "ca.key"));
  ZW_ASSIGN(authority.info, Describe(certificate));
  if (!authority.info.is_ca || !CheckEnsembleName(authority.info.organization)) {
    return base::Fail(
        base::ErrorCode::kFailedPrecondition,
        "pki.no_ca",
        certificate.native() + " is not a CA of an ensemble; make one with 'zoowarden pki init'");
  }
  return authority;
}

}  // namespace

base::Result<CertificateInfo> InitCa(const fs::path& directory,
                                     const std::string& ensemble,
                                     sys::Clock& clock) {
  ZW_TRY(CheckEnsembleName(ensemble));
  const fs::path certificate = directory / "ca.pem";
  const fs::path key = directory / "ca.key";
  ZW_TRY(CheckAbsent({certificate, key}));
  const UnixTime now = Now(clock);
  ZW_ASSIGN(const KeyPair pair,
            MakeCa({.organization = ensemble,
                    .common_name = "zoowarden CA",
                    .not_before = now - kBackdate,
                    .not_after = now + kCaLifetime}));
  ZW_TRY(sys::EnsureDirectory(directory, 0700));
  ZW_TRY(
      WriteNewFiles({{key, pair.key_pem, kSecret}, {certificate, pair.certificate_pem, kPublic}}));
  return ParseCertificate(pair.certificate_pem);
}

base::Result<CertificateInfo> Issue(const IssueRequest& request, sys::Clock& clock) {
  ZW_ASSIGN(const Authority ca, LoadCa(request.ca_directory));
  const Identity identity{
      .ensemble = ca.info.organization, .role = request.role, .server = request.server};
  // Printing and parsing again holds the request to the same rules as a peer's certificate.
  ZW_TRY(ParseIdentity(identity.ToUri()));
  const fs::path ca_file = request.out_directory / "ca.pem";
  const fs::path certificate = request.out_directory / "cert.pem";
  const fs::path key = request.out_directory / "key.pem";
  ZW_TRY(CheckAbsent({ca_file, certificate, key}));
  const UnixTime now = Now(clock);
  const UnixTime not_after = now + request.lifetime;
  if (request.lifetime.count() <= 0 || not_after > ca.info.not_after) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "pki.outlives_ca",
                      "a certificate of " + std::to_string(request.lifetime.count()) +
                          " days must live at least a day and not longer than its CA; change its "
                          "lifetime or make a new CA");
  }
  ZW_ASSIGN(const KeyPair pair,
            MakeCertificate(ca.pair,
                            {.organization = ca.info.organization,
                             .common_name = CommonName(identity),
                             .uri = identity.ToUri(),
                             .for_servers = request.role == Role::kAgent,
                             .for_clients = true,
                             .not_before = now - kBackdate,
                             .not_after = not_after}));
  ZW_TRY(sys::EnsureDirectory(request.out_directory, 0700));
  ZW_TRY(WriteNewFiles({{key, pair.key_pem, kSecret},
                        {certificate, pair.certificate_pem, kPublic},
                        {ca_file, ca.pair.certificate_pem, kPublic}}));
  return ParseCertificate(pair.certificate_pem);
}

base::Result<CertificateInfo> Describe(const fs::path& file) {
  ZW_ASSIGN(const std::string pem, sys::ReadFile(file, kMaxPem));
  auto info = ParseCertificate(pem);
  if (!info) {
    return base::Fail(std::move(info).error().WithContext(file.native()));
  }
  return info;
}

}  // namespace zoowarden::pki
