#include "agent/lifecycle/launcher/start_file.h"

namespace zoowarden::agent {
namespace {

constexpr std::string_view kFormat = "zoowarden start 1";
constexpr std::string_view kWord = "word";
constexpr std::string_view kVariable = "variable";

void Add(std::string& text, std::string_view value) { text.append(value).push_back('\0'); }

std::optional<std::string_view> Take(std::string_view& rest) {
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto value = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return value;
}

}  // namespace

std::string PrintStart(const ScriptStart& start) {
  std::string text;
  Add(text, kFormat);
  Add(text, start.directory);
  Add(text, start.pid_file);
  for (const std::string& word : start.words) {
    Add(text, kWord);
    Add(text, word);
  }
  for (const std::string& variable : start.environment) {
    Add(text, kVariable);
    Add(text, variable);
  }
  return text;
}

std::optional<ScriptStart> ParseStart(std::string_view text) {
  const auto format = Take(text);
  const auto directory = Take(text);
  const auto pid_file = Take(text);
  if (format != kFormat || !directory || !pid_file) {
    return std::nullopt;
  }
  ScriptStart start{.directory = std::string(*directory), .pid_file = std::string(*pid_file)};
  while (!text.empty()) {
    const auto kind = Take(text);
    const auto value = Take(text);
    if (!value || (kind != kWord && kind != kVariable)) {
      return std::nullopt;
    }
    (kind == kWord ? start.words : start.environment).emplace_back(*value);
  }
  return start.words.empty() ? std::nullopt : std::optional(std::move(start));
}

}  // namespace zoowarden::agent
