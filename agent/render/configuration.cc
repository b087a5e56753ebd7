#include "agent/render/configuration.h"

#include "agent/install/carry_over.h"
#include "agent/install/conf_files.h"
#include "agent/render/java_env.h"
#include "agent/render/logging_defaults.h"
#include "agent/render/start_check.h"
#include "agent/render/template_file.h"
#include "agent/render/zoo_cfg_renderer.h"
#include "base/text.h"

#include <string>
#include <utility>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::string_view kJavaEnv = "java.env";
constexpr std::string_view kEnvironment = "zookeeper-env.sh";

TemplateValues ValuesFor(const RenderRequest& request) {
  TemplateValues values;
  const auto& data_log =
      request.data_log_directory.empty() ? request.data_directory : request.data_log_directory;
  values.variables = {{"version", request.version.ToString()},
                      {"server_id", model::ToString(request.server)},
                      {"client_port", std::to_string(request.client_port)},
                      {"data_directory", request.data_directory},
                      {"data_log_directory", data_log},
                      {"log_directory", request.log_directory}};
  auto& members = values.lists["members"];
  for (const auto& member : request.members) {
    members.push_back({{"id", model::ToString(member.id)},
                       {"host", member.host},
                       {"quorum_port", std::to_string(member.quorum_port)},
                       {"election_port", std::to_string(member.election_port)},
                       {"role", std::string(model::RoleName(member.role))}});
    if (member.id == request.server) {
      values.variables["host"] = member.host;
      values.variables["role"] = model::RoleName(member.role);
    }
  }
  auto& settings = values.lists["settings"];
  for (const auto& [key, value] : request.configuration.settings) {
    settings.push_back({{"key", key}, {"value", value}});
  }
  return values;
}

Status CheckName(const std::string& name) {
  // zkEnv.sh of every release sources both: no call brings a command.
  if (name == kJavaEnv || name == kEnvironment) {
    return Fail(base::ErrorCode::kInvalidArgument,
                "config.file_is_script",
                "file '" + name +
                    "' would be run by ZooKeeper's start scripts; put the options of the JVM under "
                    "config.java, and remove its template");
  }
  if (name == kZooCfg || DynamicFileVersion(name)) {
    return Fail(base::ErrorCode::kInvalidArgument,
                "config.file_conflict",
                "file '" + name + "' is rendered from the settings; remove its template");
  }
  if (!IsPlainFileName(name)) {
    return Fail(base::ErrorCode::kInvalidArgument,
                "config.file_name",
                "'" + base::Printable(name, 120) +
                    "' is no plain file name; use letters, digits, '.', '_' and '-'");
  }
  return Ok();
}

}  // namespace

Result<ConfigurationFiles> RenderConfiguration(const RenderRequest& request) {
  ConfigurationFiles files;
  ZW_ASSIGN(files[std::string(kZooCfg)], RenderZooCfg(request));
  const auto values = ValuesFor(request);
  for (const auto& file : request.configuration.files) {
    ZW_TRY(CheckName(file.name));
    if (files.contains(file.name)) {
      return Fail(base::ErrorCode::kInvalidArgument,
                  "config.file_conflict",
                  "file '" + file.name + "' has two templates; remove one");
    }
    ZW_ASSIGN(files[file.name], RenderTemplate(file, values));
  }
  ZW_ASSIGN(files[std::string(kJavaEnv)], RenderJavaEnv(request.configuration.java));
  const auto logging = LoggingDefaultFor(request.version);
  files.emplace(logging.file_name, logging.content);
  return files;
}

Status ValidateConfiguration(const RenderRequest& request, const ConfigurationFiles& files) {
  return ValidateStart({.version = request.version,
                        .server = request.server,
                        .declared_servers = static_cast<std::uint32_t>(request.members.size())},
                       files);
}

}  // namespace zoowarden::agent
