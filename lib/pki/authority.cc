#include "pki/authority.h"

#include "pki/ca_store.h"
#include "pki/credentials.h"
#include "pki/index.h"
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

}  // namespace

base::Result<CertificateInfo> InitCa(const fs::path& directory,
                                     const std::string& ensemble,
                                     sys::Clock& clock) {
  ZW_TRY(CheckEnsembleName(ensemble));
  const fs::path certificate = directory / "ca.pem";
  const fs::path key = directory / "ca.key";
  ZW_TRY(CheckAbsent({certificate, key, directory / "index.json"}));
  const UnixTime now = Now(clock);
  ZW_ASSIGN(const KeyPair pair,
            MakeCa({.serial = NewSerial(),
                    .organization = ensemble,
                    .common_name = "zoowarden CA",
                    .not_before = now - kBackdate,
                    .not_after = now + kCaLifetime}));
  ZW_TRY(sys::EnsureDirectory(directory, 0700));
  ZW_TRY(
      WriteNewFiles({{key, pair.key_pem, kSecret}, {certificate, pair.certificate_pem, kPublic}}));
  ZW_TRY(WriteIndex(directory, {}));
  return ParseCertificate(pair.certificate_pem);
}

base::Result<CertificateInfo> AddIndex(const fs::path& directory) {
  ZW_ASSIGN(auto info, Describe(directory / "ca.pem"));
  ZW_TRY(CheckAbsent({directory / "index.json"}));
  ZW_TRY(WriteIndex(directory, {}));
  return info;
}

base::Result<CertificateInfo> Issue(const IssueRequest& request, sys::Clock& clock) {
  ZW_ASSIGN(CaStore ca, CaStore::Open(request.ca_directory, clock));
  const CredentialFiles files = FilesIn(request.out_directory);
  ZW_TRY(CheckAbsent({files.ca, files.certificate, files.key}));
  ZW_ASSIGN(const CertificateSpec spec,
            ca.Describe({.ensemble = ca.ensemble(), .role = request.role, .server = request.server},
                        request.lifetime));
  ZW_TRY(sys::EnsureDirectory(request.out_directory, 0700));
  ZW_TRY(ca.Save(ca.IndexWith(spec)));
  ZW_ASSIGN(const KeyPair pair, MakeCertificate(ca.pair(), spec));
  ZW_TRY(WriteNewFiles({{files.key, pair.key_pem, kSecret},
                        {files.certificate, pair.certificate_pem, kPublic},
                        {files.ca, ca.pair().certificate_pem, kPublic}}));
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
