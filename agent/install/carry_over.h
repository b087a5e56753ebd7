// The membership that an ensemble has committed, carried from the configuration that ran to the one
// that runs next. Pure; generations.h reads and writes the files.
//
// With reconfigEnabled=true ZooKeeper keeps it in zoo.cfg.dynamic.<hex version> and takes it out of
// zoo.cfg (QuorumPeerConfig.editStaticConfig). Releases before 3.5 ignore dynamicConfigFile:
// without server lines they start standalone on the production data.
#pragma once

#include "agent/install/generations.h"
#include "base/error.h"
#include "model/ids.h"
#include "model/version.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::agent {

inline constexpr std::string_view kZooCfg = "zoo.cfg";

// The version in "zoo.cfg.dynamic.<hex>"; nullopt for other names, the proposed ".next" among them.
[[nodiscard]] std::optional<std::uint64_t> DynamicFileVersion(std::string_view name);

struct CarryOverRequest {
  const ConfigurationFiles& ran;   // zoo.cfg and its dynamic files
  const ConfigurationFiles& next;  // the same of the generation that will run
  model::Version next_version;
  model::ServerId server;
  std::filesystem::path next_directory;  // where `next` lies: dynamicConfigFile is an absolute path
  // Of somebody else's files (an adopted generation) the real name of zoo.cfg. They are changed
  // only when the membership is another one, so that going back gives what was there, byte for
  // byte.
  std::string foreign_name = "";
};

// The files of `next` that must change; a dynamic file is to be written before the zoo.cfg that
// names it. Empty = nothing to do. Errors: `config.membership_unreadable`, `config.not_a_member`.
[[nodiscard]] base::Result<ConfigurationFiles> CarryOver(const CarryOverRequest& request);

// True when `next` may run with what it has although the membership in `ran` cannot be read: `ran`
// named none, or `next` is a 3.5 or later that has run here with one of its own, which learns from
// its peers what was committed since. A 3.4 learns nothing (docs/decisions/0007).
[[nodiscard]] bool MayKeepItsOwn(const CarryOverRequest& request);

}  // namespace zoowarden::agent
