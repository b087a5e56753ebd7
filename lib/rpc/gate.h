// The one gate that every call to our servers passes before its handler. Thread-safe.
#pragma once

#include "base/error.h"
#include "pki/identity.h"
#include "pki/peer_judge.h"
#include "rpc/refusal.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::rpc {

struct Caller {
  std::vector<std::string> uris;  // of the certificate that its handshake proved
  std::string certificate_pem;
  std::string method;  // "/zoowarden.v1.ObserveService/GetStatus"
};

// Exactly one URI, an identity of that ensemble: else kUnauthenticated `rpc.no_identity`,
// `rpc.other_ensemble`.
[[nodiscard]] base::Result<pki::Identity> IdentityOf(const std::vector<std::string>& uris,
                                                     const std::string& ensemble);

class Gate {
 public:
  // `on_refused` may be empty.
  Gate(std::string ensemble, std::shared_ptr<pki::PeerJudge> judge, RefusalSink on_refused)
      : ensemble_(std::move(ensemble)),
        judge_(std::move(judge)),
        on_refused_(std::move(on_refused)) {}

  // IdentityOf, what the judge refuses (pki/peer_judge.h), and kPermissionDenied `rpc.not_allowed`
  // for methods that the table does not allow to the caller's role. `on_refused` is told of each.
  [[nodiscard]] base::Status Check(const Caller& caller) const;

 private:
  [[nodiscard]] base::Status CheckIdentity(const pki::Identity& identity,
                                           const Caller& caller) const;
  void Report(std::string name, const Caller& caller, const base::Error& error) const;

  std::string ensemble_;
  std::shared_ptr<pki::PeerJudge> judge_;
  RefusalSink on_refused_;
};

}  // namespace zoowarden::rpc
