#include "agent/service/surroundings.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

// As the kernel judges it, with groups and access lists.
bool MayWriteAs(const passwd& user, const fs::path& directory) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool changed = ::initgroups(user.pw_name, user.pw_gid) == 0 &&
                         ::setgid(user.pw_gid) == 0 && ::setuid(user.pw_uid) == 0;
    ::_exit(changed && ::access(directory.c_str(), W_OK | X_OK) == 0 ? 0 : 1);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

// ZooKeeper's logs and heap dumps would be lost, and a script that starts it would not even do
// that. One that is not there, or is empty and root's, is made the user's when the agent starts.
// Only root can look for another.
base::Status CheckLogDirectory(const config::InstanceConfig& instance, const passwd& user) {
  const fs::path& directory = instance.log_directory;
  struct stat status {};
  std::error_code ignored;
  if (::geteuid() != 0 || ::stat(directory.c_str(), &status) != 0 ||
      (status.st_uid == 0 && fs::is_empty(directory, ignored)) || MayWriteAs(user, directory)) {
    return base::Ok();
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "agent.not_writable",
              "instance.log_directory " + directory.string() +
                  " cannot be written by instance.user '" + instance.user +
                  "', who runs ZooKeeper; name another, or type: chown " + instance.user + ": " +
                  directory.string());
}

}  // namespace

base::Status CheckSurroundings(const config::AgentConfig& config) {
  const config::InstanceConfig& instance = config.instance;
  const passwd* user = instance.user.empty() ? nullptr : ::getpwnam(instance.user.c_str());
  if (!instance.user.empty() && user == nullptr) {
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
  ZW_TRY(CheckWritable("instance.generations", instance.generations));
  return user == nullptr ? base::Ok() : CheckLogDirectory(instance, *user);
}

}  // namespace zoowarden::agent
