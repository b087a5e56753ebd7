#include "agent/service/own_directories.h"

#include "base/log.h"
#include "base/shell_word.h"
#include "sys/errno_error.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;

constexpr mode_t kPermissions = 07777;
constexpr int kMostLinks = 40;  // as the kernel

std::string Octal(mode_t mode) {
  std::string digits;
  for (unsigned rest = mode & kPermissions; rest > 0; rest /= 8) {
    digits.insert(digits.begin(), static_cast<char>('0' + rest % 8));
  }
  return "0" + digits;
}

// Asked at the start only, when there is one thread.
std::string NameOf(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : std::to_string(user);
}

bool IsTrusted(uid_t user) { return user == 0 || user == ::geteuid(); }

base::Error Writable(const fs::path& directory, const fs::path& own, mode_t mode, const char* who) {
  return {ErrorCode::kFailedPrecondition,
          "directory.writable",
          directory.native() + " has mode " + Octal(mode) +
              ", so others than its owner can exchange what the agent keeps in " + own.native() +
              "; look who has written there, and type: chmod " + who + "-w " +
              base::ShellWord(directory.native())};
}

base::Error Owned(const fs::path& path, const fs::path& own, uid_t owner) {
  return {ErrorCode::kFailedPrecondition,
          "directory.owner",
          path.native() + " belongs to " + NameOf(owner) +
              ", who can exchange what the agent keeps in " + own.native() +
              "; name a place elsewhere in agent.yaml, or type: chown " + NameOf(::geteuid()) +
              " " + base::ShellWord(path.native())};
}

base::Status CheckOwn(const fs::path& path, const fs::path& own) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return Fail(sys::ErrnoError("look at", path.native(), errno));
  }
  if (!IsTrusted(status.st_uid)) {
    return Fail(Owned(path, own, status.st_uid));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(Writable(path, own, status.st_mode, "go"));
  }
  return base::Ok();
}

// Those of one agent, so that what several have in common is said once.
class Ways {
 public:
  // The directory itself and each one in which a name on the way to it is looked up; those that
  // are not there yet are the agent's to make.
  base::Status Check(const fs::path& own);

 private:
  base::Status CheckAbove(const fs::path& directory, const fs::path& own);

  std::set<fs::path> warned_;
};

base::Status Ways::CheckAbove(const fs::path& directory, const fs::path& own) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    return Fail(sys::ErrnoError("look at", directory.native(), errno));
  }
  if ((status.st_mode & S_ISVTX) != 0 && IsTrusted(status.st_uid)) {
    return base::Ok();
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return Fail(Writable(directory, own, status.st_mode, "o"));
  }
  const bool of_others = !IsTrusted(status.st_uid);
  const bool of_a_group = (status.st_mode & S_IWGRP) != 0 && status.st_gid != 0;
  if ((of_others || of_a_group) && warned_.insert(directory).second) {
    base::LogWarn((of_others ? Owned(directory, own, status.st_uid)
                             : Writable(directory, own, status.st_mode, "g"))
                      .message());
  }
  return base::Ok();
}

base::Status Ways::Check(const fs::path& own) {
  std::vector<fs::path> rest;  // the last one is next
  const auto go_on_by = [&rest](const fs::path& path) {
    const std::vector<fs::path> names(path.begin(), path.end());
    rest.insert(rest.end(), names.rbegin(), names.rend());
  };
  fs::path at = "/";
  int links = 0;
  for (go_on_by(own); !rest.empty();) {
    const fs::path name = rest.back();
    rest.pop_back();
    if (name.empty() || name == ".") {
      continue;
    }
    ZW_TRY(CheckAbove(at, own));
    const fs::path next = name == ".." ? at.parent_path() : at / name;
    struct stat status {};
    if (::lstat(next.c_str(), &status) != 0) {
      const int error = errno;
      return error == ENOENT ? base::Ok() : Fail(sys::ErrnoError("look at", next.native(), error));
    }
    if (!S_ISLNK(status.st_mode)) {
      at = next;
      continue;
    }
    std::error_code error;
    const fs::path target = fs::read_symlink(next, error);
    if (error || ++links > kMostLinks) {
      return Fail(sys::ErrnoError("follow", next.native(), error ? error.value() : ELOOP));
    }
    go_on_by(target);
  }
  return CheckOwn(at, own);
}

}  // namespace

base::Status CheckOwnDirectories(const config::AgentConfig& config) {
  const fs::path state = config.state_directory;
  const fs::path key = config.pki.key;
  Ways ways;
  for (const fs::path& own : {state,
                              state / "uploads",
                              fs::path(config.instance.releases),
                              fs::path(config.instance.generations),
                              fs::path(config.pki.certificate).parent_path(),
                              key.parent_path(),
                              key}) {
    if (!own.empty()) {
      ZW_TRY(ways.Check(own));
    }
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
