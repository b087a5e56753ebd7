// Everything in one generation's conf directory, rendered from values. Pure: same input, same
// bytes.
#pragma once

#include "agent/install/generations.h"
#include "base/error.h"
#include "model/ensemble.h"
#include "model/ids.h"
#include "model/observation.h"
#include "model/version.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace zoowarden::agent {

struct RenderRequest {
  model::Version version;
  model::ConfigurationSpec configuration;  // settings merged for this server
  model::ServerId server;
  std::vector<model::Member> members;  // all declared ones, this server among them
  std::uint16_t client_port = 0;
  // This machine's own, from agent.yaml.
  std::filesystem::path data_directory;
  std::filesystem::path data_log_directory;  // empty or the same = data_directory
  std::filesystem::path log_directory;
};

// zoo.cfg, java.env, the logging configuration of that release line (log4j.properties before 3.8,
// logback.xml from 3.8 on, a default where no template gives one) and the rendered templates.
// Errors: kInvalidArgument `config.*`, naming the key, option or file.
[[nodiscard]] base::Result<ConfigurationFiles> RenderConfiguration(const RenderRequest& request);

// Reads zoo.cfg as that release line would and refuses what would not run as this member:
// `config.standalone` (such a server would acknowledge writes alone) unless exactly one server is
// declared, `config.unreadable`. Call it before any stop.
[[nodiscard]] base::Status ValidateConfiguration(const RenderRequest& request,
                                                 const ConfigurationFiles& files);

}  // namespace zoowarden::agent
