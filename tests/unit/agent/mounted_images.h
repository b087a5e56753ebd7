// Two ext4 images on loop devices, one of them on one directory at a time.
#pragma once

#include "sys/subprocess.h"

#include <sched.h>
#include <sys/mount.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace zoowarden::test {

class MountedImages {
 public:
  MountedImages(std::filesystem::path below, std::filesystem::path point)
      : below_(std::move(below)), point_(std::move(point)) {}
  MountedImages(const MountedImages&) = delete;
  MountedImages& operator=(const MountedImages&) = delete;
  ~MountedImages() { Unmount(); }

  // `a` and `b`; why this cannot be done here, else empty. From then on this thread and what it
  // starts have mounts of their own, which end with them even if they are killed.
  [[nodiscard]] std::string Make() const {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return "only root can mount";
    }
    for (const char* name : {"a", "b"}) {
      std::ofstream(Image(name)).close();
      std::filesystem::resize_file(Image(name), 4UL * 1024 * 1024);
      if (!Run("/sbin/mkfs.ext4", {"-q", "-F", Image(name)})) {
        return "mkfs.ext4 is not installed";
      }
    }
    if (!Mount("a")) {
      return "this user may not mount loop devices";
    }
    Unmount();
    return "";
  }
  [[nodiscard]] bool Mount(const std::string& name) const {
    return Run("/bin/mount", {"-o", "loop", Image(name), point_});
  }
  // Also one that is still used.
  void Unmount() const { ::umount2(point_.c_str(), MNT_DETACH); }

 private:
  static bool Run(const std::string& program, const std::vector<std::string>& arguments) {
    const auto ran = sys::RunProgram(
        {.executable = program, .arguments = arguments, .timeout = std::chrono::seconds(30)});
    return ran && ran->succeeded();
  }
  [[nodiscard]] std::string Image(const std::string& name) const {
    return below_ / (name + ".image");
  }

  std::filesystem::path below_;
  std::filesystem::path point_;
};

}  // namespace zoowarden::test
