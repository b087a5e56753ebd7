#include "tests/crash/disk.h"

#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/subprocess.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using std::chrono::milliseconds;

// Sparse. The agent leaves a part of the disk free, whatever it is asked for.
constexpr std::uintmax_t kImageBytes = 1024ULL * 1024 * 1024;
constexpr milliseconds kPatience{30'000};
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

base::Status RunTool(const char* tool, std::vector<std::string> arguments) {
  ZW_ASSIGN(const auto result,
            sys::RunProgram(
                {.executable = tool, .arguments = std::move(arguments), .timeout = kPatience}));
  return result.succeeded() ? base::Ok()
                            : base::Status(Fail(ErrorCode::kPermissionDenied,
                                                "disk.not_allowed",
                                                std::string(tool) + ": " + result.error_output));
}

}  // namespace

base::Status MayMountImages() {
  if (geteuid() != 0) {
    return Fail(ErrorCode::kPermissionDenied, "disk.not_allowed", "mounting an image needs root");
  }
  if (!std::filesystem::exists("/dev/loop-control")) {
    return Fail(
        ErrorCode::kPermissionDenied, "disk.not_allowed", "this kernel offers no loop devices");
  }
  return base::Ok();
}

base::Status EnterOwnMounts() {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Fail(ErrorCode::kPermissionDenied,
                "disk.not_allowed",
                sys::ErrnoError("make a mount namespace for", "this process", errno).message());
  }
  return base::Ok();
}

base::Status PretendAnotherBoot(const fs::path& scratch, int number) {
  const fs::path file = scratch / "boot_id";
  std::ofstream(file) << "00000000-0000-0000-0000-" << 100'000'000'000 + number << '\n';
  umount2(kBootId, MNT_DETACH);
  if (mount(file.c_str(), kBootId, nullptr, MS_BIND, nullptr) != 0) {
    return Fail(sys::ErrnoError("mount over", kBootId, errno));
  }
  return base::Ok();
}

base::Status MakeImage(const fs::path& image) {
  std::ofstream(image, std::ios::binary).close();
  fs::resize_file(image, kImageBytes);
  return RunTool("/sbin/mkfs.ext4",
                 {"-q", "-F", "-E", "nodiscard", "-J", "size=4", image.string()});
}

base::Result<Mounted> Mounted::Mount(const fs::path& image, const fs::path& at) {
  // Only what is synced reaches the image: timers would sync in between.
  ZW_TRY(RunTool("/bin/mount",
                 {"-o",
                  "loop,commit=300,data=writeback,noauto_da_alloc,noinit_itable",
                  image.string(),
                  at.string()}));
  return Mounted(at);
}

void Mounted::Sync() const {
  const sys::UniqueFd directory(::open(at_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::syncfs(directory.get());
}

Mounted::Mounted(Mounted&& other) noexcept : at_(std::move(other.at_)) { other.at_.clear(); }

Mounted::~Mounted() {
  constexpr int kTries = 500;
  for (int i = 0; !at_.empty() && umount2(at_.c_str(), 0) != 0 && errno == EBUSY && i < kTries;
       ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
}

}  // namespace zoowarden::crash
