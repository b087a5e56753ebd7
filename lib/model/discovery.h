// What an agent finds of a ZooKeeper that Zoowarden did not install. Values only: agents fill them,
// the controller writes ensemble.yaml from them.
#pragma once

#include "model/ensemble.h"
#include "model/ids.h"
#include "model/observation.h"
#include "model/version.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::model {

// The release of a generation that was adopted: there is no archive of it. ensemble.yaml says
// `sha512: adopted`.
inline constexpr std::string_view kAdoptedRelease =
    "0000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000";
static_assert(kAdoptedRelease.size() == 128);

// In the place of a secret's value, in settings and in `-Dname=value` options: the value that the
// server has today. Its agent puts it in; it travels nowhere.
inline constexpr std::string_view kKeptOnServer = "@kept-on-server";

// Why a server cannot be taken over as it is.
struct Obstacle {
  std::string reason;  // stable, "adopt.…"
  std::string text;
  bool operator==(const Obstacle&) const = default;
};

enum class ForeignLauncher {
  kUnknown,
  kScript,  // bin/zkServer.sh, by hand
  kUnit,    // a systemd unit, an init script's generated one among them
};
[[nodiscard]] std::string_view ForeignLauncherName(ForeignLauncher launcher);  // "script", "unit"
[[nodiscard]] ForeignLauncher ParseForeignLauncher(std::string_view name);

struct Discovery {
  ServerId id;  // of agent.yaml
  std::optional<Process> process;
  Mode mode = Mode::kUnknown;
  std::optional<Version> version;
  std::string user;
  std::string java;
  std::string configuration_file;
  std::string dynamic_file;  // empty = none
  std::string release_directory;
  std::string log_directory;
  ForeignLauncher launcher = ForeignLauncher::kUnknown;
  std::string unit;
  std::vector<std::string> unit_files;
  std::vector<std::string> environment_files;
  std::vector<std::uint16_t> ports;
  ConfigurationSpec configuration;  // values of secrets are kKeptOnServer; no files
  std::vector<Member> members;      // sorted by id
  std::uint16_t client_port = 0;
  std::vector<std::string> notes;  // sentences: what the first change would not carry on
  std::vector<Obstacle> obstacles;
};

}  // namespace zoowarden::model
