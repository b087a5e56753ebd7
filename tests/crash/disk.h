// An ext4 file system in an image file, mounted through a loop device in a mount namespace of this
// process's own: whatever becomes of the process, mounts and loop devices end with it.
#pragma once

#include "base/error.h"

#include <filesystem>

namespace zoowarden::crash {

// kPermissionDenied `disk.not_allowed` where there are no power cuts to be tried, with why.
[[nodiscard]] base::Status MayMountImages();

// Leaves the machine's mount namespace: what is mounted from now on ends with this process.
[[nodiscard]] base::Status EnterOwnMounts();

// Other processes of this namespace read another name of this boot from now on.
[[nodiscard]] base::Status PretendAnotherBoot(const std::filesystem::path& scratch, int number);

[[nodiscard]] base::Status MakeImage(const std::filesystem::path& image);

class Mounted {
 public:
  [[nodiscard]] static base::Result<Mounted> Mount(const std::filesystem::path& image,
                                                   const std::filesystem::path& at);
  Mounted(Mounted&& other) noexcept;
  Mounted& operator=(Mounted&&) = delete;
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  ~Mounted();

  // All that was written is on the image.
  void Sync() const;

 private:
  explicit Mounted(std::filesystem::path at) : at_(std::move(at)) {}
  std::filesystem::path at_;
};

}  // namespace zoowarden::crash
