#include "model/ids.h"

#include <array>
#include <charconv>

namespace zoowarden::model {

std::string Zxid::ToString() const {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

}  // namespace zoowarden::model
