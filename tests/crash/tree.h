// What lies below a directory, for comparing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace zoowarden::crash {

struct Node {
  std::string what;  // a file's bytes, "-> " and a link's target, or "/"
  unsigned int mode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  // by the kernel's clock: whoever writes cannot put it back
};

// By the path below the directory, which is "." itself. Empty when there is none.
using Tree = std::map<std::string, Node>;
[[nodiscard]] Tree ReadTree(const std::filesystem::path& root);

enum class Compare {
  kContent,  // the same is there, with the same modes
  kTimes,    // and nobody has touched it
};

// Empty, or the first path that one of them has otherwise, and how.
[[nodiscard]] std::string DifferenceOf(const Tree& before, const Tree& after, Compare how);

}  // namespace zoowarden::crash
