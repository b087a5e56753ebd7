// Whether a peer whose handshake succeeded may still be spoken with: asked at each call, because an
// open connection outlives the revocation of its certificate and the removal of its CA.
//
// gRPC's own revocation lists let everybody in when their directory is missing; here a list that is
// configured and cannot be used refuses everybody. Thread-safe; looks at the file (one stat) each
// time and reads it when it has changed.
#pragma once

#include "base/error.h"
#include "pki/crl.h"
#include "pki/x509.h"
#include "sys/clock.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::pki {

struct CrlState {
  std::uint64_t number = 0;
  UnixTime not_after{0};
};

class PeerJudge {
 public:
  // `crl` empty: none is configured. The clock must outlive it.
  PeerJudge(std::string ca_pem, std::filesystem::path crl, sys::Clock& clock);
  ~PeerJudge();
  PeerJudge(const PeerJudge&) = delete;
  PeerJudge& operator=(const PeerJudge&) = delete;

  // Another bundle is trusted from now on.
  void Trust(std::string ca_pem);

  // kUnauthenticated: `pki.expired`, `pki.removed_ca`, `pki.revoked` (also by a list that has
  // expired, or is incomplete), and for everybody when a list is configured and cannot be used:
  // `pki.crl_missing`, `pki.crl_unreadable`, `pki.crl_foreign`, `pki.crl_incomplete`,
  // `pki.crl_expired`. The first such refusal after a good one is logged.
  [[nodiscard]] base::Status Judge(const std::string& certificate_pem);

  // Whether Judge refused because of the list, and not because of the peer.
  [[nodiscard]] static bool IsUnusableCrl(const base::Error& error);

  // The list in use that ends first; nullopt when none is configured or it cannot be used.
  [[nodiscard]] std::optional<CrlState> FirstToEnd();

  // Puts a newer list in the place of the configured one, durably. Errors:
  // `pki.crl_not_configured`, `pki.older_crl` (a number below that of the present list of the same
  // CA, or the same with other certificates) and those of a list that could not be used.
  [[nodiscard]] base::Status Replace(const std::string& crl_pem);

 private:
  struct Lists;
  using Peer = std::shared_ptr<const CertificateInfo>;
  [[nodiscard]] base::Result<Peer> Read(const std::string& certificate_pem);
  // Of whatever age.
  [[nodiscard]] base::Result<std::shared_ptr<const Lists>> Load();
  [[nodiscard]] base::Status CheckUsable(const Lists& lists) const;
  [[nodiscard]] base::Error RefusedByList(const base::Error& why) const;
  [[nodiscard]] UnixTime Now() const;
  [[nodiscard]] base::Status CheckTimes(const std::vector<Crl>& crls) const;
  void LogOnce(const base::Status& status);

  const std::filesystem::path path_;
  sys::Clock* clock_;
  std::mutex mutex_;
  std::string ca_pem_;
  std::vector<std::string> ca_key_ids_;
  std::shared_ptr<const Lists> lists_;
  std::map<std::string, Peer, std::less<>> read_;  // by PEM text
  std::string logged_;  // reason of the last refusal by the list; empty = it was good
};

}  // namespace zoowarden::pki
