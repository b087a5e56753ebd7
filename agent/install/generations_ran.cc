// When a generation became current for the last time, noted in itself.
#include "agent/install/generations.h"
#include "base/text.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRan = "ran";
constexpr std::size_t kMaxRanBytes = 64;
constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max() - 1;

}  // namespace

std::optional<std::int64_t> Generations::LastRan(std::string_view digest) const {
  const auto root = Root();
  if (!root) {
    return std::nullopt;
  }
  const auto text = root->Read(fs::path(digest) / kRan, kMaxRanBytes);
  const auto when = text ? base::ParseUnsigned(base::Trim(*text)) : std::nullopt;
  if (when) {
    return static_cast<std::int64_t>(*when);
  }
  const auto current = CurrentDigest();
  const bool ran = text || (current && *current == digest);
  return ran ? std::optional<std::int64_t>(0) : std::nullopt;
}

base::Status Generations::NoteRun(const std::string& digest, std::int64_t when) const {
  ZW_ASSIGN(const auto root, Root());
  return root.Write(fs::path(digest) / kRan, std::to_string(when) + "\n", 0644);
}

// The newest use of all, also when the clock was set back since the others. One that cannot be read
// does not keep a server from another.
std::int64_t Generations::LaterThanAll(const sys::Beneath& root, std::int64_t now) const {
  for (const std::string& name : root.Names().value_or(std::vector<std::string>())) {
    const auto record = root.Look(fs::path(name) / kGenerationFile);
    const std::int64_t made = record && *record ? std::int64_t{(*record)->st_mtim.tv_sec} + 1 : 0;
    const std::int64_t ran = std::min(LastRan(name).value_or(0), kLatest) + 1;
    now = std::max({now, ran, made});
  }
  return now;
}

}  // namespace zoowarden::agent
