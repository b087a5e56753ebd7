// A Begin call as the runner takes it. The caller is authenticated, its input is not trusted.
#pragma once

#include "agent/operation/calls.h"
#include "base/error.h"

namespace zoowarden::v1 {
class BeginRequest;
}  // namespace zoowarden::v1

namespace zoowarden::agent {

// kInvalidArgument "begin.*" names the field.
[[nodiscard]] base::Result<BeginRequest> FromWire(const v1::BeginRequest& wire);

}  // namespace zoowarden::agent
