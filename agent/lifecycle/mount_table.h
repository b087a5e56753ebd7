// What a process can reach of the file systems, by /proc/PID/mountinfo: every user may read that of
// every process, where /proc/PID/root and cwd belong to its own user and root. A value.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::agent {

// A directory or file by its file system and its path there, which is the same in every mount
// namespace.
struct Place {
  std::string device;  // "8:1"
  std::filesystem::path path;

  bool operator==(const Place&) const = default;
};

class MountTable {
 public:
  // Without any mount when the file cannot be read.
  [[nodiscard]] static MountTable Read(const std::filesystem::path& mountinfo);

  // Of an absolute path without links; nullopt when the table does not have it.
  [[nodiscard]] std::optional<Place> Find(const std::filesystem::path& path) const;
  // True also where the table does not tell, as for a root that is no mount point.
  [[nodiscard]] bool MayReach(const Place& place) const;

 private:
  struct Mount {
    Place root;
    std::filesystem::path point;
  };

  [[nodiscard]] const Mount* Covering(const std::filesystem::path& path) const;

  std::vector<Mount> mounts_;
};

}  // namespace zoowarden::agent
