// java.env, which zkEnv.sh of every release line sources as shell code before the start. Pure.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"

#include <string>

namespace zoowarden::agent {

// zkServer.sh expands the options unquoted, so an option is one word: blanks are refused, and so is
// what could run a command (backquotes, "$(", "${", -XX:OnError and the like) or replace the class
// path. Everything else is quoted for the shell. Errors: kInvalidArgument `config.java_heap`,
// `config.java_option`.
[[nodiscard]] base::Result<std::string> RenderJavaEnv(const model::JavaSpec& java);

}  // namespace zoowarden::agent
