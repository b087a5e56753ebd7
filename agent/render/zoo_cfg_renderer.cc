#include "agent/render/zoo_cfg_renderer.h"

#include "base/text.h"
#include "model/setting_rules.h"
#include "zk/membership.h"
#include "zk/properties.h"
#include "zk/server_line.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

using Lines = std::vector<zk::Property>;

tl::unexpected<base::Error> Refuse(std::string reason, std::string message) {
  return Fail(base::ErrorCode::kInvalidArgument, std::move(reason), std::move(message));
}

void Add(Lines& lines, std::string key, std::string value) {
  lines.push_back({.key = std::move(key), .value = std::move(value)});
}

Status AddSettings(const model::Settings& settings, Lines& lines) {
  for (const auto& [key, value] : settings) {
    if (const auto problem = model::SettingProblem(key, value)) {
      return Refuse("config.setting", *problem + "; change config.settings of ensemble.yaml");
    }
    if (key == "peerType") {
      return Refuse("config.setting",
                    "setting 'peerType' is written by zoowarden; give the server its role under "
                    "'servers' of ensemble.yaml");
    }
    Add(lines, key, value);
  }
  return Ok();
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

Status AddDirectory(std::string key, const std::filesystem::path& directory, Lines& lines) {
  const std::string& text = directory.native();
  if (!directory.is_absolute() || HasControlCharacter(text) || base::Trim(text) != text) {
    return Refuse("config.directory",
                  key + " '" + base::Printable(text) +
                      "' is no plain absolute path; write one into agent.yaml");
  }
  Add(lines, std::move(key), text);
  return Ok();
}

// What would be read back as something else than a host: separators of a server line.
bool IsHost(std::string_view host) {
  return !host.empty() && host.size() <= 255 &&
         host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             ".:_-%") == std::string_view::npos;
}

Status AddMembers(const RenderRequest& request, Lines& lines) {
  const model::Member* self = nullptr;
  zk::Membership groups;
  for (const auto& member : request.members) {
    if (!IsHost(member.host)) {
      return Refuse("config.members",
                    "server " + model::ToString(member.id) + ": '" +
                        base::Printable(member.host, 80) +
                        "' is no host name or address; correct it under `servers:` of "
                        "ensemble.yaml");
    }
    if (member.id == request.server) {
      self = &member;
    }
    const auto role = member.role == model::Role::kObserver ? std::optional(member.role)
                                                            : std::optional<model::Role>();
    const zk::QuorumAddress address{member.host, member.quorum_port, member.election_port};
    Add(lines,
        "server." + model::ToString(member.id),
        zk::PrintServerLine({{address}, role, std::nullopt}));
    groups.members[member.id] = {.weight = member.weight, .group = member.group};
  }
  if (self == nullptr) {
    return Refuse("config.members",
                  "server " + model::ToString(request.server) +
                      " is not among the members; declare it under `servers:` of ensemble.yaml");
  }
  if (self->role == model::Role::kObserver) {
    Add(lines, "peerType", "observer");
  }
  ZW_ASSIGN(const auto printed, zk::ParseProperties(zk::PrintMembership(groups), "zoo.cfg"));
  for (const auto& property : printed) {
    if (!property.key.starts_with("server.")) {
      Add(lines, property.key, property.value);
    }
  }
  return Ok();
}

}  // namespace

Result<std::string> RenderZooCfg(const RenderRequest& request) {
  Lines lines;
  ZW_TRY(AddSettings(request.configuration.settings, lines));
  ZW_TRY(AddDirectory("dataDir", request.data_directory, lines));
  if (!request.data_log_directory.empty() && request.data_log_directory != request.data_directory) {
    ZW_TRY(AddDirectory("dataLogDir", request.data_log_directory, lines));
  }
  if (request.client_port != 0) {
    Add(lines, "clientPort", std::to_string(request.client_port));
  }
  ZW_TRY(AddMembers(request, lines));
  return "# Written by Zoowarden; ZooKeeper may rewrite it when reconfiguration is enabled.\n" +
         zk::PrintProperties(lines);
}

}  // namespace zoowarden::agent
