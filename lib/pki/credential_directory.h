// Where certificate and key are exchanged at one stroke: a directory that is reached through a
// symbolic link, PKI -> PKI-<serial>. A new set is a new directory and one switch of the link.
#pragma once

#include "base/error.h"
#include "pki/credentials.h"

#include <filesystem>
#include <string>

namespace zoowarden::pki {

// Whether InstallCredentials could do its work there: certificate and key must be in one directory,
// which is a link, or absent, or empty. Changes nothing. `pki.not_switchable` says what to type.
[[nodiscard]] base::Status CheckSwitchable(const CredentialFiles& files);

struct CredentialTexts {
  std::string ca_pem;  // empty: the CA's file stays as it is
  std::string certificate_pem;
  std::string key_pem;
};

// Durable, whole or not at all; repeated, it does nothing. What else lies in the directory is
// copied along, a link as a link. Directories that this function made before are removed: no old
// key stays behind.
[[nodiscard]] base::Status InstallCredentials(const CredentialFiles& files,
                                              const CredentialTexts& texts);

}  // namespace zoowarden::pki
