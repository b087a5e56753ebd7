// Whether an agent was reached and lets this certificate do nothing, or was not believed: another
// thing than one that does not answer.
#pragma once

#include "base/error.h"

namespace zoowarden::controller {

[[nodiscard]] inline bool IsDenial(const base::Error& error) {
  return error.Is(base::ErrorCode::kPermissionDenied) ||
         error.Is(base::ErrorCode::kUnauthenticated) ||
         // A handshake that failed reached nobody: its code stays kUnavailable.
         (error.Is(base::ErrorCode::kUnavailable) && error.reason().starts_with("pki."));
}

}  // namespace zoowarden::controller
