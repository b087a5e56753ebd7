#include "model/znode.h"

#include <algorithm>

namespace zoowarden::model {
namespace {

constexpr std::size_t kLongestPath = std::size_t{1} << 20U;

int Weight(char character) {
  return character == '/' ? -1 : static_cast<int>(static_cast<unsigned char>(character));
}

}  // namespace

int ComparePaths(std::string_view a, std::string_view b) {
  // The root is the one path that ends with a '/': nothing goes before it.
  if (a == "/" || b == "/") {
    return a == b ? 0 : (a == "/" ? -1 : 1);
  }
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) {
    return x == a.end() ? (y == b.end() ? 0 : -1) : 1;
  }
  return Weight(*x) - Weight(*y);
}

bool IsZnodePath(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.size() > kLongestPath ||
      path.find('\0') != std::string_view::npos) {
    return false;
  }
  for (auto rest = path.substr(1); path.size() > 1;) {
    const auto name = rest.substr(0, rest.find('/'));
    if (name.empty() || name == "." || name == "..") {
      return false;
    }
    if (name.size() == rest.size()) {
      return true;
    }
    rest.remove_prefix(name.size() + 1);
  }
  return true;  // the root
}

}  // namespace zoowarden::model
