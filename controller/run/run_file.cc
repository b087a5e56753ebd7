#include "controller/run/run_file.h"

#include "config/ensemble_file.h"
#include "controller/run/run_hooks_file.h"
#include "controller/run/run_impact_file.h"
#include "model/secrets.h"

#include <nlohmann/json.hpp>

namespace zoowarden::controller {
namespace {

using nlohmann::json;

template <typename T>
T Must(std::optional<T> value, const std::string& what) {
  if (!value) {
    throw std::invalid_argument("unknown " + what);
  }
  return *std::move(value);
}

json ToJson(const model::Generation& generation) {
  return {{"digest", generation.digest},
          {"version", generation.version.ToString()},
          {"release_sha512", generation.release_sha512},
          {"configuration_digest", generation.configuration_digest}};
}

model::Generation GenerationFrom(const json& value) {
  return {.digest = value.at("digest"),
          .version = Must(model::ParseVersion(value.at("version").get<std::string>()), "version"),
          .release_sha512 = value.at("release_sha512"),
          .configuration_digest = value.at("configuration_digest")};
}

json ToJson(const model::ServerSpec& server) {
  json value = {{"id", server.id.value},
                {"host", server.host},
                {"agent", server.agent},
                {"role", model::RoleName(server.role)},
                {"client_port", server.client_port},
                {"quorum_port", server.quorum_port},
                {"election_port", server.election_port},
                {"weight", server.weight},
                {"settings", server.settings}};
  if (server.group) {
    value["group"] = *server.group;
  }
  return value;
}

model::ServerSpec ServerFrom(const json& value) {
  model::ServerSpec server;
  server.id = {value.at("id").get<std::uint32_t>()};
  server.host = value.at("host");
  server.agent = value.at("agent");
  server.role = Must(model::ParseRole(value.at("role").get<std::string>()), "role");
  server.client_port = value.at("client_port");
  server.quorum_port = value.at("quorum_port");
  server.election_port = value.at("election_port");
  server.weight = value.at("weight");
  server.settings = value.at("settings").get<model::Settings>();
  if (value.contains("group")) {
    server.group = value.at("group").get<std::uint32_t>();
  }
  return server;
}

json ToJson(const model::Policy& policy) {
  json value = {{"soak_ms", policy.soak.count()},
                {"step_timeout_ms", policy.step_timeout.count()},
                {"on_failure", model::OnFailureName(policy.on_failure)},
                {"good_rounds", policy.good_rounds}};
  if (const auto& budget = policy.client_impact) {
    value["client_impact"] = {{"max_write_gap_ms", budget->max_write_gap.count()},
                              {"then", model::OverBudgetName(budget->then)}};
  }
  return value;
}

model::Policy PolicyFrom(const json& value) {
  model::Policy policy;
  policy.soak = std::chrono::milliseconds(value.at("soak_ms").get<std::int64_t>());
  policy.step_timeout = std::chrono::milliseconds(value.at("step_timeout_ms").get<std::int64_t>());
  policy.on_failure =
      Must(model::ParseOnFailure(value.at("on_failure").get<std::string>()), "on_failure");
  policy.good_rounds = value.at("good_rounds");
  if (value.contains("client_impact")) {
    const auto& budget = value.at("client_impact");
    policy.client_impact = {
        .max_write_gap =
            std::chrono::milliseconds(budget.at("max_write_gap_ms").get<std::int64_t>()),
        .then = Must(model::ParseOverBudget(budget.at("then").get<std::string>()), "then")};
  }
  return policy;
}

json ToJson(const model::EnsembleSpec& spec) {
  json servers = json::array();
  for (auto server : spec.servers) {
    server.settings = model::MaskSecrets(std::move(server.settings));
    servers.push_back(ToJson(server));
  }
  json options = json::array();
  for (const auto& option : spec.config.java.options) {
    options.push_back(model::MaskSecretOption(option));
  }
  json files = json::array();
  for (const auto& file : spec.config.files) {
    files.push_back({{"name", file.name}, {"content", file.content}});
  }
  json checks = json::array();
  for (const auto& check : spec.checks) {
    checks.push_back(
        {{"name", check.name}, {"command", check.command}, {"timeout_ms", check.timeout.count()}});
  }
  json value = {{"name", spec.name},
                {"release",
                 {{"version", spec.release.version.ToString()},
                  {"source", spec.release.source},
                  {"sha512", spec.release.sha512},
                  {"signature", spec.release.signature}}},
                {"settings", model::MaskSecrets(spec.config.settings)},
                {"java", {{"heap", spec.config.java.heap}, {"options", options}}},
                {"files", files},
                {"servers", servers},
                {"policy", ToJson(spec.policy)},
                {"checks", checks},
                {"canary_path", spec.canary_path}};
  if (!spec.hooks.empty()) {
    value["hooks"] = HooksToJson(spec.hooks);
  }
  return value;
}

model::EnsembleSpec SpecFrom(const json& value) {
  model::EnsembleSpec spec;
  spec.name = value.at("name");
  const auto& release = value.at("release");
  spec.release = {
      .version = Must(model::ParseVersion(release.at("version").get<std::string>()), "version"),
      .source = release.at("source"),
      .sha512 = release.at("sha512"),
      .signature = release.at("signature")};
  spec.config.settings = value.at("settings").get<model::Settings>();
  spec.config.java.heap = value.at("java").at("heap");
  spec.config.java.options = value.at("java").at("options").get<std::vector<std::string>>();
  for (const auto& file : value.at("files")) {
    spec.config.files.push_back({.name = file.at("name"), .content = file.at("content")});
    // It becomes a path on whatever machine reads the record.
    if (!config::IsPlainFileName(spec.config.files.back().name)) {
      throw std::invalid_argument("the name of a template is no plain file name");
    }
  }
  for (const auto& server : value.at("servers")) {
    spec.servers.push_back(ServerFrom(server));
  }
  spec.policy = PolicyFrom(value.at("policy"));
  for (const auto& check : value.at("checks")) {
    spec.checks.push_back(
        {.name = check.at("name"),
         .command = check.at("command").get<std::vector<std::string>>(),
         .timeout = std::chrono::milliseconds(check.at("timeout_ms").get<std::int64_t>())});
  }
  spec.hooks = HooksFromJson(value.value("hooks", json::array()));
  spec.canary_path = value.at("canary_path");
  return spec;
}

json ToJson(const core::Settlement& settlement) {
  return {{"verb", core::SettleVerbName(settlement.verb)},
          {"server", settlement.server.value},
          {"operation_id", settlement.operation_id},
          {"asked", settlement.asked},
          {"under_way", settlement.under_way}};
}

core::Settlement SettlementFrom(const json& value) {
  return {.verb = Must(core::ParseSettleVerb(value.at("verb").get<std::string>()), "verb"),
          .server = {value.at("server").get<std::uint32_t>()},
          .operation_id = value.at("operation_id"),
          .asked = value.at("asked"),
          .under_way = value.at("under_way")};
}

json ToJson(const std::vector<config::SettingEdit>& edits) {
  json list = json::array();
  for (const auto& edit : edits) {
    list.push_back({{"server", edit.server ? json(edit.server->value) : json(nullptr)},
                    {"key", edit.key},
                    {"value", edit.value}});
  }
  return list;
}

json ToJson(const core::RunState& state) {
  json servers = json::array();
  for (const auto& server : state.servers) {
    servers.push_back({{"id", server.id.value},
                       {"origin", ToJson(server.origin)},
                       {"target", ToJson(server.target)},
                       {"changed", server.changed},
                       {"failed", server.failed},
                       {"failure", server.failure}});
    if (server.restart) {
      servers.back()["restart"] = true;
    }
    if (server.repair) {
      servers.back()["repair"] = true;
    }
  }
  json done = json::array();
  for (const auto id : state.done) {
    done.push_back(id.value);
  }
  json value = {{"run_id", state.run_id},
                {"phase", core::RunPhaseName(state.phase)},
                {"goal", core::RunGoalName(state.goal)},
                {"outcome", core::RunOutcomeName(state.outcome)},
                {"outcome_reason", state.outcome_reason},
                {"outcome_text", state.outcome_text},
                {"allow_outage", state.allow_outage},
                {"attempt", state.attempt ? json(state.attempt->value) : json(nullptr)},
                {"done", done},
                {"leader", state.leader ? json(state.leader->value) : json(nullptr)},
                {"elections", state.elections},
                {"impact", ImpactToJson(state.impact)},
                {"permit_refusals", state.permit_refusals},
                {"next_operation", state.next_operation},
                {"servers", servers}};
  if (state.hooks.passed || !state.hooks.owed.empty()) {
    value["hooks"] = HookCallsToJson(state.hooks);
  }
  if (state.settlement) {
    value["settlement"] = ToJson(*state.settlement);
  }
  return value;
}

std::optional<model::ServerId> IdFrom(const json& value) {
  return value.is_null() ? std::nullopt
                         : std::optional(model::ServerId{value.get<std::uint32_t>()});
}

std::vector<config::SettingEdit> EditsFrom(const json& value) {
  std::vector<config::SettingEdit> edits;
  for (const auto& edit : value) {
    edits.push_back(
        {.server = IdFrom(edit.at("server")), .key = edit.at("key"), .value = edit.at("value")});
  }
  return edits;
}

json ToJson(const FileValues& values) {
  json list = json::array();
  for (const auto& value : values) {
    list.push_back(value ? json(*value) : json(nullptr));
  }
  return list;
}

FileValues FileValuesFrom(const json& value) {
  FileValues values;
  for (const auto& one : value) {
    values.push_back(one.is_null() ? std::nullopt : std::optional(one.get<std::string>()));
  }
  return values;
}

core::RunState StateFrom(const json& value, const model::EnsembleSpec& spec) {
  core::RunState state;
  state.run_id = value.at("run_id");
  state.ensemble = spec.name;
  for (const auto& server : spec.servers) {
    state.members.push_back(model::MemberOf(server));
  }
  state.policy = spec.policy;
  state.has_checks = !spec.checks.empty();
  state.phase = Must(core::ParseRunPhase(value.at("phase").get<std::string>()), "phase");
  state.goal = Must(core::ParseRunGoal(value.at("goal").get<std::string>()), "goal");
  state.outcome = Must(core::ParseRunOutcome(value.at("outcome").get<std::string>()), "outcome");
  state.outcome_reason = value.at("outcome_reason");
  state.outcome_text = value.at("outcome_text");
  state.allow_outage = value.at("allow_outage");
  state.attempt = IdFrom(value.at("attempt"));
  for (const auto& id : value.at("done")) {
    state.done.push_back({id.get<std::uint32_t>()});
  }
  state.leader = IdFrom(value.at("leader"));
  state.elections = value.at("elections");
  if (value.contains("impact")) {
    state.impact = ImpactFromJson(value.at("impact"));
  }
  state.permit_refusals = value.at("permit_refusals");
  state.next_operation = value.at("next_operation");
  for (const auto& server : value.at("servers")) {
    state.servers.push_back({.id = {server.at("id").get<std::uint32_t>()},
                             .origin = GenerationFrom(server.at("origin")),
                             .target = GenerationFrom(server.at("target")),
                             .changed = server.at("changed"),
                             .failed = server.at("failed"),
                             .failure = server.at("failure"),
                             .restart = server.value("restart", false),
                             .repair = server.value("repair", false)});
  }
  if (value.contains("hooks")) {
    state.hooks = HookCallsFromJson(value.at("hooks"));
  }
  if (value.contains("settlement")) {
    state.settlement = SettlementFrom(value.at("settlement"));
  }
  if (core::TellsHooks(state)) {
    state.hooks.patience = core::PatienceOf(spec.hooks);
  }
  return state;
}

}  // namespace

std::string EncodeRun(const RunFile& run) {
  json value = {{"schema_version", kRunSchemaVersion},
                {"kind", run.kind},
                {"created_ms", run.created_ms},
                {"holder", run.holder},
                {"spec", ToJson(run.spec)},
                {"state", ToJson(run.state)}};
  if (!run.plan_digest.empty()) {
    value["plan_digest"] = run.plan_digest;
  }
  if (run.approval) {
    value["approval"] = {{"approver", run.approval->approver},
                         {"serial", run.approval->serial},
                         {"approved_ms", run.approval->approved_ms}};
  }
  if (run.approval_required) {
    value["approval_required"] = true;
  }
  if (!run.edits.empty()) {
    value["edits"] = ToJson(run.edits);
  }
  if (run.file_before) {
    value["file_before"] = ToJson(*run.file_before);
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

base::Result<RunFile> DecodeRun(const std::string& text) {
  try {
    const auto value = json::parse(text);
    if (value.at("schema_version") != kRunSchemaVersion) {
      return base::Fail(base::ErrorCode::kDataLoss,
                        "run.unknown_schema",
                        "the run record has schema version " + value.at("schema_version").dump() +
                            " and this program knows " + std::to_string(kRunSchemaVersion) +
                            "; continue it with the program that wrote it");
    }
    RunFile run;
    run.kind = value.at("kind");
    run.created_ms = value.at("created_ms");
    run.holder = value.at("holder");
    run.plan_digest = value.value("plan_digest", "");
    if (value.contains("approval")) {
      const auto& approval = value.at("approval");
      run.approval = RunApproval{.approver = approval.at("approver"),
                                 .serial = approval.at("serial"),
                                 .approved_ms = approval.at("approved_ms")};
    }
    run.approval_required = value.value("approval_required", false);
    run.edits = EditsFrom(value.value("edits", json::array()));
    if (value.contains("file_before")) {
      run.file_before = FileValuesFrom(value.at("file_before"));
    }
    run.spec = SpecFrom(value.at("spec"));
    run.state = StateFrom(value.at("state"), run.spec);
    return run;
  } catch (const std::exception& error) {
    return base::Fail(base::ErrorCode::kDataLoss,
                      "run.damaged",
                      std::string("the run record cannot be read: ") + error.what());
  }
}

std::string DescribeAim(const RunFile& run) {
  if (run.state.settlement) {
    return "server " + model::ToString(run.state.settlement->server);
  }
  std::string repaired;
  for (const auto& server : run.state.servers) {
    if (server.repair) {
      repaired += (repaired.empty() ? "server " : ", ") + model::ToString(server.id);
    }
  }
  return repaired.empty() ? run.spec.release.version.ToString() : repaired;
}

std::string DescribeRun(const RunFile& run) {
  const auto ensemble = " of ensemble " + run.spec.name;
  if (run.state.settlement) {
    return run.kind + " " + model::ToString(run.state.settlement->server) + ensemble;
  }
  return core::IsRepair(run.state) ? run.kind + " of " + DescribeAim(run) + ensemble
                                   : run.kind + ensemble + " to " + DescribeAim(run);
}

std::string ApprovedPart(const RunFile& run) {
  auto approved = run;
  approved.state = {.run_id = run.state.run_id, .allow_outage = run.state.allow_outage};
  for (const auto& server : run.state.servers) {
    approved.state.servers.push_back({.id = server.id,
                                      .origin = server.origin,
                                      .target = server.target,
                                      .restart = server.restart,
                                      .repair = server.repair});
  }
  return EncodeRun(approved);
}

}  // namespace zoowarden::controller
