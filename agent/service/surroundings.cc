#include "agent/service/surroundings.h"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;

// The directory, or the nearest one above it that is there, must take files.
base::Status CheckWritable(const std::string& key, const fs::path& directory) {
  fs::path present = directory;
  std::error_code ignored;
  while (!fs::exists(present, ignored) && present.has_relative_path()) {
    present = present.parent_path();
  }
  if (::access(present.c_str(), W_OK | X_OK) == 0) {
    return base::Ok();
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "agent.not_writable",
              key + " " + directory.string() + " cannot be written: " + present.string() + ": " +
                  std::strerror(errno) + "; name another, or let the agent's user write there");
}

}  // namespace

base::Status CheckSurroundings(const config::AgentConfig& config) {
  const config::InstanceConfig& instance = config.instance;
  if (!instance.user.empty() && ::getpwnam(instance.user.c_str()) == nullptr) {
    return Fail(ErrorCode::kFailedPrecondition,
                "agent.no_user",
                "instance.user '" + instance.user + "' is no user of this machine; create it");
  }
  const fs::path java = fs::path(instance.java_home) / "bin" / "java";
  if (!instance.java_home.empty() && ::access(java.c_str(), X_OK) != 0) {
    return Fail(ErrorCode::kFailedPrecondition,
                "agent.no_java",
                "instance.java_home has no program " + java.string() +
                    "; name the directory of a JDK or JRE");
  }
  ZW_TRY(CheckWritable("state_directory", config.state_directory));
  ZW_TRY(CheckWritable("instance.releases", instance.releases));
  return CheckWritable("instance.generations", instance.generations);
}

}  // namespace zoowarden::agent
