#include "agent/install/release_rules.h"

#include <algorithm>

namespace zoowarden::agent {

base::Status CheckReleaseAllowed(const config::ReleasePolicy& policy,
                                 const model::Version& version) {
  if (policy.floor && version < *policy.floor) {
    return base::Fail(base::ErrorCode::kPermissionDenied,
                      "release.below_floor",
                      "release " + version.ToString() + " is older than " +
                          policy.floor->ToString() +
                          ", releases.floor of agent.yaml; install a newer one");
  }
  if (std::find(policy.deny.begin(), policy.deny.end(), version) != policy.deny.end()) {
    return base::Fail(base::ErrorCode::kPermissionDenied,
                      "release.denied",
                      "release " + version.ToString() +
                          " is among releases.deny of agent.yaml; install another one");
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
