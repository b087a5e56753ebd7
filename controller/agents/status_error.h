// A gRPC status as an error of ours.
#pragma once

#include "base/error.h"

namespace grpc {
class Status;
}  // namespace grpc

namespace zoowarden::controller {

// Codes map one to one; what gRPC has and we have not becomes kInternal. The agent's reason comes
// in the status details. Text and reason are bounded and printable.
[[nodiscard]] base::Error ErrorOf(const grpc::Status& status);

}  // namespace zoowarden::controller
