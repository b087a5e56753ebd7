// The CA's directory while one command works on it. For this component's .cc files.
#pragma once

#include "base/error.h"
#include "pki/identity.h"
#include "pki/index.h"
#include "pki/x509.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <chrono>
#include <filesystem>
#include <string>

namespace zoowarden::pki {

// Other machines' clocks may be a little behind.
inline constexpr std::chrono::minutes kBackdate{5};

// Holds the directory's lock from Open to its end: one at a time, in this process and others.
class CaStore {
 public:
  // Waits up to ten seconds for the lock, then `pki.busy`. Also `pki.no_ca`, `pki.wrong_key` (the
  // CA's key is another's), and what ReadIndex gives. Changes nothing.
  [[nodiscard]] static base::Result<CaStore> Open(const std::filesystem::path& directory,
                                                  sys::Clock& clock);

  [[nodiscard]] const KeyPair& pair() const { return pair_; }
  [[nodiscard]] const CertificateInfo& info() const { return info_; }
  [[nodiscard]] const std::string& ensemble() const { return info_.organization; }
  [[nodiscard]] const Index& index() const { return index_; }
  [[nodiscard]] UnixTime Now() const;

  // Durable when it succeeds; index() stays as it was when it does not.
  [[nodiscard]] base::Status Save(Index index);

  // What a certificate of that name and end will say, under a new serial.
  // `pki.outlives_ca` when it would end before it begins or after the CA.
  [[nodiscard]] base::Result<CertificateSpec> Describe(const Identity& identity,
                                                       UnixTime lifetime) const;
  // The index with the certificate in it.
  [[nodiscard]] Index IndexWith(const CertificateSpec& spec) const;

 private:
  CaStore(std::filesystem::path directory, sys::UniqueFd lock, sys::Clock& clock)
      : directory_(std::move(directory)), lock_(std::move(lock)), clock_(&clock) {}

  std::filesystem::path directory_;
  sys::UniqueFd lock_;
  sys::Clock* clock_;
  KeyPair pair_;
  CertificateInfo info_;
  Index index_;
};

}  // namespace zoowarden::pki
