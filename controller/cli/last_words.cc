#include "controller/cli/last_words.h"

#include "base/text.h"
#include "sys/files.h"

#include <algorithm>
#include <string_view>

namespace zoowarden::controller {
namespace {

constexpr std::size_t kMaxLog = 1024 * 1024;
constexpr std::size_t kMaxWords = 2'000;

}  // namespace

std::string LastWords(const std::filesystem::path& log) {
  const auto text = sys::ReadFile(log, kMaxLog);
  if (!text) {
    return "";
  }
  const auto error = text->rfind("error: ");
  const auto from = error != std::string::npos ? error
                    : text->size() > kMaxWords ? text->size() - kMaxWords
                                               : 0;
  const auto last = std::string_view(*text).substr(from);
  return base::Printable(base::Trim(last), kMaxWords);
}

}  // namespace zoowarden::controller
