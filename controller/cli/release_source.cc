#include "controller/cli/release_source.h"

#include "base/text.h"
#include "config/ensemble_file.h"
#include "model/discovery.h"
#include "sys/digest.h"
#include "sys/files.h"

#include <algorithm>
#include <filesystem>

namespace zoowarden::controller {

namespace {

constexpr std::size_t kMaxDigestFileBytes = 4096;
constexpr std::size_t kDigestDigits = 128;

base::Result<model::Version> VersionOf(const std::string& text) {
  const auto version = model::ParseVersion(text);
  if (!version || version->ToString() != text) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        "usage.bad_value",
        "--to cannot be '" + base::Printable(text) + "': use a version such as 3.9.4");
  }
  return *version;
}

// The sibling of the declared archive with the other version in its place, wherever that stands.
std::string Sibling(const model::ReleaseSpec& declared, const model::Version& version) {
  const auto before = declared.version.ToString();
  const auto after = version.ToString();
  std::string path = declared.source;
  for (auto at = path.find(before); at != std::string::npos;
       at = path.find(before, at + after.size())) {
    path.replace(at, before.size(), after);
  }
  return path;
}

base::Result<std::string> FindArchive(const model::ReleaseSpec& declared,
                                      const model::Version& version,
                                      const std::optional<std::string>& archive) {
  std::error_code ignored;
  if (archive) {
    auto path = std::filesystem::absolute(*archive).lexically_normal();
    if (!std::filesystem::is_regular_file(path, ignored)) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "usage.no_archive",
                        "there is no archive " + path.string());
    }
    return path.string();
  }
  auto path = Sibling(declared, version);
  if (path == declared.source || !std::filesystem::is_regular_file(path, ignored)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.no_archive",
                      "where is the archive of " + version.ToString() +
                          "? ensemble.yaml names that of " + declared.version.ToString() +
                          " only; add --release ARCHIVE, or write version and sha512 into "
                          "ensemble.yaml and `zoowarden apply`");
  }
  return path;
}

bool IsDigest(std::string_view text) {
  return text.size() == kDigestDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The first word of ARCHIVE.sha512, as sha512sum and the ASF write it; nullopt without the file.
base::Result<std::optional<std::string>> StatedDigest(const std::string& archive) {
  const auto path = archive + ".sha512";
  const auto text = sys::ReadFile(path, kMaxDigestFileBytes);
  if (!text && text.error().Is(base::ErrorCode::kNotFound)) {
    return std::nullopt;
  }
  if (!text) {
    return base::Fail(text.error());
  }
  const auto trimmed = base::Trim(*text);
  std::string digest(trimmed.substr(0, trimmed.find_first_of(" \t\r\n*")));
  std::transform(digest.begin(), digest.end(), digest.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  if (!IsDigest(digest)) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "release.bad_digest_file",
                      path + " does not begin with a SHA-512 digest");
  }
  return std::optional(digest);
}

}  // namespace

base::Result<model::ReleaseSpec> ResolveRelease(const model::ReleaseSpec& declared,
                                                const std::string& version,
                                                const std::optional<std::string>& archive) {
  ZW_ASSIGN(const auto wanted, VersionOf(version));
  if (wanted == declared.version && !archive) {
    return declared;
  }
  if (archive == config::kAdopted) {
    return model::ReleaseSpec{.version = wanted, .sha512 = std::string(model::kAdoptedRelease)};
  }
  model::ReleaseSpec release{.version = wanted};
  ZW_ASSIGN(release.source, FindArchive(declared, wanted, archive));
  ZW_ASSIGN(release.sha512, sys::DigestFile(sys::Hash::kSha512, release.source));
  ZW_ASSIGN(const auto stated, StatedDigest(release.source));
  if (stated && *stated != release.sha512) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "release.wrong_digest",
                      "the SHA-512 digest of " + release.source +
                          " is not the one that its .sha512 file states; fetch the archive again");
  }
  std::error_code ignored;
  if (std::filesystem::is_regular_file(release.source + ".asc", ignored)) {
    release.signature = release.source + ".asc";
  } else if (!declared.signature.empty()) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "release.no_signature",
                      "there is no signature " + release.source +
                          ".asc, and ensemble.yaml has one for the present release; fetch it too");
  }
  return release;
}

}  // namespace zoowarden::controller
