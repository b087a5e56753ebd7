#include "agent/install/signatures.h"

#include "base/text.h"
#include "sys/files.h"
#include "sys/subprocess.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <optional>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Status;

constexpr std::string_view kGpgv = "/usr/bin/gpgv";
constexpr std::string_view kPrefix = "[GNUPG:] ";
constexpr std::size_t kMaxSignatureBytes = 64 * 1024;
// doc/DETAILS of GnuPG, VALIDSIG: fingerprint, ..., signature class, primary key's fingerprint.
constexpr std::size_t kClassField = 8;
constexpr std::size_t kPrimaryField = 9;
constexpr std::string_view kBinaryClass = "00";

tl::unexpected<base::Error> Refuse(std::string_view reason, std::string message) {
  return Fail(ErrorCode::kPermissionDenied,
              "signature." + std::string(reason),
              "the release's signature is refused: " + std::move(message));
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

struct Judgement {
  int signatures = 0;  // NEWSIG
  int good = 0;
  bool wrong_data = false;
  bool expired_signature = false;
  bool expired_key = false;
  bool revoked = false;
  bool unknown_key = false;
  bool unreadable = false;
  bool embedded_data = false;
  std::optional<std::vector<std::string>> valid;  // VALIDSIG's fields
  int valid_count = 0;
};

void Read(const std::vector<std::string_view>& fields, Judgement& judgement) {
  const auto keyword = fields.front();
  if (keyword == "NEWSIG") {
    ++judgement.signatures;
  } else if (keyword == "GOODSIG") {
    ++judgement.good;
  } else if (keyword == "VALIDSIG") {
    ++judgement.valid_count;
    judgement.valid.emplace(fields.begin() + 1, fields.end());
  } else if (keyword == "EXPSIG") {
    judgement.expired_signature = true;
  } else if (keyword.starts_with("EXP")) {
    judgement.expired_key = true;
  } else if (keyword.starts_with("REV")) {
    judgement.revoked = true;
  } else if (keyword == "NO_PUBKEY") {
    judgement.unknown_key = true;
  } else if (keyword == "BADSIG") {
    judgement.wrong_data = true;
  } else if (keyword == "ERRSIG" || keyword == "NODATA" || keyword == "UNEXPECTED") {
    judgement.unreadable = true;
  } else if (keyword == "PLAINTEXT") {
    // The signature file brought its own data: that is what would have been verified.
    judgement.embedded_data = true;
  }
}

Judgement ReadStatus(std::string_view lines) {
  Judgement judgement;
  for (const auto line : base::Split(lines, '\n')) {
    if (line.starts_with(kPrefix)) {
      Read(base::Split(line.substr(kPrefix.size()), ' '), judgement);
    }
  }
  return judgement;
}

// RFC 4880 §4.2: the kind of the first packet of a binary file, -1 when it is none.
int FirstPacket(std::string_view file) {
  constexpr unsigned kIsPacket = 0x80;
  constexpr unsigned kNewForm = 0x40;
  const unsigned first = file.empty() ? 0U : static_cast<unsigned char>(file.front());
  if ((first & kIsPacket) == 0) {
    return -1;
  }
  return static_cast<int>((first & kNewForm) != 0 ? first & 0x3fU : (first >> 2U) & 0xfU);
}

// gpgv refuses messages beside a data file without a status line; this names them, no more.
Status NameMessages(std::string_view file) {
  if (file.find("-----BEGIN PGP SIGNED MESSAGE-----") != std::string_view::npos) {
    return Refuse("clear_signed", "it is a clear-signed text; a detached signature is needed");
  }
  constexpr std::array kMessages{4, 8, 11};  // one-pass signature, compressed, literal data
  if (file.find("-----BEGIN PGP MESSAGE-----") != std::string_view::npos ||
      std::find(kMessages.begin(), kMessages.end(), FirstPacket(file)) != kMessages.end()) {
    return Refuse("carries_data", "it brings its own data; a detached signature is needed");
  }
  return Ok();
}

Status JudgeFaults(const Judgement& judgement) {
  if (judgement.signatures > 1 || judgement.good > 1 || judgement.valid_count > 1) {
    return Refuse("several", "the file has more than one; keep the release manager's only");
  }
  if (judgement.embedded_data) {
    return Refuse("carries_data", "it brings its own data; a detached signature is needed");
  }
  if (judgement.revoked) {
    return Refuse("revoked", "its key is revoked; get an archive signed by a valid key");
  }
  if (judgement.expired_key) {
    return Refuse("expired_key", "its key has expired; update the keyring");
  }
  if (judgement.expired_signature) {
    return Refuse("expired", "it has expired; get a newer one");
  }
  if (judgement.unknown_key) {
    return Refuse("wrong_key",
                  "it was made by a key that is not in the keyring; get the archive and its "
                  "signature from the "
                  "release's own source, or add the key to signatures.keyring of agent.yaml");
  }
  if (judgement.wrong_data) {
    return Refuse("wrong_data", "it was made over another file; fetch both again");
  }
  if (judgement.unreadable) {
    return Refuse("unreadable", "it is no signature that gpgv can read; fetch it again");
  }
  return Ok();
}

bool IsPinned(const std::vector<std::string>& valid, const std::vector<std::string>& pinned) {
  return std::any_of(pinned.begin(), pinned.end(), [&](const std::string& fingerprint) {
    const std::string wanted = Upper(fingerprint);
    return !wanted.empty() && (valid.front() == wanted ||
                               (valid.size() > kPrimaryField && valid[kPrimaryField] == wanted));
  });
}

base::Result<std::string> RunGpgv(const SignaturePolicy& policy,
                                  const fs::path& archive,
                                  const fs::path& signature,
                                  const fs::path& home) {
  const sys::Program program{
      .executable = kGpgv,
      .arguments = {"--homedir",
                    home.native(),
                    "--keyring",
                    policy.keyring.native(),
                    "--status-fd",
                    "1",
                    "--",
                    signature.native(),
                    archive.native()},
      .environment = {"LC_ALL=C", "PATH=/usr/bin:/bin", "GNUPGHOME=" + home.native()},
      .directory = home,
      .input = {},
      .user = {},
      .timeout = std::chrono::minutes(2)};
  auto result = sys::RunProgram(program);
  if (!result) {
    return Fail(ErrorCode::kFailedPrecondition,
                "signature.no_gpgv",
                "cannot run " + std::string(kGpgv) + ": " + result.error().message() +
                    "; install the package gpgv");
  }
  return std::move(result->output);
}

}  // namespace

Status JudgeSignature(std::string_view status_lines, const std::vector<std::string>& fingerprints) {
  const Judgement judgement = ReadStatus(status_lines);
  ZW_TRY(JudgeFaults(judgement));
  const bool one = judgement.signatures == 1 && judgement.good == 1 && judgement.valid_count == 1;
  if (!one || !judgement.valid || judgement.valid->size() <= kClassField) {
    return Refuse("bad", "it is not one good detached signature of this archive; fetch both again");
  }
  if (judgement.valid->at(kClassField) != kBinaryClass) {
    return Refuse("not_binary",
                  "it was made over text, which archives are not; get a detached binary signature");
  }
  if (!IsPinned(*judgement.valid, fingerprints)) {
    return Refuse("not_pinned",
                  "key " + base::Printable(judgement.valid->front(), 64) +
                      " is not among signatures.fingerprints of agent.yaml; add it if you trust "
                      "it, or get an "
                      "archive signed by one of them");
  }
  return Ok();
}

Status VerifySignature(const SignaturePolicy& policy,
                       const fs::path& archive,
                       std::string_view signature,
                       const fs::path& scratch) {
  if (base::Trim(signature).empty()) {
    return Refuse("missing",
                  "there is none; have it beside the archive of --release, as ARCHIVE.asc, or name "
                  "it under release.signature in ensemble.yaml");
  }
  if (signature.size() > kMaxSignatureBytes) {
    return Refuse("too_large", "it is larger than 64 KiB; name the signature, not the archive");
  }
  ZW_TRY(NameMessages(signature));
  std::error_code ignored;
  if (!policy.keyring.is_absolute() || !fs::is_regular_file(policy.keyring, ignored)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "signature.no_keyring",
                policy.keyring.empty()
                    ? "the release brings a signature, and agent.yaml names no keyring to judge it "
                      "by; name one under signatures.keyring, or leave the signature out"
                    : "keyring '" + policy.keyring.native() +
                          "' is not there; check signatures.keyring in agent.yaml");
  }
  ZW_ASSIGN(const auto home, sys::TempDir::Create(scratch, "gpgv-"));
  const fs::path file = home.path() / "signature";
  ZW_TRY(sys::WriteFileAtomically(file, signature, 0600));
  ZW_ASSIGN(const std::string status, RunGpgv(policy, archive, file, home.path()));
  return JudgeSignature(status, policy.fingerprints);
}

}  // namespace zoowarden::agent
