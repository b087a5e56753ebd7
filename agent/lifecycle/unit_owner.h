// Whose a unit is: agent.yaml may name one that is somebody else's, and what runs in it must then
// neither be stopped nor started as something else.
#pragma once

#include "agent/lifecycle/launch.h"
#include "base/error.h"
#include "systemd/unit_control.h"

#include <filesystem>
#include <string>

namespace zoowarden::agent {

// Ok when nothing runs in `unit` but what belongs to this instance: our launcher, a ZooKeeper on
// our data, or a script around ZooKeeper that no server is below any more. kFailedPrecondition
// `start.unit_of_another` names the process, `start.unit_unclear` one that may be this server's.
// Looks at every process of `proc`.
[[nodiscard]] base::Status CheckUnitIsOurs(const std::string& unit,
                                           const systemd::UnitState& state,
                                           const LaunchSettings& settings,
                                           const std::filesystem::path& proc);

}  // namespace zoowarden::agent
