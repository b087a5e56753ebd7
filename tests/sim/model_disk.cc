#include "tests/sim/model_disk.h"

#include "agent/install/generations.h"
#include "base/check.h"
#include "sys/files.h"

#include <sys/types.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace zoowarden::sim {
namespace {

namespace fs = std::filesystem;

// Of the process that is at work on a disk now; all others' calls go through.
struct AtWork {
  Fuse* fuse = nullptr;
  bool died = false;
};
AtWork at_work;

// False: it died here or earlier, and this call is never made.
bool LivesToCall() {
  if (at_work.fuse != nullptr && !at_work.died && at_work.fuse->Burn()) {
    at_work.died = true;
  }
  if (at_work.died) {
    errno = EIO;
  }
  return !at_work.died;
}

std::string SixtyFour(const std::string& name) {
  constexpr std::array kDigits = {
      '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::string text(64, '0');
  auto rest = std::hash<std::string>()(name);
  for (auto& digit : text) {
    digit = kDigits.at(rest % 16);
    rest /= 16;
  }
  return text;
}

// In memory where there is such a place: a file system with a journal takes ten times as long.
const sys::TempDir& Root() {
  static const auto kRoot = [] {
    constexpr const char* kPrefix = "zoowarden-sim-";
    auto in_memory = sys::TempDir::Create("/dev/shm", kPrefix);
    return in_memory ? std::move(*in_memory)
                     : sys::TempDir::Create(fs::temp_directory_path(), kPrefix).value();
  }();
  return kRoot;
}

}  // namespace

// Used by one model after the other: making generations costs more than a whole run.
struct ModelDisk::Place {
  explicit Place(const fs::path& directory)
      : releases(directory / "releases"),
        generations(agent::Generations::Open(directory / "generations", std::nullopt).value()) {}

  fs::path releases;
  agent::Generations generations;
  std::map<std::string, std::string> digests;  // by the model's
  std::map<std::string, std::string> names;    // and back

  const std::string& Hold(const model::Generation& wanted);
  static std::vector<std::unique_ptr<Place>>& Free() {
    static std::vector<std::unique_ptr<Place>> free;
    return free;
  }
};

const std::string& ModelDisk::Place::Hold(const model::Generation& wanted) {
  auto& digest = digests[wanted.digest];
  if (digest.empty()) {
    const auto release = releases / wanted.version.ToString();
    fs::create_directories(release);
    const auto made = generations.Make({.version = wanted.version,
                                        .release_sha512 = std::string(128, 'a'),
                                        .release_directory = release,
                                        .configuration_digest = SixtyFour(wanted.digest),
                                        .server = {1},
                                        .declared_servers = 3,
                                        .files = {{"zoo.cfg", "dataDir=/data\n"}}});
    ZW_CHECK(made.has_value(), "the model's generation cannot be made");
    digest = made->digest;
    names[digest] = wanted.digest;
  }
  return digest;
}

ModelDisk::ModelDisk() {
  static int made = 0;
  auto& free = Place::Free();
  if (!free.empty()) {
    place_ = std::move(free.back());
    free.pop_back();
    return;
  }
  const auto directory = Root().path() / std::to_string(++made);
  fs::create_directories(directory);
  place_ = std::make_unique<Place>(directory);
}

ModelDisk::~ModelDisk() { Place::Free().push_back(std::move(place_)); }

bool ModelDisk::SwitchTo(const model::Generation& to, Fuse& fuse) {
  const auto& digest = place_->Hold(to);
  at_work = {.fuse = &fuse};
  const auto switched = place_->generations.SwitchTo(digest);
  const bool died = std::exchange(at_work, {}).died;
  ZW_CHECK(died || switched, "the model's disk is whole, so it can be switched");
  return !died;
}

std::string ModelDisk::Current() const {
  const auto current = place_->generations.Current();
  const auto found =
      current && *current ? place_->names.find((*current)->generation.digest) : place_->names.end();
  return found == place_->names.end() ? "" : found->second;
}

}  // namespace zoowarden::sim

// The linker leads these calls here (CMakeLists.txt). Nothing is synced: no machine loses power in
// this directory, and it would cost more than all the rest.
extern "C" {
int __real_symlinkat(const char* target, int parent, const char* name);
int __real_unlinkat(int parent, const char* name, int flags);
int __real_renameat2(
    int from_parent, const char* from, int to_parent, const char* to, unsigned int flags);

int __wrap_symlinkat(const char* target, int parent, const char* name) {
  return zoowarden::sim::LivesToCall() ? __real_symlinkat(target, parent, name) : -1;
}

int __wrap_unlinkat(int parent, const char* name, int flags) {
  return zoowarden::sim::LivesToCall() ? __real_unlinkat(parent, name, flags) : -1;
}

int __wrap_renameat2(
    int from_parent, const char* from, int to_parent, const char* to, unsigned int flags) {
  return zoowarden::sim::LivesToCall() ? __real_renameat2(from_parent, from, to_parent, to, flags)
                                       : -1;
}

int __wrap_fsync(int /*file*/) { return zoowarden::sim::LivesToCall() ? 0 : -1; }
}
