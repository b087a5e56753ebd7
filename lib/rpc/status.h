// Our errors across the wire: code, message, and the reason in the status details.
#pragma once

#include "base/error.h"

namespace grpc {
class Status;
}  // namespace grpc

namespace zoowarden::rpc {

[[nodiscard]] grpc::Status ToGrpcStatus(const base::Error& error);
[[nodiscard]] grpc::Status ToGrpcStatus(const base::Status& status);

// For the gate before the handlers, whose status details gRPC drops: the reason stands at the end
// of the message instead, "... (pki.revoked)", where ToError finds it.
[[nodiscard]] grpc::Status ToGateStatus(const base::Error& error);

// The other side is not trusted: the message is made printable and bounded, a reason that is not of
// the form of a reason is dropped, and codes that we do not use become kInternal.
[[nodiscard]] base::Error ToError(const grpc::Status& status);
[[nodiscard]] base::Status ToStatus(const grpc::Status& status);

}  // namespace zoowarden::rpc
