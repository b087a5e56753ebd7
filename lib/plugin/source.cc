#include "plugin/source.h"

#include "base/text.h"
#include "sys/subprocess.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <system_error>

namespace zoowarden::plugin {
namespace {

constexpr std::string_view kPrefix = "zoowarden-plugin-";
constexpr std::size_t kMostOutput = 1U << 20U;

std::vector<std::string> Environment() {
  constexpr std::string_view kOwn = "ZOOWARDEN_PLUGIN_";
  std::vector<std::string> environment = {"LANG=C.UTF-8"};
  bool has_path = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    has_path = has_path || text.starts_with("PATH=");
    if (text.starts_with("PATH=") || text.starts_with("HOME=") || text.starts_with(kOwn)) {
      environment.emplace_back(text);
    }
  }
  if (!has_path) {
    environment.emplace_back("PATH=/usr/local/bin:/usr/bin:/bin");
  }
  return environment;
}

std::string LastLine(std::string_view text) {
  text = base::Trim(text);
  const auto begin = text.rfind('\n');
  return base::Printable(begin == std::string_view::npos ? text : text.substr(begin + 1));
}

std::vector<std::string> NamesIn(const std::vector<std::filesystem::path>& directories) {
  std::vector<std::string> names;
  for (const auto& directory : directories) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; entry != end;
         entry.increment(error)) {
      const auto file = entry->path().filename().string();
      if (file.starts_with(kPrefix)) {
        names.push_back(file.substr(kPrefix.size()));
      }
      if (error) {
        break;
      }
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

base::Error Named(const Plugin& plugin, const base::Error& error) {
  return base::Error(error.code(), error.reason(), error.message())
      .WithContext("plugin '" + plugin.name + "'");
}

// The runner's errors under the plugin's own names.
base::Error OfRunning(const base::Error& error) {
  if (error.reason() == "process.timed_out") {
    return base::Error(error.code(), "plugin.timed_out", error.message());
  }
  if (error.reason() == "process.too_much_output") {
    return base::Error(error.code(), "plugin.too_much_output", error.message());
  }
  return base::Error(error.code(), "plugin.cannot_start", error.message());
}

base::Status CheckEnd(const sys::ProgramResult& result) {
  const auto last = LastLine(result.error_output);
  const std::string said = last.empty() ? "" : ": " + last;
  if (result.signal != 0) {
    return base::Fail(base::ErrorCode::kInternal,
                      "plugin.crashed",
                      "ended by signal " + std::to_string(result.signal) + said);
  }
  if (result.exit_code != 0) {
    return base::Fail(base::ErrorCode::kInternal,
                      "plugin.failed",
                      "ended with exit code " + std::to_string(result.exit_code) + said);
  }
  return base::Ok();
}

}  // namespace

base::Result<Plugin> FindPlugin(const std::string& name,
                                const std::vector<std::filesystem::path>& directories) {
  if (name.empty() || name.find('/') != std::string::npos) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "plugin.not_found",
                      "'" + base::Printable(name, 60) + "' is no plugin's name");
  }
  for (const auto& directory : directories) {
    const auto executable = directory / (std::string(kPrefix) + name);
    if (::access(executable.c_str(), X_OK) == 0) {
      return Plugin{.name = name, .executable = executable};
    }
  }
  const auto names = NamesIn(directories);
  return base::Fail(base::ErrorCode::kNotFound,
                    "plugin.not_found",
                    "no plugin '" + name + "' is installed, there are: " +
                        (names.empty() ? "none" : base::Join(names, ", ")));
}

base::Result<SourceValues> RunSource(const Plugin& plugin, const SourceRequest& request) {
  const auto result = sys::RunProgram({.executable = plugin.executable,
                                       .environment = Environment(),
                                       .input = WriteRequest(request, plugin.timeout),
                                       .timeout = plugin.timeout,
                                       .max_output = kMostOutput});
  if (!result) {
    return base::Fail(Named(plugin, OfRunning(result.error())));
  }
  if (const auto ended = CheckEnd(*result); !ended) {
    return base::Fail(Named(plugin, ended.error()));
  }
  auto values = ReadAnswer(result->output);
  if (!values) {
    return base::Fail(Named(plugin, values.error()));
  }
  return values;
}

}  // namespace zoowarden::plugin
