#include "base/counted.h"

namespace zoowarden::base {

std::string Counted(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

}  // namespace zoowarden::base
