// The first installation of one server, before any run: the one time when Zoowarden creates
// something in a data directory (version-2 and myid), and only in an empty one.
#pragma once

#include "agent/service/instance.h"
#include "base/error.h"
#include "config/agent_file.h"
#include "model/ensemble.h"
#include "sys/clock.h"

#include <filesystem>
#include <string>

namespace zoowarden::agent {

struct FirstInstallation {
  std::filesystem::path archive;
  std::filesystem::path signature;  // empty = none
  model::EnsembleSpec ensemble;
};

// Verifies and unpacks the release, makes the generation, prepares the data directory, switches
// `current` and starts the server; returns when its process exists. Repeatable: one that failed or
// was cut off is finished by the next call, which may bring another generation as long as the
// server has written nothing. Refusals: `install.not_first` (a generation is current, or a data
// directory holds anything, and it is not the work of such a call), `install.other_generation`,
// `install.data_gone`, `install.other_ensemble`, `install.plugins` (the controller runs those, this
// command cannot).
[[nodiscard]] base::Result<model::Process> InstallFirst(config::AgentConfig config,
                                                        const FirstInstallation& request,
                                                        sys::Clock& clock);

}  // namespace zoowarden::agent
