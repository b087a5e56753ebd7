#include "sys/temporaries.h"

#include <sys/random.h>

#include <array>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRandom = 6;  // characters, as mkostemp makes them
constexpr std::string_view kRandomCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

}  // namespace

std::string TemporaryFor(std::string_view name) {
  std::array<unsigned char, kRandom> random{};
  // So few bytes come whole and at once, or the name is taken and the file is not made.
  static_cast<void>(::getrandom(random.data(), random.size(), 0));
  std::string temporary = std::string(name).append(kTemporaryMark);
  for (const unsigned char byte : random) {
    temporary += kRandomCharacters[byte % kRandomCharacters.size()];
  }
  return temporary;
}

std::string_view TargetOfTemporary(std::string_view name) {
  const auto mark = name.rfind(kTemporaryMark);
  if (mark == std::string_view::npos) {
    return {};
  }
  const std::string_view random = name.substr(mark + kTemporaryMark.size());
  const bool made = random.size() == kRandom &&
                    random.find_first_not_of(kRandomCharacters) == std::string_view::npos;
  return made ? name.substr(0, mark) : std::string_view();
}

base::Status RemoveTemporaries(const Beneath& directory) {
  ZW_ASSIGN(const auto names, directory.Names());
  for (const std::string& name : names) {
    if (!TargetOfTemporary(name).empty() && directory.IsFile(name)) {
      ZW_TRY(directory.Remove(name));
    }
  }
  return base::Ok();
}

base::Status RemoveTemporaries(const fs::path& directory) {
  const auto opened = Beneath::Open(directory);
  if (!opened) {
    return opened.error().Is(base::ErrorCode::kNotFound) ? base::Ok() : base::Fail(opened.error());
  }
  return RemoveTemporaries(*opened);
}

}  // namespace zoowarden::sys
