#include "zk/membership.h"

#include "base/text.h"

#include <algorithm>
#include <set>
#include <utility>

namespace zoowarden::zk {
namespace {

using base::Fail;
using base::Result;
using base::Status;

std::vector<model::ServerId> WithRole(const Membership& membership, model::Role role) {
  std::vector<model::ServerId> ids;
  for (const auto& [id, member] : membership.members) {
    if (member.role == role) {
      ids.push_back(id);
    }
  }
  return ids;
}

// The number after the first dot of "server.3", "group.1", "weight.3".
std::optional<std::uint32_t> NumberOfKey(std::string_view key) {
  const auto dot = key.find('.');
  const auto number =
      dot == std::string_view::npos ? std::nullopt : base::ParseUnsigned(key.substr(dot + 1));
  if (!number || *number > UINT32_MAX) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

struct Lines {
  const ZooCfg& cfg;
  Membership membership;
  std::map<model::ServerId, std::uint64_t> groups;
  std::map<model::ServerId, std::uint64_t> weights;
};

Status AddServer(const Property& property, std::uint32_t number, Lines& lines) {
  auto line = ParseServerLine(JavaTrim(property.value));
  if (!line) {
    return Fail(lines.cfg.ErrorAt(
        property, line.error().offset, std::string(property.key) + ": " + line.error().what));
  }
  Member member;
  member.role = line->EffectiveRole();
  member.addresses = std::move(line->addresses);
  member.client = std::move(line->client);
  lines.membership.members.insert_or_assign(model::ServerId{number}, std::move(member));
  return base::Ok();
}

Status AddGroup(const Property& property, std::uint32_t number, Lines& lines) {
  for (const auto part : base::Split(JavaTrim(property.value), ':')) {
    const auto id = base::ParseUnsigned(part);
    if (!id || *id > UINT32_MAX) {
      return Fail(lines.cfg.ErrorAt(property, 0, property.key + ": expected server ids with ':'"));
    }
    const model::ServerId server{static_cast<std::uint32_t>(*id)};
    const auto [at, added] = lines.groups.emplace(server, number);
    if (!added && at->second != number) {
      return Fail(lines.cfg.ErrorAt(
          property, 0, "server " + model::ToString(server) + " is in more than one group"));
    }
  }
  return base::Ok();
}

Status AddLine(const Property& property, Lines& lines) {
  const auto key = JavaTrim(property.key);
  const bool server = key.starts_with("server.");
  const bool group = key.starts_with("group");
  const bool weight = key.starts_with("weight");
  if (!server && !group && !weight) {
    return base::Ok();
  }
  const auto number = NumberOfKey(key);
  if (!number) {
    return Fail(lines.cfg.ErrorAt(property, 0, "'" + std::string(key) + "' has no number"));
  }
  if (server) {
    return AddServer(property, *number, lines);
  }
  lines.membership.hierarchical = true;
  if (group) {
    return AddGroup(property, *number, lines);
  }
  const auto value = base::ParseUnsigned(JavaTrim(property.value));
  if (!value) {
    return Fail(lines.cfg.ErrorAt(property, 0, std::string(key) + " is not a number"));
  }
  lines.weights[model::ServerId{*number}] = *value;
  return base::Ok();
}

bool SameAddress(const QuorumAddress& a, const QuorumAddress& b) {
  return a.host == b.host && a.quorum_port == b.quorum_port &&
         (!a.election_port || !b.election_port || a.election_port == b.election_port);
}

bool SameMember(const Member& a, const Member& b) {
  return a.role == b.role && a.weight == b.weight && a.group == b.group &&
         std::equal(a.addresses.begin(),
                    a.addresses.end(),
                    b.addresses.begin(),
                    b.addresses.end(),
                    SameAddress);
}

}  // namespace

std::vector<model::ServerId> Membership::Voters() const {
  return WithRole(*this, model::Role::kParticipant);
}

std::vector<model::ServerId> Membership::Observers() const {
  return WithRole(*this, model::Role::kObserver);
}

Result<Membership> MembershipOf(const ZooCfg& cfg) {
  Lines lines{cfg, {}, {}, {}};
  for (const auto& property : cfg.properties()) {
    // Of a repeated key only the last line exists for ZooKeeper.
    if (cfg.Find(JavaTrim(property.key)) == &property) {
      ZW_TRY(AddLine(property, lines));
    }
  }
  for (auto& [id, member] : lines.membership.members) {
    if (const auto group = lines.groups.find(id); group != lines.groups.end()) {
      member.group = group->second;
    }
    if (const auto weight = lines.weights.find(id); weight != lines.weights.end()) {
      member.weight = weight->second;
    }
  }
  return std::move(lines.membership);
}

std::string PrintMembership(const Membership& membership) {
  std::string servers;
  std::string weights;
  std::map<std::uint64_t, std::string> groups;
  for (const auto& [id, member] : membership.members) {
    servers += "server." + model::ToString(id) + "=" +
               PrintServerLine({member.addresses, member.role, member.client}) + "\n";
    if (member.group) {
      auto& group = groups[*member.group];
      group += (group.empty() ? "" : ":") + model::ToString(id);
    }
    if (member.weight != 1) {
      weights += "weight." + model::ToString(id) + "=" + std::to_string(member.weight) + "\n";
    }
  }
  for (const auto& [number, ids] : groups) {
    servers += "group." + std::to_string(number) + "=" + ids + "\n";
  }
  return servers + weights;
}

bool SameMembers(const Membership& a, const Membership& b) {
  return std::equal(a.members.begin(),
                    a.members.end(),
                    b.members.begin(),
                    b.members.end(),
                    [](const auto& left, const auto& right) {
                      return left.first == right.first && SameMember(left.second, right.second);
                    });
}

}  // namespace zoowarden::zk
