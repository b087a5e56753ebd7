#include "controller/run/run_hooks_file.h"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace zoowarden::controller {
namespace {

using nlohmann::json;

model::HookPoint PointFrom(const json& value) {
  const auto point = model::ParseHookPoint(value.get<std::string>());
  if (!point) {
    throw std::invalid_argument("unknown hook point");
  }
  return *point;
}

json ToJson(const core::HookCall& call) {
  json value = {{"when", model::HookPointName(call.when)},
                {"server", call.server.value},
                {"back", call.back},
                {"failed", call.failed}};
  if (call.opened > 0) {
    value["opened"] = call.opened;
  }
  if (!call.outcome.empty()) {
    value["outcome"] = call.outcome;
    value["outcome_text"] = call.outcome_text;
  }
  return value;
}

core::HookCall CallFrom(const json& value) {
  return {.when = PointFrom(value.at("when")),
          .server = {value.at("server").get<std::uint32_t>()},
          .back = value.at("back"),
          .failed = value.at("failed"),
          .opened = value.value("opened", 0),
          .outcome = value.value("outcome", ""),
          .outcome_text = value.value("outcome_text", "")};
}

}  // namespace

json HooksToJson(const std::vector<model::Hook>& hooks) {
  json list = json::array();
  for (const auto& hook : hooks) {
    list.push_back({{"name", hook.name},
                    {"when", model::HookPointName(hook.when)},
                    {"command", hook.command},
                    {"timeout_ms", hook.timeout.count()}});
  }
  return list;
}

json HookCallsToJson(const core::RunHooks& hooks) {
  json owed = json::array();
  for (const auto& call : hooks.owed) {
    owed.push_back(ToJson(call));
  }
  json value = {{"passed", hooks.passed ? ToJson(*hooks.passed) : json(nullptr)}, {"owed", owed}};
  if (hooks.opened > 0) {
    value["opened"] = hooks.opened;
  }
  return value;
}

std::vector<model::Hook> HooksFromJson(const json& value) {
  std::vector<model::Hook> hooks;
  for (const auto& hook : value) {
    hooks.push_back(
        {.name = hook.at("name"),
         .when = PointFrom(hook.at("when")),
         .command = hook.at("command").get<std::vector<std::string>>(),
         .timeout = std::chrono::milliseconds(hook.at("timeout_ms").get<std::int64_t>())});
  }
  return hooks;
}

core::RunHooks HookCallsFromJson(const json& value) {
  core::RunHooks hooks;
  if (!value.at("passed").is_null()) {
    hooks.passed = CallFrom(value.at("passed"));
  }
  for (const auto& call : value.at("owed")) {
    hooks.owed.push_back(CallFrom(call));
  }
  hooks.opened = value.value("opened", 0);
  return hooks;
}

}  // namespace zoowarden::controller
