// Runs configuration sources: each an executable of its own, so that its crash, leak or hang cannot
// take the controller along. JSON on its stdin, JSON on its stdout, one call a process, no shell.
//
// Bounded: a deadline, after which the plugin's whole process group is killed, and 1 MiB of output.
// The plugin sees PATH, HOME, LANG and variables named ZOOWARDEN_PLUGIN_*, nothing else of the
// caller's environment. Calls block; any thread may call.
#pragma once

#include "base/error.h"
#include "plugin/answer.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace zoowarden::plugin {

struct Plugin {
  std::string name;
  std::filesystem::path executable;
  std::chrono::milliseconds timeout{30'000};
};

// `zoowarden-plugin-<name>` in the first directory that has it. Unknown: kNotFound
// `plugin.not_found`, with the names that are there.
[[nodiscard]] base::Result<Plugin> FindPlugin(
    const std::string& name, const std::vector<std::filesystem::path>& directories);

// Errors, each naming the plugin: those of ReadAnswer, and `plugin.cannot_start`,
// `plugin.timed_out`, `plugin.too_much_output`, `plugin.crashed` (a signal), `plugin.failed` (an
// exit code other than 0, with the last line of its stderr).
[[nodiscard]] base::Result<SourceValues> RunSource(const Plugin& plugin,
                                                   const SourceRequest& request);

}  // namespace zoowarden::plugin
