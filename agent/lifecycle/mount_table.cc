#include "agent/lifecycle/mount_table.h"

#include "base/text.h"
#include "sys/files.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxTable = 4096UL * 1024;

// Blanks and backslashes are written as three octal digits.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size();
    if (escape) {
      const auto digit = [&](std::size_t at) { return text[i + at] - '0'; };
      plain += static_cast<char>(digit(1) * 64 + digit(2) * 8 + digit(3));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// The rest of `path` below `directory`, "." when they are equal; nullopt when it is not below.
std::optional<fs::path> Below(const fs::path& path, const fs::path& directory) {
  const fs::path rest = path.lexically_relative(directory);
  return rest.empty() || *rest.begin() == ".." ? std::nullopt : std::optional(rest);
}

}  // namespace

MountTable MountTable::Read(const fs::path& mountinfo) {
  MountTable table;
  const std::string text = sys::ReadFile(mountinfo, kMaxTable).value_or("");
  for (const std::string_view line : base::Split(text, '\n')) {
    // 36 35 98:0 /root/of/it /mount/point rw,noatime ...
    const auto fields = base::Split(line, ' ');
    if (fields.size() > 4) {
      table.mounts_.push_back(
          {.root = {.device = std::string(fields[2]), .path = Unescape(fields[3])},
           .point = Unescape(fields[4])});
    }
  }
  return table;
}

// Of two mounts on one point the later one is seen.
const MountTable::Mount* MountTable::Covering(const fs::path& path) const {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts_) {
    if (Below(path, mount.point) && (found == nullptr || Below(mount.point, found->point))) {
      found = &mount;
    }
  }
  return found;
}

std::optional<Place> MountTable::Find(const fs::path& path) const {
  const fs::path plain = path.lexically_normal();
  const Mount* mount = Covering(plain);
  if (mount == nullptr) {
    return std::nullopt;
  }
  fs::path inside = (mount->root.path / *Below(plain, mount->point)).lexically_normal();
  if (!inside.has_filename()) {
    inside = inside.parent_path();
  }
  return Place{.device = mount->root.device, .path = std::move(inside)};
}

bool MountTable::MayReach(const Place& place) const {
  return Covering("/") == nullptr ||
         std::any_of(mounts_.begin(), mounts_.end(), [&](const Mount& mount) {
           return mount.root.device == place.device &&
                  (Below(place.path, mount.root.path) || Below(mount.root.path, place.path));
         });
}

}  // namespace zoowarden::agent
