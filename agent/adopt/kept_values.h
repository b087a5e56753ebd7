// Puts the values of secrets back that stay on the server: desired state names them as
// model::kKeptOnServer, and the agent takes them from what runs. Pure.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"
#include "zk/zoo_cfg.h"

#include <string>
#include <vector>

namespace zoowarden::agent {

struct RunningValues {
  zk::ZooCfg cfg;                         // of the current generation
  std::vector<std::string> command_line;  // of the running process; empty when there is none
};

// True when a value is to be put in.
[[nodiscard]] bool NeedsKeptValues(const model::ConfigurationSpec& configuration);

// kFailedPrecondition `config.no_kept_value` names the setting or option that nothing running has.
[[nodiscard]] base::Result<model::ConfigurationSpec> PutKeptValues(
    model::ConfigurationSpec configuration, const RunningValues& running);

}  // namespace zoowarden::agent
