// What runs on this server and how it was installed, as far as it can be seen without touching
// anything. Nothing that was seen is left out: what is not understood becomes a note, what stands
// in the way of taking the server over becomes an obstacle with its own reason.
//
// Reads /proc and files of the server; needs to be root or the process's user. Any thread.
#pragma once

#include "agent/adopt/script_start.h"
#include "agent/install/generation_record.h"
#include "agent/lifecycle/process_finder.h"
#include "config/agent_file.h"
#include "model/discovery.h"

#include <filesystem>
#include <optional>

namespace zoowarden::agent {

struct DiscoverInputs {
  const config::AgentConfig& config;
  const FinderAnswer& processes;             // of a fresh look
  const model::MemberObservation& observed;  // mode and version of the member
  std::filesystem::path proc = "/proc";
  std::filesystem::path root = "/";
};

struct Discovered {
  model::Discovery facts;
  // How to return to it, for one without obstacles.
  ForeignPaths paths;
  std::optional<ScriptStart> start;  // with launcher kScript
};

[[nodiscard]] Discovered Discover(const DiscoverInputs& inputs);

}  // namespace zoowarden::agent
