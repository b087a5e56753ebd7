#include "rpc/gate.h"

#include "rpc/method_table.h"

namespace zoowarden::rpc {

base::Result<pki::Identity> IdentityOf(const std::vector<std::string>& uris,
                                       const std::string& ensemble) {
  if (uris.size() != 1) {
    return base::Fail(base::ErrorCode::kUnauthenticated,
                      "rpc.no_identity",
                      "your certificate has " + std::to_string(uris.size()) +
                          " URI names instead of one; issue one with 'zoowarden pki issue'");
  }
  auto identity = pki::ParseIdentity(uris[0]);
  if (!identity) {
    return base::Fail(base::ErrorCode::kUnauthenticated,
                      "rpc.no_identity",
                      "your certificate is refused: " + identity.error().message());
  }
  if (identity->ensemble != ensemble) {
    return base::Fail(base::ErrorCode::kUnauthenticated,
                      "rpc.other_ensemble",
                      "your certificate is for ensemble " + identity->ensemble + ", this is " +
                          ensemble + "; use that ensemble's certificate");
  }
  return identity;
}

base::Status Gate::Check(const Caller& caller) const {
  const auto identity = IdentityOf(caller.uris, ensemble_);
  if (!identity) {
    Report("(no identity)", caller, identity.error());
    return base::Fail(identity.error());
  }
  auto passed = CheckIdentity(*identity, caller);
  if (!passed) {
    Report(identity->ToUri(), caller, passed.error());
  }
  return passed;
}

base::Status Gate::CheckIdentity(const pki::Identity& identity, const Caller& caller) const {
  auto judged = judge_->Judge(caller.certificate_pem);
  const bool mending =
      !judged && caller.method == kPutCrl && pki::PeerJudge::IsUnusableCrl(judged.error());
  if (!judged && !mending) {
    return judged;
  }
  return Authorize(caller.method, identity.role);
}

void Gate::Report(std::string name, const Caller& caller, const base::Error& error) const {
  if (on_refused_) {
    // A caller may invent any path.
    on_refused_({.caller = std::move(name),
                 .method = IsMethod(caller.method) ? caller.method : "(unknown)",
                 .error = error});
  }
}

}  // namespace zoowarden::rpc
