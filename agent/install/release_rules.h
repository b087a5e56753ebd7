// Which releases agent.yaml lets in, whatever a controller says.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"
#include "model/version.h"

namespace zoowarden::agent {

// For the way forward only. Errors, kPermissionDenied: `release.below_floor`, `release.denied`.
[[nodiscard]] base::Status CheckReleaseAllowed(const config::ReleasePolicy& policy,
                                               const model::Version& version);

}  // namespace zoowarden::agent
