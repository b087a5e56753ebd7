// The cases of failing I/O: the k-th open, write, sync, rename and other change of files, for every
// k of an installation, an upload, a switch and a rollback.
//
// Pure. How many calls there are is counted in a run of each scene without a fault.
#pragma once

#include "tests/crash/cases.h"

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace zoowarden::crash {

enum class Scene {
  kInstall,   // from the agent's start to `staged`, the archive from a directory of its machine
  kUpload,    // the archive comes from the controller, until the agent has all of it
  kSwitch,    // from `staged` to `committed`
  kRollback,  // from a proved new one to `rolled_back`
  kFirst,     // as the switch, of a first installation: the data directory is made
};
inline constexpr std::array kScenes = {
    Scene::kInstall, Scene::kUpload, Scene::kSwitch, Scene::kRollback, Scene::kFirst};

[[nodiscard]] std::string NameOf(Scene scene);
// Which way the controller goes in it, with no fault of the kill suite.
[[nodiscard]] Case WayOf(Scene scene);

// Instead of an errno, in a write: half of it.
inline constexpr int kShortWrite = 0;

struct IoCase {
  Scene scene = Scene::kInstall;
  std::string kind;  // of the interposer: open, write, sync, rename, other
  int k = 1;
  int error = 0;
  // "switch/write/17/ENOSPC".
  [[nodiscard]] std::string Name() const;
};

// The errors that calls of this kind are made to fail with.
[[nodiscard]] std::span<const int> ErrorsOf(const std::string& kind);

struct Range {
  int after = 0;  // k is greater than this
  int last = 0;
};

// What makes things durable fails with each error; of the other kinds every k fails with one of its
// errors in rotation, or `all` of them.
[[nodiscard]] std::vector<IoCase> CasesOf(Scene scene,
                                          const std::map<std::string, Range>& calls,
                                          bool all);

}  // namespace zoowarden::crash
