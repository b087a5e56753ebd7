// The project's own certificate authority, kept in three files: ca.pem, ca.key and index.json
// (index.h). One command at a time works on them.
//
// An ensemble has one CA; whoever holds ca.key can become any of its agents and operators, so it
// belongs on the machine where certificates are issued and nowhere else. Keys are written 0600, and
// nothing is ever overwritten. Blocking; no state.
#pragma once

#include "base/error.h"
#include "pki/identity.h"
#include "pki/x509.h"
#include "sys/clock.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::pki {

using Days = std::chrono::duration<int, std::ratio<86400>>;

// Creates `directory` (0700) with ca.pem and ca.key; the CA is valid for ten years.
// kAlreadyExists `pki.exists` when one of its files is there.
[[nodiscard]] base::Result<CertificateInfo> InitCa(const std::filesystem::path& directory,
                                                   const std::string& ensemble,
                                                   sys::Clock& clock);

// Begins the index of a CA that was made before there was one: what it has issued until now is not
// in it. `pki.exists` when it has one.
[[nodiscard]] base::Result<CertificateInfo> AddIndex(const std::filesystem::path& directory);

struct IssueRequest {
  std::filesystem::path ca_directory;   // made by InitCa
  std::filesystem::path out_directory;  // gets ca.pem, cert.pem and key.pem
  Role role = Role::kViewer;
  std::optional<std::uint32_t> server;  // exactly for agents
  Days lifetime{365};
};

// A new key and certificate of the CA's ensemble. Agents may be both server and client of TLS,
// everybody else client only. On an error none of the three files is left behind; one that is
// refused (not: one whose files could not be written) left the index as it was. Errors:
// `pki.exists`, `pki.bad_identity`, `pki.outlives_ca`, and those of an unusable CA: `pki.no_ca`,
// `pki.wrong_key`, `pki.no_index`, `pki.damaged_index`, `pki.busy`.
[[nodiscard]] base::Result<CertificateInfo> Issue(const IssueRequest& request, sys::Clock& clock);

// What the first certificate of the file says.
[[nodiscard]] base::Result<CertificateInfo> Describe(const std::filesystem::path& file);

}  // namespace zoowarden::pki
