#include "tests/crash/tree.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

std::int64_t Nanoseconds(const timespec& time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return time.tv_sec * kSecond + time.tv_nsec;
}

std::string WhatIs(const fs::path& path, mode_t mode) {
  if (S_ISDIR(mode)) {
    return "/";
  }
  std::error_code gone;
  if (S_ISLNK(mode)) {
    return "-> " + fs::read_symlink(path, gone).string();
  }
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

void Add(const fs::path& path, const std::string& name, Tree& tree) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) {
    tree[name] = {.what = WhatIs(path, status.st_mode),
                  .mode = status.st_mode,
                  .modified_ns = Nanoseconds(status.st_mtim),
                  .changed_ns = Nanoseconds(status.st_ctim)};
  }
}

std::string DifferenceOf(const Node& before, const Node& after, Compare how) {
  if (before.what != after.what) {
    return " has other content";
  }
  if (before.mode != after.mode) {
    return " has another mode";
  }
  const bool touched =
      before.modified_ns != after.modified_ns || before.changed_ns != after.changed_ns;
  return how == Compare::kTimes && touched ? " was touched" : "";
}

}  // namespace

Tree ReadTree(const fs::path& root) {
  Tree tree;
  Add(root, ".", tree);
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end;
       entry.increment(error)) {
    Add(entry->path(), entry->path().lexically_relative(root), tree);
  }
  return tree;
}

std::string DifferenceOf(const Tree& before, const Tree& after, Compare how) {
  for (const auto& [path, node] : before) {
    const auto found = after.find(path);
    const std::string difference =
        found == after.end() ? " is gone" : DifferenceOf(node, found->second, how);
    if (!difference.empty()) {
      return path + difference;
    }
  }
  for (const auto& [path, node] : after) {
    if (!before.contains(path)) {
      return path + " is new";
    }
  }
  return "";
}

}  // namespace zoowarden::crash
