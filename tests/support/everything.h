// What lies below a directory, to be compared before and after a call that was refused.
#pragma once

#include "sys/digest.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>

namespace zoowarden::test {

// Every name with its mode, owner, inode and its content's digest (or a link's target); those that
// `skip` names are left out.
inline std::map<std::string, std::string> Everything(
    const std::filesystem::path& root,
    const std::function<bool(const std::filesystem::path&)>& skip = {}) {
  std::map<std::string, std::string> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    struct stat status {};
    if ((skip && skip(entry.path())) || ::lstat(entry.path().c_str(), &status) != 0) {
      continue;
    }
    std::ostringstream what;
    what << std::oct << status.st_mode << ' ' << status.st_uid << ' ' << status.st_ino << ' ';
    if (entry.is_symlink()) {
      what << std::filesystem::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      std::ostringstream content;
      content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      what << sys::Digest(sys::Hash::kSha256, content.str());
    }
    all[entry.path()] = what.str();
  }
  return all;
}

}  // namespace zoowarden::test
