// A zoo.cfg that somebody else wrote, as the desired state of one server: the settings as they are
// (unknown keys included), the members, the client port. What desired state cannot say is named.
// Pure.
#pragma once

#include "model/discovery.h"
#include "model/ensemble.h"
#include "model/ids.h"
#include "model/observation.h"
#include "zk/zoo_cfg.h"

#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct MemberSettings {
  model::Settings settings;  // values of secrets are model::kKeptOnServer
  std::vector<model::Member> members;
  std::uint16_t client_port = 0;
  std::string data_directory;
  std::string data_log_directory;  // = data_directory when the file names none
  std::vector<std::string> notes;
  std::vector<model::Obstacle> obstacles;
};

// `dynamic` is the file that dynamicConfigFile names; nullptr = none, or one that is not read.
[[nodiscard]] MemberSettings ReadMemberSettings(const zk::ZooCfg& cfg,
                                                const zk::ZooCfg* dynamic,
                                                model::ServerId self);

}  // namespace zoowarden::agent
