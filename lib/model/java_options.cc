#include "model/java_options.h"

#include <algorithm>
#include <array>

namespace zoowarden::model {
namespace {

struct RefusedOption {
  std::string_view prefix;
  const char* why;
};

constexpr const char* kReplacesClasses = "would replace the class or module path";
constexpr const char* kRunsCommand = "would run a command";
constexpr const char* kLoadsCode = "would load code that is not the release's";
constexpr const char* kReadsOptions =
    "would read options from a file that is not part of the configuration";

constexpr std::array kRefused = std::to_array<RefusedOption>({
    {"-cp", kReplacesClasses},
    {"-classpath", kReplacesClasses},
    {"--class-path", kReplacesClasses},
    {"-jar", kReplacesClasses},
    {"-Djava.class.path=", kReplacesClasses},
    {"--module-path", kReplacesClasses},
    {"--upgrade-module-path", kReplacesClasses},
    {"-Xbootclasspath", kReplacesClasses},
    {"--patch-module", kLoadsCode},
    {"-javaagent", kLoadsCode},
    {"-agentpath", kLoadsCode},
    {"-agentlib", kLoadsCode},
    {"-Xrun", kLoadsCode},
    {"-XX:OnError", kRunsCommand},
    {"-XX:OnOutOfMemoryError", kRunsCommand},
    {"-XX:Flags", kReadsOptions},
    {"-XX:VMOptionsFile", kReadsOptions},
    {"@", kReadsOptions},
});

}  // namespace

std::optional<std::string> JavaOptionProblem(std::string_view option) {
  const auto refused = std::find_if(kRefused.begin(), kRefused.end(), [&](const RefusedOption& r) {
    return option.starts_with(r.prefix);
  });
  if (refused != kRefused.end()) {
    return refused->why;
  }
  const bool plain = std::all_of(option.begin(), option.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  if (option.size() < 2 || !option.starts_with('-') || !plain) {
    return "must be one word of printable characters that begins with '-'";
  }
  if (option.find('`') != std::string_view::npos || option.find("$(") != std::string_view::npos ||
      option.find("${") != std::string_view::npos) {
    return "must not have shell substitutions";
  }
  return std::nullopt;
}

}  // namespace zoowarden::model
