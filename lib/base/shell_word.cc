#include "base/shell_word.h"

namespace zoowarden::base {

std::string ShellWord(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return word + "'";
}

}  // namespace zoowarden::base
