// Whether a configuration would start as a member of its ensemble, judged as that release line
// reads it. Asked of what was rendered, of what carrying over would make of it, and of what is on
// disk right before a start. Pure.
#pragma once

#include "agent/install/generations.h"
#include "base/error.h"
#include "model/ids.h"
#include "model/version.h"

#include <cstdint>

namespace zoowarden::agent {

struct StartCheck {
  model::Version version;
  model::ServerId server;
  std::uint32_t declared_servers = 0;
};

// `files` holds zoo.cfg and the dynamic file that it names, if it names one. Errors, all
// kFailedPrecondition: `config.standalone` (unless exactly one server is declared),
// `config.invalid` (the server would not start at all).
[[nodiscard]] base::Status ValidateStart(const StartCheck& check, const ConfigurationFiles& files);

}  // namespace zoowarden::agent
