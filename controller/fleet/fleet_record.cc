#include "controller/fleet/fleet_record.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace zoowarden::controller {
namespace {

using nlohmann::ordered_json;

ordered_json EntryJson(const FleetEntry& entry) {
  return {{"ensemble", entry.ensemble},
          {"state", core::EnsembleStateName(entry.state)},
          {"run", entry.run_id},
          {"began_ms", entry.began_ms},
          {"ended_ms", entry.ended_ms},
          {"exit_code", entry.exit_code ? ordered_json(*entry.exit_code) : ordered_json()},
          {"process", entry.process},
          {"message", entry.message},
          {"verified", entry.verified},
          {"retry", entry.retry},
          {"approved", entry.approved}};
}

// Throws what nlohmann does where a field is missing or of another type.
FleetEntry EntryFrom(const ordered_json& json) {
  FleetEntry entry{.ensemble = json.at("ensemble").get<std::string>(),
                   .run_id = json.at("run").get<std::string>(),
                   .began_ms = json.at("began_ms").get<std::int64_t>(),
                   .ended_ms = json.at("ended_ms").get<std::int64_t>(),
                   .process = json.at("process").get<std::string>(),
                   .message = json.at("message").get<std::string>(),
                   .verified = json.at("verified").get<bool>(),
                   .retry = json.at("retry").get<bool>(),
                   .approved = json.value("approved", "")};
  if (const auto& code = json.at("exit_code"); !code.is_null()) {
    entry.exit_code = code.get<int>();
  }
  // A state of a newer program: what its run came to is asked of the agents.
  entry.state = core::ParseEnsembleState(json.at("state").get<std::string>())
                    .value_or(core::EnsembleState::kRunning);
  return entry;
}

FleetRecord RecordFrom(const ordered_json& json) {
  FleetRecord record{.fleet = json.at("fleet").get<std::string>(),
                     .rollout = json.at("rollout").get<std::string>(),
                     .verb = json.at("verb").get<std::string>(),
                     .to = json.at("to").get<std::string>(),
                     .release = json.at("release").get<std::string>(),
                     .allow_outage = json.at("allow_outage").get<bool>(),
                     .created_ms = json.at("created_ms").get<std::int64_t>(),
                     .closed = json.at("closed").get<bool>()};
  for (const auto& entry : json.at("ensembles")) {
    record.ensembles.push_back(EntryFrom(entry));
  }
  return record;
}

base::Error Damaged(const std::string& why) {
  return {base::ErrorCode::kDataLoss,
          "fleet.damaged",
          "the record of the rollout is damaged (" + why +
              "); move it away: the command that began it (`zoowarden fleet upgrade --to VERSION "
              "--release ARCHIVE`, or `zoowarden fleet apply`) begins anew and does nothing where "
              "every server is new already"};
}

}  // namespace

FleetEntry* FindEntry(FleetRecord& record, const std::string& ensemble) {
  const auto found = std::find_if(record.ensembles.begin(),
                                  record.ensembles.end(),
                                  [&](const FleetEntry& one) { return one.ensemble == ensemble; });
  return found == record.ensembles.end() ? nullptr : &*found;
}

std::string EncodeFleet(const FleetRecord& record) {
  ordered_json json{{"schema_version", kFleetSchemaVersion},
                    {"fleet", record.fleet},
                    {"rollout", record.rollout},
                    {"verb", record.verb},
                    {"to", record.to},
                    {"release", record.release},
                    {"allow_outage", record.allow_outage},
                    {"created_ms", record.created_ms},
                    {"closed", record.closed},
                    {"ensembles", ordered_json::array()}};
  for (const auto& entry : record.ensembles) {
    json["ensembles"].push_back(EntryJson(entry));
  }
  return json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

base::Result<FleetRecord> DecodeFleet(const std::string& text) try {
  const auto json = ordered_json::parse(text);
  if (const auto version = json.at("schema_version").get<int>(); version != kFleetSchemaVersion) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "fleet.newer",
                      "the record of the rollout has schema version " + std::to_string(version) +
                          ", this program knows " + std::to_string(kFleetSchemaVersion) +
                          "; use the program that wrote it");
  }
  return RecordFrom(json);
} catch (const nlohmann::json::exception& error) {
  return base::Fail(Damaged(error.what()));
}

}  // namespace zoowarden::controller
