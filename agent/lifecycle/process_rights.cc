#include "agent/lifecycle/process_rights.h"

#include "base/text.h"
#include "sys/files.h"

#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStatus = 1024UL * 1024;

struct Rights {
  bool capable = false;  // of anything: no reason to ask of what
  std::set<std::uint64_t> users;
  std::set<std::uint64_t> groups;
};

std::string_view LineOf(std::string_view text, std::string_view name) {
  for (const std::string_view line : base::Split(text, '\n')) {
    if (line.starts_with(name)) {
      return line.substr(name.size());
    }
  }
  return "";
}

std::set<std::uint64_t> Numbers(std::string_view line) {
  std::set<std::uint64_t> numbers;
  std::string blanks(line);
  std::replace(blanks.begin(), blanks.end(), '\t', ' ');
  for (const std::string_view word : base::Split(blanks, ' ')) {
    if (const auto number = base::ParseUnsigned(std::string(word))) {
      numbers.insert(*number);
    }
  }
  return numbers;
}

std::optional<Rights> RightsOf(const fs::path& status) {
  const auto text = sys::ReadFile(status, kMaxStatus);
  const std::string_view capabilities = base::Trim(text ? LineOf(*text, "CapEff:") : "");
  if (capabilities.empty()) {
    return std::nullopt;
  }
  Rights rights{.capable = capabilities.find_first_not_of('0') != std::string_view::npos,
                .users = Numbers(LineOf(*text, "Uid:")),
                .groups = Numbers(LineOf(*text, "Gid:"))};
  rights.groups.merge(Numbers(LineOf(*text, "Groups:")));
  return rights;
}

// Access lists name users of their own.
bool HasAccessList(const fs::path& path) {
  return getxattr(path.c_str(), XATTR_NAME_POSIX_ACL_ACCESS, nullptr, 0) > 0;
}

bool MayWrite(const Rights& rights, const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return true;
  }
  return (status.st_mode & S_IWOTH) != 0 || rights.users.contains(status.st_uid) ||
         ((status.st_mode & S_IWGRP) != 0 && rights.groups.contains(status.st_gid)) ||
         HasAccessList(path);
}

// In a user namespace of its own, or through a mount that maps users, a process is another user on
// the disk than the one that is told (user_namespaces(7), mount_setattr(2)).
bool IsWhoItSeems(const fs::path& proc, std::int32_t pid) {
  const auto read = [&](const std::string& of, const char* name) {
    return sys::ReadFile(proc / of / name, kMaxStatus).value_or("");
  };
  const std::string process = std::to_string(pid);
  return read(process, "uid_map") == read("self", "uid_map") &&
         read(process, "mountinfo").find("idmapped") == std::string::npos;
}

}  // namespace

std::string AskRoot() { return geteuid() == 0 ? "" : "; run the agent as root"; }

bool MayWrite(const fs::path& proc, std::int32_t pid, const fs::path& directory) {
  const auto rights = RightsOf(proc / std::to_string(pid) / "status");
  const fs::path below = directory / "version-2";  // which has perhaps another owner
  struct stat status {};
  return !rights || rights->capable || !IsWhoItSeems(proc, pid) || MayWrite(*rights, directory) ||
         (stat(below.c_str(), &status) == 0 && MayWrite(*rights, below));
}

}  // namespace zoowarden::agent
