#include "sys/temporaries.h"

#include "base/log.h"

#include <sys/random.h>

#include <algorithm>
#include <array>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRandom = 6;  // characters, as mkostemp makes them
constexpr std::string_view kRandomCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

void RemoveOrWarn(const Beneath& directory, const std::string& name) {
  if (const base::Status removed = directory.Remove(name); !removed) {
    base::LogWarn("left_over=" + (directory.path() / name).native() + " " +
                  removed.error().message());
  }
}

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

base::Status RemoveLeftovers(const Beneath& directory,
                             std::initializer_list<std::string_view> prefixes) {
  ZW_ASSIGN(const auto names, directory.Names());
  for (const std::string& name : names) {
    const bool left = std::any_of(prefixes.begin(), prefixes.end(), [&](const auto prefix) {
      return name.starts_with(prefix);
    });
    if (left) {
      RemoveOrWarn(directory, name);
    }
  }
  return base::Ok();
}

base::Status RemoveTemporaries(const Beneath& directory) {
  ZW_ASSIGN(const auto names, directory.Names());
  for (const std::string& name : names) {
    if (!TargetOfTemporary(name).empty() && directory.IsFile(name)) {
      RemoveOrWarn(directory, name);
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
