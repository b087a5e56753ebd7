// OpenPGP signatures of archives, judged by gpgv and by our own rule: only keys whose fingerprint
// is pinned in agent.yaml count, and only as long as gpgv says neither expired nor revoked.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

struct SignaturePolicy {
  std::filesystem::path keyring;          // absolute; public keys as "gpg --export" writes them
  std::vector<std::string> fingerprints;  // 40 or 64 hexadecimal digits, of primary keys or subkeys
};

// `signature` is the content of the detached signature file. `scratch` is a private directory for
// temporary files, left as it was found. Blocks for as long as gpgv takes (bounded).
//
// Errors, all kPermissionDenied unless said: `signature.` and `missing`, `too_large`, `unreadable`,
// `clear_signed`, `carries_data`, `several`, `wrong_key` (made by a key that is not in the
// keyring), `not_pinned`, `wrong_data` (made over another file), `not_binary`, `expired`,
// `expired_key`, `revoked`, `bad` (gpgv does not say what is wrong); kFailedPrecondition
// `signature.no_keyring`, `signature.no_gpgv`.
[[nodiscard]] base::Status VerifySignature(const SignaturePolicy& policy,
                                           const std::filesystem::path& archive,
                                           std::string_view signature,
                                           const std::filesystem::path& scratch);

// The judgement alone, from the lines that gpgv wrote to its status descriptor. Pure.
[[nodiscard]] base::Status JudgeSignature(std::string_view status_lines,
                                          const std::vector<std::string>& fingerprints);

}  // namespace zoowarden::agent
