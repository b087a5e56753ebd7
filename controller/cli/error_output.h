// Errors as people and programs read them.
#pragma once

#include "base/error.h"
#include "controller/cli/document.h"

#include <string>

namespace zoowarden::controller {

// What to do about it, beyond what the message says; empty when the message says it all.
[[nodiscard]] std::string NextAction(const base::Error& error);

// {schema_version, error: {code, reason, message, exit_code, next}}; see docs/json.md.
[[nodiscard]] Document ErrorDocument(const base::Error& error);

}  // namespace zoowarden::controller
