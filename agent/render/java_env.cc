#include "agent/render/java_env.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Result;

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

// Megabytes, rounded up, for ZK_SERVER_HEAP; nullopt for what is no heap size.
std::optional<std::uint64_t> HeapMegabytes(std::string_view heap) {
  constexpr std::uint64_t kMostMegabytes = 1024ULL * 1024;
  if (heap.size() < 2) {
    return std::nullopt;
  }
  const auto number = base::ParseUnsigned(heap.substr(0, heap.size() - 1));
  if (!number || *number == 0 || *number > kMostMegabytes * 1024) {
    return std::nullopt;
  }
  std::uint64_t megabytes = 0;
  switch (heap.back()) {
    case 'k':
    case 'K':
      megabytes = (*number + 1023) / 1024;
      break;
    case 'm':
    case 'M':
      megabytes = *number;
      break;
    case 'g':
    case 'G':
      megabytes = *number * 1024;
      break;
    default:
      return std::nullopt;
  }
  return megabytes <= kMostMegabytes ? std::optional(megabytes) : std::nullopt;
}

std::string ShellQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

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

Result<std::string> RenderJavaEnv(const model::JavaSpec& java) {
  std::vector<std::string> flags;
  std::string text = "# Written by Zoowarden.\n";
  if (!java.heap.empty()) {
    const auto megabytes = HeapMegabytes(java.heap);
    if (!megabytes) {
      return Fail(base::ErrorCode::kInvalidArgument,
                  "config.java_heap",
                  "java heap '" + base::Printable(java.heap, 40) +
                      "' is no size: write a number with k, m or g, such as 1g");
    }
    text += "ZK_SERVER_HEAP=" + std::to_string(*megabytes) + "\n";
    // zkEnv.sh puts the -Xmx of ZK_SERVER_HEAP before these; of two the last one counts.
    flags.push_back("-Xmx" + java.heap);
  }
  for (const auto& option : java.options) {
    if (const auto problem = JavaOptionProblem(option)) {
      return Fail(base::ErrorCode::kInvalidArgument,
                  "config.java_option",
                  "java option '" + base::Printable(option, 120) + "' " + *problem);
    }
    flags.push_back(option);
  }
  if (!flags.empty()) {
    text += "SERVER_JVMFLAGS=" + ShellQuoted(base::Join(flags, " ")) + "\n";
  }
  return text;
}

}  // namespace zoowarden::agent
