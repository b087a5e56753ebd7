#include "controller/run/run_file.h"

#include "controller/run/run_hooks_file.h"
#include "controller/run/run_impact_file.h"
#include "controller/run/run_spec_file.h"
#include "core/plan.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace zoowarden::controller {
namespace {

using nlohmann::json;

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
    if (!server.settled.empty()) {
      servers.back()["settled"] = server.settled;
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
  if (state.hooks.passed || !state.hooks.owed.empty() || state.hooks.opened > 0) {
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
                             .repair = server.value("repair", false),
                             .settled = server.value("settled", "")});
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
                {"spec", SpecToJson(run.spec)},
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
    run.spec = SpecFromJson(value.at("spec"));
    run.state = StateFrom(value.at("state"), run.spec);
    return run;
  } catch (const std::exception& error) {
    return base::Fail(base::ErrorCode::kDataLoss,
                      "run.damaged",
                      std::string("the run record cannot be read: ") + error.what());
  }
}

namespace {

std::string Describe(const RunFile& run, const std::string& ensemble) {
  if (run.state.settlement) {
    return run.kind + " " + model::ToString(run.state.settlement->server) + ensemble;
  }
  if (core::IsRepair(run.state)) {
    return run.kind + " of " + DescribeAim(run) + ensemble;
  }
  const auto& servers = run.state.servers;
  const bool changes = std::any_of(servers.begin(), servers.end(), [](const auto& server) {
    return !core::SameRelease(server.origin, server.target);
  });
  return run.kind + ensemble + DescribeRelease(run.kind, run.spec.release.version, changes);
}

}  // namespace

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

std::string DescribeVerb(const RunFile& run) { return Describe(run, ""); }

std::string DescribeRun(const RunFile& run) {
  return Describe(run, " of ensemble " + run.spec.name);
}

std::string DescribeRelease(const std::string& kind,
                            const model::Version& version,
                            bool changes_release) {
  const bool leads_there = kind == "upgrade" || (kind == "apply" && changes_release);
  return (leads_there ? " to " : " on ") + version.ToString();
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
