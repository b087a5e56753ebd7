#include "agent/install/carry_over.h"

#include "base/text.h"
#include "zk/membership.h"
#include "zk/server_line.h"
#include "zk/start_mode.h"
#include "zk/zoo_cfg.h"

#include <string>
#include <vector>

namespace zoowarden::agent {
namespace {

using base::Result;

constexpr std::string_view kDynamicPrefix = "zoo.cfg.dynamic.";
constexpr model::Version kFirstWithDynamicFiles{3, 5, 0};

struct DynamicFile {
  std::uint64_t version = 0;
  std::string name;
  std::string text;
};

std::optional<DynamicFile> NewestDynamicFile(const ConfigurationFiles& files) {
  std::optional<DynamicFile> newest;
  for (const auto& [name, text] : files) {
    const auto version = DynamicFileVersion(name);
    if (version && (!newest || *version > newest->version)) {
      newest = DynamicFile{*version, name, text};
    }
  }
  return newest;
}

bool IsMembershipKey(std::string_view key) {
  return key.starts_with("server.") || key.starts_with("group") || key.starts_with("weight") ||
         key == "peerType" || key == "dynamicConfigFile";
}

void RemoveMembership(zk::ZooCfg& cfg) {
  std::vector<std::string> keys;
  for (const auto& property : cfg.properties()) {
    if (IsMembershipKey(zk::JavaTrim(property.key))) {
      keys.emplace_back(zk::JavaTrim(property.key));
    }
  }
  for (const auto& key : keys) {
    cfg.Remove(key);
  }
}

Result<zk::ZooCfg> ZooCfgOf(const ConfigurationFiles& files) {
  const auto found = files.find(std::string(kZooCfg));
  if (found == files.end()) {
    return base::Fail(base::ErrorCode::kDataLoss,
                      "generation.damaged",
                      "there is no zoo.cfg; make the generation again");
  }
  return zk::ZooCfg::Parse(found->second);
}

Result<zk::Membership> MembershipIn(const DynamicFile& file) {
  const auto unreadable = [&file](const std::string& why) {
    return base::Fail(base::ErrorCode::kDataLoss,
                      "config.membership_unreadable",
                      "the membership that the ensemble has committed cannot be read from " +
                          file.name + ": " + why + "; repair it from another server's copy");
  };
  const auto parsed = zk::ZooCfg::Parse(file.text, file.name);
  if (!parsed) {
    return unreadable(parsed.error().message());
  }
  auto membership = zk::MembershipOf(*parsed);
  if (!membership) {
    return unreadable(membership.error().message());
  }
  if (membership->members.empty()) {
    return unreadable("it names no server");
  }
  return *std::move(membership);
}

// zoo.cfg as ZooKeeper itself rewrites it once the members live in a dynamic file.
std::string PointToDynamicFile(zk::ZooCfg cfg,
                               const zk::Membership& membership,
                               const CarryOverRequest& request,
                               const std::string& name) {
  RemoveMembership(cfg);
  const auto self = membership.members.find(request.server);
  if (self != membership.members.end() && self->second.client) {
    // In both places they would have to be spelled the same (QuorumPeerConfig.setupClientPort).
    cfg.Remove("clientPort");
    cfg.Remove("clientPortAddress");
  }
  const std::string real_name =
      request.foreign_name.empty() ? name : request.foreign_name + name.substr(kZooCfg.size());
  cfg.Set("dynamicConfigFile", (request.next_directory / real_name).native());
  return cfg.Print();
}

// zoo.cfg for a release that reads nothing else: the server lines without what 3.4 cannot read.
std::string WithServerLines(zk::ZooCfg cfg,
                            zk::Membership membership,
                            const CarryOverRequest& request) {
  RemoveMembership(cfg);
  const auto self = membership.members.find(request.server);
  if (self != membership.members.end() && self->second.role == model::Role::kObserver) {
    cfg.Set("peerType", "observer");
  }
  for (auto& [id, member] : membership.members) {
    const auto role = member.role == model::Role::kObserver ? std::optional(member.role)
                                                            : std::optional<model::Role>();
    cfg.Set("server." + model::ToString(id),
            zk::PrintServerLine({member.addresses, role, std::nullopt}));
  }
  std::string text = cfg.Print();
  // Groups and weights as PrintMembership writes them, which prints the server lines first.
  const std::string printed = zk::PrintMembership(membership);
  for (const auto line : base::Split(printed, '\n')) {
    if (line.starts_with("group") || line.starts_with("weight")) {
      text.append(line).append("\n");
    }
  }
  return text;
}

// Whether `next`, as it is, starts with this membership.
bool HasMembers(const CarryOverRequest& request,
                const zk::ZooCfg& cfg,
                const zk::Membership& membership) {
  const auto own = NewestDynamicFile(request.next);
  const bool dynamic = own && zk::ReadsDynamicFile(cfg, request.next_version);
  const auto present = dynamic ? MembershipIn(*own) : zk::MembershipOf(cfg);
  return present && zk::SameMembers(*present, membership);
}

void AddIfChanged(const ConfigurationFiles& present,
                  const std::string& name,
                  std::string text,
                  ConfigurationFiles& changed) {
  const auto found = present.find(name);
  if (found == present.end() || found->second != text) {
    changed[name] = std::move(text);
  }
}

}  // namespace

std::optional<std::uint64_t> DynamicFileVersion(std::string_view name) {
  if (!name.starts_with(kDynamicPrefix)) {
    return std::nullopt;
  }
  return base::ParseUnsigned(name.substr(kDynamicPrefix.size()), 16);
}

Result<ConfigurationFiles> CarryOver(const CarryOverRequest& request) {
  ConfigurationFiles changed;
  auto newest = NewestDynamicFile(request.ran);
  if (!newest) {
    return changed;
  }
  if (auto own = NewestDynamicFile(request.next); own && own->version >= newest->version) {
    newest = std::move(own);
  }
  ZW_ASSIGN(auto cfg, ZooCfgOf(request.next));
  ZW_ASSIGN(auto membership, MembershipIn(*newest));
  if (!membership.members.contains(request.server)) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "config.not_a_member",
                      newest->name + " does not name server " + model::ToString(request.server) +
                          ": the ensemble has removed it; add it again before starting it");
  }
  if (!request.foreign_name.empty() && HasMembers(request, cfg, membership)) {
    return changed;
  }
  if (request.next_version >= kFirstWithDynamicFiles) {
    AddIfChanged(request.next, newest->name, newest->text, changed);
    AddIfChanged(request.next,
                 std::string(kZooCfg),
                 PointToDynamicFile(std::move(cfg), membership, request, newest->name),
                 changed);
    return changed;
  }
  AddIfChanged(request.next,
               std::string(kZooCfg),
               WithServerLines(std::move(cfg), std::move(membership), request),
               changed);
  return changed;
}

bool MayKeepItsOwn(const CarryOverRequest& request) {
  const auto ran_cfg = ZooCfgOf(request.ran);
  if (ran_cfg && !ran_cfg->Get("dynamicConfigFile")) {
    return true;
  }
  const auto own_cfg = ZooCfgOf(request.next);
  const auto own = NewestDynamicFile(request.next);
  if (request.next_version < kFirstWithDynamicFiles || !own_cfg || !own) {
    return false;
  }
  const auto membership = MembershipIn(*own);
  return membership && membership->members.contains(request.server);
}

}  // namespace zoowarden::agent
