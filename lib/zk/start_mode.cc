#include "zk/start_mode.h"

#include "base/text.h"
#include "model/setting_rules.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zoowarden::zk {
namespace {

using base::Fail;
using base::Result;
using base::Status;
using model::Version;

constexpr Version k35{3, 5, 0};
constexpr Version k36{3, 6, 0};
constexpr Version k37{3, 7, 0};

constexpr std::array<std::string_view, 4> kNumbersSince35 = {"secureClientPort",
                                                             "observerMasterPort",
                                                             "clientPortListenBacklog",
                                                             "connectToLearnerMasterLimit"};
// Before 3.7 anything but "true" silently meant false (ZOOKEEPER-3661).
constexpr std::array<std::string_view, 8> kStrictBooleansSince37 = {"localSessionsEnabled",
                                                                    "localSessionsUpgradingEnabled",
                                                                    "quorumListenOnAllIPs",
                                                                    "syncEnabled",
                                                                    "sslQuorum",
                                                                    "portUnification",
                                                                    "sslQuorumReloadCertFiles",
                                                                    "multiAddress.enabled"};
constexpr std::array<std::string_view, 2> kStrictBooleansSince35 = {"standaloneEnabled",
                                                                    "reconfigEnabled"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

bool IsMembershipKey(std::string_view key) {
  return key.starts_with("server.") || key.starts_with("group") || key.starts_with("weight");
}

base::Error Invalid(std::string what) {
  return {base::ErrorCode::kInvalidArgument, "zoo_cfg.invalid", std::move(what)};
}

template <std::size_t N>
Status CheckNumbers(const ZooCfg& cfg, const std::array<std::string_view, N>& keys) {
  for (const auto key : keys) {
    ZW_ASSIGN(const auto value, cfg.GetNumber(key));
    if (value && (*value > INT32_MAX || *value < INT32_MIN)) {
      return Fail(cfg.ErrorAt(*cfg.Find(key), 0, std::string(key) + " does not fit 32 bits"));
    }
  }
  return base::Ok();
}

template <std::size_t N>
Status CheckBooleans(const ZooCfg& cfg, const std::array<std::string_view, N>& keys) {
  for (const auto key : keys) {
    const auto value = cfg.Get(key);
    if (value && Lower(*value) != "true" && Lower(*value) != "false") {
      return Fail(cfg.ErrorAt(*cfg.Find(key), 0, std::string(key) + " must be true or false"));
    }
  }
  return base::Ok();
}

std::int64_t Number(const ZooCfg& cfg, std::string_view key, std::int64_t absent) {
  const auto value = cfg.GetNumber(key);
  return value && *value ? **value : absent;
}

Status CheckTypes(const StartInputs& in) {
  ZW_TRY(CheckNumbers(in.cfg, model::kNumberSettings));
  if (in.version >= k35) {
    ZW_TRY(CheckNumbers(in.cfg, kNumbersSince35));
    ZW_TRY(CheckBooleans(in.cfg, kStrictBooleansSince35));
  }
  if (in.version >= k37) {
    ZW_TRY(CheckBooleans(in.cfg, kStrictBooleansSince37));
  }
  if (const auto type = in.cfg.Get("peerType"); type && !model::ParseRole(Lower(*type))) {
    return Fail(
        in.cfg.ErrorAt(*in.cfg.Find("peerType"), 0, "peerType must be participant or observer"));
  }
  // 3.6 removed the other election algorithms.
  if (in.version >= k36 && Number(in.cfg, "electionAlg", 3) != 3) {
    return Fail(in.cfg.ErrorAt(*in.cfg.Find("electionAlg"), 0, "electionAlg must be 3"));
  }
  return base::Ok();
}

Status CheckRequired(const StartInputs& in) {
  if (!in.cfg.Get("dataDir")) {
    return Fail(Invalid("dataDir is not set"));
  }
  if (Number(in.cfg, "clientPort", 0) == 0 &&
      (in.version < k35 || in.cfg.Get("clientPortAddress"))) {
    return Fail(Invalid("clientPort is not set"));
  }
  if (in.version >= k35 && in.cfg.Get("secureClientPortAddress") &&
      Number(in.cfg, "secureClientPort", 0) == 0) {
    return Fail(Invalid("secureClientPortAddress is set but secureClientPort is not"));
  }
  const auto tick = Number(in.cfg, "tickTime", 3000);
  if (tick == 0) {
    return Fail(Invalid("tickTime is not set"));
  }
  const auto timeout = [&](std::string_view key, std::int64_t ticks) {
    const auto value = Number(in.cfg, key, -1);
    return value == -1 ? tick * ticks : value;
  };
  if (timeout("minSessionTimeout", 2) > timeout("maxSessionTimeout", 20)) {
    return Fail(Invalid("minSessionTimeout is larger than maxSessionTimeout"));
  }
  return base::Ok();
}

bool IsTrue(const ZooCfg& cfg, std::string_view key) {
  return Lower(cfg.Get(key).value_or("false")) == "true";
}

Status CheckQuorumSasl(const ZooCfg& cfg) {
  const bool server = IsTrue(cfg, "quorum.auth.serverRequireSasl");
  const bool learner = IsTrue(cfg, "quorum.auth.learnerRequireSasl");
  if ((server || learner) && !IsTrue(cfg, "quorum.auth.enableSasl")) {
    return Fail(Invalid("quorum.auth requires SASL but quorum.auth.enableSasl is not true"));
  }
  if (server && !learner) {
    return Fail(Invalid("quorum.auth.serverRequireSasl needs quorum.auth.learnerRequireSasl"));
  }
  return base::Ok();
}

// The file whose server lines count, after the rules about where they may stand.
Result<const ZooCfg*> MembershipFile(const StartInputs& in) {
  if (!ReadsDynamicFile(in.cfg, in.version)) {
    return &in.cfg;
  }
  for (const auto& property : in.cfg.properties()) {
    if (IsMembershipKey(JavaTrim(property.key))) {
      return Fail(in.cfg.ErrorAt(
          property, 0, property.key + " must be in the dynamic configuration file only"));
    }
  }
  if (in.dynamic == nullptr) {
    return Fail(in.cfg.ErrorAt(*in.cfg.Find("dynamicConfigFile"), 0, "no such file"));
  }
  for (const auto& property : in.dynamic->properties()) {
    if (!IsMembershipKey(JavaTrim(property.key))) {
      return Fail(in.dynamic->ErrorAt(
          property, 0, "'" + property.key + "' does not belong in a dynamic configuration file"));
    }
  }
  return in.dynamic;
}

// Form of one server line that is right in general but not for this release line.
std::optional<std::string> WrongForVersion(const Member& member, const StartInputs& in) {
  if (in.version < k35 && member.client) {
    return "a client address after ';' is unknown before 3.5";
  }
  if (member.addresses.size() > 1 && (in.version < k36 || !in.multi_address_enabled)) {
    return "several addresses with '|' need 3.6 and -Dzookeeper.multiAddress.enabled=true";
  }
  for (const auto& address : member.addresses) {
    if (in.version >= k35 && !address.election_port) {
      return "expected host:port:port";
    }
    if (in.version >= k35 && address.election_port == address.quorum_port) {
      return "quorum and election port must be different";
    }
  }
  return std::nullopt;
}

// 3.4 trims the value; later lines hand it to Integer.parseInt as it is. Only a role may have
// blanks behind it, and that from 3.6 on.
bool HasFatalBlank(std::string_view value, Version version) {
  const auto trimmed = JavaTrim(value);
  return version >= k35 && !trimmed.empty() && trimmed.size() != value.size() &&
         (version < k36 || (trimmed.back() >= '0' && trimmed.back() <= '9'));
}

Status CheckServerLines(const ZooCfg& file, const Membership& membership, const StartInputs& in) {
  for (const auto& [id, member] : membership.members) {
    const auto key = "server." + model::ToString(id);
    const auto* property = file.Find(key);
    if (property == nullptr) {
      continue;  // written with leading zeros
    }
    if (const auto wrong = WrongForVersion(member, in)) {
      return Fail(file.ErrorAt(*property, 0, key + ": " + *wrong));
    }
    if (HasFatalBlank(property->value, in.version)) {
      return Fail(file.ErrorAt(
          *property, JavaTrim(property->value).size(), key + ": blank at the end of the line"));
    }
  }
  const auto* version = file.Find("version");
  if (in.version >= k35 && version != nullptr &&
      !base::ParseUnsigned(JavaTrim(version->value), 16)) {
    return Fail(file.ErrorAt(*version, 0, "version is not a hexadecimal number"));
  }
  return base::Ok();
}

Status CheckGroups(const StartInputs& in, const Membership& membership) {
  if (!membership.hierarchical) {
    return base::Ok();
  }
  const bool any_group = std::any_of(membership.members.begin(),
                                     membership.members.end(),
                                     [](const auto& entry) { return entry.second.group; });
  if (in.version < k35 && !any_group) {
    return base::Ok();  // 3.4 ignores weights without groups
  }
  for (const auto id : membership.Voters()) {
    if (!membership.members.at(id).group) {
      return Fail(Invalid("server " + model::ToString(id) + " is not in a group"));
    }
  }
  return base::Ok();
}

bool IsAnyAddress(std::string_view host) {
  return host.empty() || host == "0.0.0.0" || host == "::" || host == "0:0:0:0:0:0:0:0";
}

bool IsLiteral(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos ||
         host.find(':') != std::string_view::npos;
}

// Only literals are compared: what a name means is not known here.
bool SameClientAddress(const ZooCfg& cfg, const ClientAddress& client) {
  if (Number(cfg, "clientPort", 0) != client.port) {
    return false;
  }
  const auto host = cfg.Get("clientPortAddress").value_or("");
  if (IsAnyAddress(host) || host == client.host) {
    return true;
  }
  return !IsAnyAddress(client.host) && !(IsLiteral(host) && IsLiteral(client.host));
}

Status CheckQuorum(const StartInputs& in, const Membership& membership) {
  for (const auto* key : {"initLimit", "syncLimit"}) {
    if (Number(in.cfg, key, 0) == 0) {
      return Fail(Invalid(std::string(key) + " is not set"));
    }
  }
  for (const auto id : membership.Voters()) {
    const auto& addresses = membership.members.at(id).addresses;
    if (Number(in.cfg, "electionAlg", 3) != 0 && !addresses.front().election_port) {
      return Fail(Invalid("server " + model::ToString(id) + " has no election port"));
    }
  }
  ZW_TRY(CheckGroups(in, membership));
  if (!in.my_id) {
    return Fail(Invalid("there is no myid file"));
  }
  const auto self = membership.members.find(*in.my_id);
  if (self == membership.members.end()) {
    return Fail(Invalid("server " + model::ToString(*in.my_id) + " (myid) has no server line"));
  }
  if (self->second.client && Number(in.cfg, "clientPort", 0) != 0 &&
      !SameClientAddress(in.cfg, *self->second.client)) {
    return Fail(
        Invalid("clientPort and clientPortAddress differ from the client address in the "
                "line of server " +
                model::ToString(*in.my_id)));
  }
  return base::Ok();
}

// Standalone, or the error that standalone mode would end with.
Result<StartVerdict> StandaloneVerdict(const StartInputs& in,
                                       const ZooCfg& file,
                                       const Membership& membership) {
  if (!membership.Observers().empty()) {
    return Fail(Invalid("observers without a quorum of participants"));
  }
  std::string reason =
      (membership.members.empty() ? "no server lines in " : "only one participant in ") +
      file.name();
  if (in.version < k35 && in.cfg.Get("dynamicConfigFile")) {
    reason += ": releases before 3.5 ignore dynamicConfigFile";
  }
  return StartVerdict{StartMode::kStandalone, std::move(reason), {}};
}

Result<StartVerdict> Judge(const StartInputs& in) {
  ZW_TRY(CheckTypes(in));
  ZW_TRY(CheckRequired(in));
  ZW_TRY(CheckQuorumSasl(in.cfg));
  ZW_ASSIGN(const ZooCfg* file, MembershipFile(in));
  ZW_ASSIGN(Membership membership, MembershipOf(*file));
  ZW_TRY(CheckServerLines(*file, membership, in));
  const auto voters = membership.Voters().size();
  const bool standalone_enabled =
      in.version < k35 || Lower(in.cfg.Get("standaloneEnabled").value_or("true")) == "true";
  if (voters == 0 && !standalone_enabled) {
    return Fail(Invalid("standaloneEnabled=false needs at least one participant"));
  }
  if (voters == 0 || (voters == 1 && standalone_enabled)) {
    return StandaloneVerdict(in, *file, membership);
  }
  ZW_TRY(CheckQuorum(in, membership));
  return StartVerdict{StartMode::kQuorum,
                      std::to_string(voters) + " participants in " + file->name(),
                      std::move(membership)};
}

}  // namespace

std::string_view StartModeName(StartMode mode) {
  switch (mode) {
    case StartMode::kQuorum:
      return "quorum";
    case StartMode::kStandalone:
      return "standalone";
    case StartMode::kInvalid:
      return "invalid";
  }
  return "invalid";
}

bool ReadsDynamicFile(const ZooCfg& cfg, Version version) {
  return version >= k35 && cfg.Get("dynamicConfigFile").has_value();
}

StartVerdict HowItStarts(const StartInputs& inputs) {
  auto verdict = Judge(inputs);
  return verdict ? *std::move(verdict)
                 : StartVerdict{StartMode::kInvalid, verdict.error().message(), {}};
}

}  // namespace zoowarden::zk
