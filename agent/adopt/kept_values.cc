#include "agent/adopt/kept_values.h"

#include "model/discovery.h"

#include <algorithm>
#include <string_view>

namespace zoowarden::agent {
namespace {

base::Error NoValue(const std::string& what) {
  return {base::ErrorCode::kFailedPrecondition,
          "config.no_kept_value",
          what + " shall keep the value that this server has (" +
              std::string(model::kKeptOnServer) +
              "), and nothing that runs here has one; give its value by a configuration plugin"};
}

bool IsKept(std::string_view option) {
  const auto equals = option.find('=');
  return equals != std::string_view::npos && option.substr(equals + 1) == model::kKeptOnServer;
}

}  // namespace

bool NeedsKeptValues(const model::ConfigurationSpec& configuration) {
  const auto& options = configuration.java.options;
  return std::any_of(options.begin(), options.end(), IsKept) ||
         std::any_of(configuration.settings.begin(),
                     configuration.settings.end(),
                     [](const auto& entry) { return entry.second == model::kKeptOnServer; });
}

base::Result<model::ConfigurationSpec> PutKeptValues(model::ConfigurationSpec configuration,
                                                     const RunningValues& running) {
  for (auto& [key, value] : configuration.settings) {
    if (value != model::kKeptOnServer) {
      continue;
    }
    const auto kept = running.cfg.Get(key);
    if (!kept) {
      return base::Fail(NoValue("setting '" + key + "'"));
    }
    value = *kept;
  }
  for (std::string& option : configuration.java.options) {
    if (!IsKept(option)) {
      continue;
    }
    const std::string name = option.substr(0, option.find('=') + 1);
    // As in Java, the last one counts.
    const auto kept = std::find_if(running.command_line.rbegin(),
                                   running.command_line.rend(),
                                   [&name](const auto& word) { return word.starts_with(name); });
    if (kept == running.command_line.rend()) {
      return base::Fail(NoValue("JVM option '" + name + "'"));
    }
    option = *kept;
  }
  return configuration;
}

}  // namespace zoowarden::agent
