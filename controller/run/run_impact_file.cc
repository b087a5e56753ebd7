#include "controller/run/run_impact_file.h"

#include <nlohmann/json.hpp>

namespace zoowarden::controller {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

json ToJson(const core::WriteGap& gap) {
  return {{"ms", gap.lasted.count()},
          {"server", gap.server ? json(gap.server->value) : json(nullptr)}};
}

core::WriteGap GapFrom(const json& value) {
  core::WriteGap gap{.lasted = milliseconds(value.at("ms").get<std::int64_t>())};
  if (!value.at("server").is_null()) {
    gap.server = model::ServerId{value.at("server").get<std::uint32_t>()};
  }
  return gap;
}

json ToJson(const core::Connections& connections) {
  json list = json::array();
  for (const auto& [id, count] : connections) {
    list.push_back({{"id", id.value}, {"connections", count ? json(*count) : json(nullptr)}});
  }
  return list;
}

core::Connections ConnectionsFrom(const json& value) {
  core::Connections connections;
  for (const auto& one : value) {
    auto& count = connections[{one.at("id").get<std::uint32_t>()}];
    if (!one.at("connections").is_null()) {
      count = one.at("connections").get<std::uint32_t>();
    }
  }
  return connections;
}

}  // namespace

json ImpactToJson(const core::RunImpact& impact) {
  return {{"writes", impact.writes},
          {"longest", ToJson(impact.longest)},
          {"counted", ToJson(impact.counted)},
          {"unmeasured_ms", impact.unmeasured.count()},
          {"controllers", impact.controllers},
          {"before", ToJson(impact.before)},
          {"after", ToJson(impact.after)}};
}

core::RunImpact ImpactFromJson(const json& value) {
  return {.writes = value.at("writes"),
          .longest = GapFrom(value.at("longest")),
          .counted = GapFrom(value.at("counted")),
          .unmeasured = milliseconds(value.at("unmeasured_ms").get<std::int64_t>()),
          .controllers = value.at("controllers"),
          .before = ConnectionsFrom(value.at("before")),
          .after = ConnectionsFrom(value.at("after"))};
}

}  // namespace zoowarden::controller
