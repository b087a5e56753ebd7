#include "controller/cli/last_words.h"

#include "base/text.h"
#include "sys/errno_error.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string_view>

namespace zoowarden::controller {
namespace {

constexpr std::streamoff kTail = 64 * 1024;
constexpr std::size_t kMaxWords = 2'000;
constexpr std::string_view kBeginning = "\n== zoowarden ";

// A log grows for as long as a run lasts; only its end matters.
std::string ReadTail(const std::filesystem::path& log) {
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (!file || size <= 0) {
    return "";
  }
  std::string text(static_cast<std::size_t>(std::min(size, kTail)), '\0');
  file.seekg(size - static_cast<std::streamoff>(text.size()));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

std::string LastWords(const std::filesystem::path& log) {
  const auto text = ReadTail(log);
  std::string_view words = text;
  if (const auto begins = words.rfind(kBeginning); begins != std::string_view::npos) {
    words.remove_prefix(begins + 1);
    words.remove_prefix(std::min(words.size(), words.find('\n')));
  }
  if (const auto error = words.rfind("error: "); error != std::string_view::npos) {
    words.remove_prefix(error);
  } else if (words.size() > kMaxWords) {
    words.remove_prefix(words.size() - kMaxWords);
  }
  return base::Printable(base::Trim(words), kMaxWords);
}

base::Status BeginWords(const std::filesystem::path& log, const std::string& command) {
  const sys::UniqueFd file(
      ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  const auto line = std::string(kBeginning) + command + "\n";
  if (!file.valid() ||
      ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return base::Fail(sys::ErrnoError("write", log.native(), errno));
  }
  return base::Ok();
}

}  // namespace zoowarden::controller
