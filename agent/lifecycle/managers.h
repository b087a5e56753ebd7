// Which manager starts and stops this instance.
#pragma once

#include "agent/lifecycle/service_manager.h"
#include "config/agent_file.h"

#include <filesystem>
#include <memory>

namespace zoowarden::agent {

[[nodiscard]] std::unique_ptr<ServiceManager> MakeServiceManager(
    const config::AgentConfig& config, const std::filesystem::path& launcher);

}  // namespace zoowarden::agent
