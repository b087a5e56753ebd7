// What all cases share: programs, keys, the two releases, and what a server must consist of that
// runs one of them.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"
#include "pki/credentials.h"
#include "tests/crash/tree.h"

#include <filesystem>
#include <map>
#include <string>

namespace zoowarden::crash {

struct Stage {
  std::filesystem::path programs;  // zoowarden-agent, zoowarden-launch, zoowarden-stand-in
  std::filesystem::path pki;       // ca/, agent/ and operator/
  std::filesystem::path archives;
  std::filesystem::path interposer;  // for LD_PRELOAD
  pki::Credentials operator_credentials;
  model::ReleaseSpec old_release;
  model::ReleaseSpec new_release;
  std::map<model::Version, Tree> whole;  // WhatRuns() of each, where nothing failed
};

// Makes it in a directory that is there, with an upgrade to which nothing happens: the releases on
// its disk must be what their archives hold. `number` picks the addresses of that server.
[[nodiscard]] base::Result<Stage> MakeStage(const std::filesystem::path& directory, int number);

}  // namespace zoowarden::crash
