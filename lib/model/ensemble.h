// What an ensemble should be: the content of ensemble.yaml as values. Loaded by lib/config, decided
// on by lib/core, sent to agents by the controller. Values only.
#pragma once

#include "model/ids.h"
#include "model/version.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::model {

enum class Role { kParticipant, kObserver };
[[nodiscard]] std::string_view RoleName(Role role);  // "participant", "observer"
[[nodiscard]] std::optional<Role> ParseRole(std::string_view name);

// Ordered maps everywhere: the same input must give the same bytes and the same digest.
using Settings = std::map<std::string, std::string>;

struct ServerSpec {
  ServerId id;
  std::string host;   // name or address that other members and clients use
  std::string agent;  // HOST:PORT of this server's agent
  Role role = Role::kParticipant;
  std::uint16_t client_port = 2181;
  std::uint16_t quorum_port = 2888;
  std::uint16_t election_port = 3888;
  std::uint32_t weight = 1;            // QuorumHierarchical weight; 0 counts for nothing
  std::optional<std::uint32_t> group;  // QuorumHierarchical group
  Settings settings;                   // this server's own zoo.cfg keys, win over the ensemble's
  bool operator==(const ServerSpec&) const = default;
};

struct ReleaseSpec {
  Version version;
  std::string source;     // archive on the control machine (absolute after loading)
  std::string sha512;     // 128 lower-case hexadecimal digits
  std::string signature;  // detached OpenPGP signature file, empty = none asked for
  bool operator==(const ReleaseSpec&) const = default;
};

// A file beside zoo.cfg, rendered from a mustache template ("logback.xml", "jaas.conf").
struct TemplateFile {
  std::string name;     // plain file name inside the generation's conf directory
  std::string content;  // the template's text
  bool operator==(const TemplateFile&) const = default;
};

struct JavaSpec {
  std::string heap;                  // "128m", "1g"; empty = the release's own default
  std::vector<std::string> options;  // one JVM option an element, no shell syntax
  bool operator==(const JavaSpec&) const = default;
};

// What one generation's configuration is rendered from.
struct ConfigurationSpec {
  Settings settings;  // zoo.cfg keys that we own, without server.N lines
  JavaSpec java;
  std::vector<TemplateFile> files;  // sorted by name
  bool operator==(const ConfigurationSpec&) const = default;
};

enum class OnFailure { kRollbackAll, kRollbackServer, kHalt };
[[nodiscard]] std::string_view OnFailureName(OnFailure policy);  // "rollback_all", ...
[[nodiscard]] std::optional<OnFailure> ParseOnFailure(std::string_view name);

// What follows at the next safe point when clients felt more than they were to feel.
enum class OverBudget { kHalt, kRollback };
[[nodiscard]] std::string_view OverBudgetName(OverBudget verdict);  // "halt", "rollback"
[[nodiscard]] std::optional<OverBudget> ParseOverBudget(std::string_view name);

// What clients may feel of a run that goes forward.
struct ClientImpact {
  std::chrono::milliseconds max_write_gap{0};
  OverBudget then = OverBudget::kHalt;
  bool operator==(const ClientImpact&) const = default;
};

struct Policy {
  std::chrono::milliseconds soak{10'000};           // gates must stay passed this long
  std::chrono::milliseconds step_timeout{300'000};  // from stop to proved, per server
  OnFailure on_failure = OnFailure::kRollbackAll;
  int good_rounds = 3;                        // consecutive rounds in which a stop must be safe
  std::optional<ClientImpact> client_impact;  // absent = measured, and no limit
  bool operator==(const Policy&) const = default;
};

// An executable that gets the observation as JSON on stdin; exit 0 passes, anything else vetoes.
struct HealthCheck {
  std::string name;
  std::vector<std::string> command;
  std::chrono::milliseconds timeout{10'000};
  bool operator==(const HealthCheck&) const = default;
};

// Where a run tells a hook. Before: it may veto. After: it is told and that is all.
enum class HookPoint { kBeforeRun, kBeforeStep, kAfterStep, kAfterRun };
[[nodiscard]] std::string_view HookPointName(HookPoint point);  // "before_run", ...
[[nodiscard]] std::optional<HookPoint> ParseHookPoint(std::string_view name);

// An executable that gets the step as JSON on stdin.
struct Hook {
  std::string name;
  HookPoint when = HookPoint::kBeforeStep;
  std::vector<std::string> command;
  std::chrono::milliseconds timeout{30'000};
  bool operator==(const Hook&) const = default;
};

// One configuration source, run by the controller when it plans.
struct PluginUse {
  std::string use;  // "file", "exec"
  std::string path;
  std::vector<std::string> command;
  bool operator==(const PluginUse&) const = default;
};

struct EnsembleSpec {
  std::string name;
  ReleaseSpec release;
  ConfigurationSpec config;
  std::vector<PluginUse> plugins;
  std::vector<ServerSpec> servers;  // sorted by id
  Policy policy;
  std::vector<HealthCheck> checks;
  std::vector<Hook> hooks;  // in the order in which those of one point run
  std::string canary_path;  // empty = the failed-write canary
};

[[nodiscard]] const ServerSpec* FindServer(const EnsembleSpec& ensemble, ServerId id);

// The zoo.cfg settings of one server: the ensemble's with the server's own on top.
[[nodiscard]] Settings SettingsOf(const EnsembleSpec& ensemble, const ServerSpec& server);

}  // namespace zoowarden::model
