// zoo.cfg from typed values. Structured, not templated: every line is a setting that was checked or
// a line that Zoowarden owns (directories, client port, members). Pure.
#pragma once

#include "agent/render/configuration.h"
#include "base/error.h"

#include <string>

namespace zoowarden::agent {

// Errors, kInvalidArgument: `config.setting` (model/setting_rules.h says why), `config.members`
// (this server is not declared, or a host that is no host), `config.directory`.
[[nodiscard]] base::Result<std::string> RenderZooCfg(const RenderRequest& request);

}  // namespace zoowarden::agent
