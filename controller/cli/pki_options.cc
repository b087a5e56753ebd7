#include "controller/cli/pki_options.h"

#include "base/text.h"
#include "config/yaml_reader.h"

namespace zoowarden::controller {

base::Result<std::uint64_t> NumberOption(const std::string& flag,
                                         const std::string& text,
                                         std::uint64_t most) {
  const auto number = base::ParseUnsigned(text);
  if (!number || *number == 0 || *number > most) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        "usage.bad_value",
        flag + " cannot be '" + base::Printable(text) + "': use 1 to " + std::to_string(most));
  }
  return *number;
}

base::Result<pki::UnixTime> DurationOption(const std::string& flag, const std::string& text) {
  const auto duration = config::ParseDuration(text);
  if (!duration || duration->count() % 1000 != 0) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.bad_value",
                      flag + " cannot be '" + base::Printable(text) +
                          "': write whole seconds, minutes or hours, such as 90s, 15m or 1h");
  }
  return std::chrono::duration_cast<pki::UnixTime>(*duration);
}

}  // namespace zoowarden::controller
