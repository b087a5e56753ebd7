// The file `start` of an adopted generation: how bin/zkServer.sh was started before, written by the
// agent, read by the launcher. Texts that end with a NUL each, so that nothing is escaped. Format
// 1, docs/formats.md. The environment may hold secrets: mode 0600. Std only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

struct ScriptStart {
  std::vector<std::string> words;        // the script and its arguments
  std::vector<std::string> environment;  // "NAME=value"
  std::string directory;                 // to be in
  std::string pid_file;                  // the script's own; a stale one is believed by it
  bool operator==(const ScriptStart&) const = default;
};

inline constexpr std::string_view kStartFile = "start";

[[nodiscard]] std::string PrintStart(const ScriptStart& start);
// nullopt for what is no whole file of this format.
[[nodiscard]] std::optional<ScriptStart> ParseStart(std::string_view text);

}  // namespace zoowarden::agent
