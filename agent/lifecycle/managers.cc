#include "agent/lifecycle/managers.h"

#include "agent/lifecycle/systemd_manager.h"
#include "agent/lifecycle/sysv_manager.h"
#include "agent/lifecycle/transient_manager.h"
#include "agent/lifecycle/zkserver_manager.h"
#include "systemd/booted.h"

#include <unistd.h>

namespace zoowarden::agent {

std::unique_ptr<ServiceManager> MakeServiceManager(const config::AgentConfig& config,
                                                   const std::filesystem::path& launcher) {
  const config::InstanceConfig& instance = config.instance;
  const LaunchSettings settings{.launcher = launcher,
                                .current = std::filesystem::path(instance.generations) / "current",
                                .data_directory = instance.data_directory,
                                .data_log_directory = instance.data_log_directory,
                                .log_directory = instance.log_directory,
                                .java_home = instance.java_home,
                                .user = instance.user};
  const auto by_unit = [&] {
    return std::make_unique<SystemdManager>(
        instance.unit, settings, UnitDropIn(instance.unit), systemd::Connect);
  };
  if (instance.manager == "systemd") {
    return by_unit();
  }
  if (instance.manager == "sysv") {
    const SysvSettings sysv{.script = instance.init_script,
                            .pid_file = instance.pid_file,
                            .unit = instance.unit,
                            .connect = systemd::Booted() ? systemd::Connect : systemd::Connector()};
    return sysv.connect
               ? std::make_unique<SysvManager>(sysv, by_unit())
               : std::make_unique<SysvManager>(sysv, std::make_unique<ZkserverManager>(settings));
  }
  // Without the right to make units (a transient one may be anybody's, so no rule grants it to an
  // unprivileged agent) the server is in the agent's control group, and KillMode=process of the
  // agent's unit keeps it alive.
  if (systemd::Booted() && geteuid() == 0) {
    return std::make_unique<TransientManager>(
        TransientUnitName(config.ensemble, config.server), settings, systemd::Connect);
  }
  return std::make_unique<ZkserverManager>(settings);
}

}  // namespace zoowarden::agent
