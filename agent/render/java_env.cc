#include "agent/render/java_env.h"

#include "base/text.h"
#include "model/java_options.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Result;

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

Result<std::string> RenderJavaEnv(const model::JavaSpec& java) {
  std::vector<std::string> flags;
  std::string text = "# Written by Zoowarden.\n";
  if (!java.heap.empty()) {
    const auto megabytes = HeapMegabytes(java.heap);
    if (!megabytes) {
      return Fail(base::ErrorCode::kInvalidArgument,
                  "config.java_heap",
                  "java heap '" + base::Printable(java.heap, 40) +
                      "' is no size; write a number with k, m or g, such as 1g");
    }
    text += "ZK_SERVER_HEAP=" + std::to_string(*megabytes) + "\n";
    // zkEnv.sh puts the -Xmx of ZK_SERVER_HEAP before these; of two the last one counts.
    flags.push_back("-Xmx" + java.heap);
  }
  for (const auto& option : java.options) {
    if (const auto problem = model::JavaOptionProblem(option)) {
      return Fail(base::ErrorCode::kInvalidArgument,
                  "config.java_option",
                  "java option '" + base::Printable(option, 120) + "' " + *problem +
                      "; change config.java.options of ensemble.yaml");
    }
    flags.push_back(option);
  }
  if (!flags.empty()) {
    text += "SERVER_JVMFLAGS=" + ShellQuoted(base::Join(flags, " ")) + "\n";
  }
  return text;
}

}  // namespace zoowarden::agent
