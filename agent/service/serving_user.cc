#include "agent/service/serving_user.h"

#include "base/shell_word.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;

std::optional<std::string> FindNameOfUser(uid_t user) {
  std::array<char, 4096> texts{};
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(user, &entry, texts.data(), texts.size(), &found);
  return error == 0 && found != nullptr ? std::optional<std::string>(found->pw_name) : std::nullopt;
}

}  // namespace

uid_t ServingUser(const config::AgentConfig& config) {
  struct stat status {};
  const bool told = ::geteuid() == 0 && ::stat(config.state_directory.c_str(), &status) == 0;
  return told ? status.st_uid : ::geteuid();
}

std::string NameOfUser(uid_t user) { return FindNameOfUser(user).value_or(std::to_string(user)); }

base::Status CheckServingUser(const config::AgentConfig& config) {
  const uid_t user = ServingUser(config);
  if (user == ::geteuid()) {
    return base::Ok();
  }
  const auto name = FindNameOfUser(user);
  if (!name) {
    return base::Fail(ErrorCode::kFailedPrecondition,
                      "agent.other_user",
                      config.state_directory + " belongs to user " + NameOfUser(user) +
                          ", whom this machine does not know; type: useradd --system --uid " +
                          NameOfUser(user) +
                          " NAME, or give it to whom the agent is to serve as: chown -R NAME " +
                          base::ShellWord(config.state_directory));
  }
  return base::Fail(ErrorCode::kFailedPrecondition,
                    "agent.other_user",
                    config.state_directory + " belongs to " + *name +
                        ", as whom this agent serves, and could not read what root makes there; "
                        "run this as that user: runuser -u " +
                        *name + " -- zoowarden-agent ...");
}

}  // namespace zoowarden::agent
