#include "controller/fleet/fleet_store.h"

#include "sys/errno_error.h"
#include "sys/files.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace zoowarden::controller {
namespace {

constexpr std::size_t kMaxRecord = 64U << 20U;

std::filesystem::path RecordPath(const std::filesystem::path& directory) {
  return directory / "rollout.json";
}

std::filesystem::path LockPath(const std::filesystem::path& directory) {
  return directory / "lock";
}

// `fleet status` has it for a moment when it asks whether somebody owns it.
constexpr int kTries = 20;
constexpr std::chrono::milliseconds kBetweenTries{10};

bool TakeLock(int file) {
  for (int i = 0; i < kTries; ++i) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) {
      return true;
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
  return false;
}

}  // namespace

base::Result<FleetStore> FleetStore::Own(const std::filesystem::path& directory) {
  FleetStore store(directory);
  ZW_TRY(sys::EnsureDirectory(directory, 0700));
  const auto path = LockPath(directory);
  store.lock_ =
      sys::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!store.lock_.valid()) {
    return base::Fail(sys::ErrnoError("open", path.native(), errno));
  }
  if (!TakeLock(store.lock_.get())) {
    return base::Fail(
        base::ErrorCode::kAborted,
        "fleet.in_use",
        "another zoowarden on this machine rolls this fleet (" + path.native() + " is locked)");
  }
  return store;
}

FleetStore FleetStore::Beside(const std::filesystem::path& directory) {
  return FleetStore(directory);
}

base::Result<std::optional<FleetRecord>> FleetStore::Load() const {
  const auto path = RecordPath(directory_);
  const auto text = sys::ReadFile(path, kMaxRecord);
  if (!text && text.error().Is(base::ErrorCode::kNotFound)) {
    return std::optional<FleetRecord>();
  }
  if (!text) {
    return base::Fail(text.error());
  }
  auto record = DecodeFleet(*text);
  if (!record) {
    return base::Fail(record.error().WithContext(path.native()));
  }
  return std::optional(*std::move(record));
}

base::Status FleetStore::Save(const FleetRecord& record) const {
  return sys::WriteFileAtomically(RecordPath(directory_), EncodeFleet(record), 0600);
}

base::Status FleetStore::Forget() const {
  ZW_TRY(sys::RemoveTree(RecordPath(directory_)));
  return sys::SyncDirectory(directory_);
}

base::Result<std::filesystem::path> FleetStore::LogOf(const std::string& rollout,
                                                      const std::string& ensemble) const {
  const auto directory = directory_ / rollout;
  ZW_TRY(sys::EnsureDirectory(directory, 0700));
  return directory / (ensemble + ".log");
}

bool FleetStore::InUse() const {
  const sys::UniqueFd file(::open(LockPath(directory_).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return file.valid() && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0;
}

}  // namespace zoowarden::controller
