#include "sys/temporaries.h"

#include "sys/errno_error.h"

#include <system_error>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRandom = 6;  // characters, as mkostemp makes them
constexpr std::string_view kRandomCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

}  // namespace

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

base::Status RemoveTemporaries(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    std::error_code failed;
    if (!TargetOfTemporary(name).empty() && fs::is_regular_file(entry->symlink_status(failed)) &&
        !fs::remove(entry->path(), failed) && failed) {
      return base::Fail(ErrnoError("remove", entry->path().native(), failed.value()));
    }
  }
  return error && error != std::errc::no_such_file_or_directory
             ? base::Status(base::Fail(ErrnoError("list", directory.native(), error.value())))
             : base::Ok();
}

}  // namespace zoowarden::sys
