#include "agent/install/generation_record.h"

#include "config/digests.h"

#include <nlohmann/json.hpp>

#include <exception>

namespace zoowarden::agent {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

base::Error Damaged(std::string_view digest, std::string_view what) {
  return {base::ErrorCode::kDataLoss,
          "generation.damaged",
          "generation " + std::string(digest) + " is damaged: " + std::string(what) +
              "; restore it or roll the server to another generation"};
}

GenerationRecord FromJson(const json& object) {
  GenerationRecord record;
  record.generation.digest = object.at("digest").get<std::string>();
  const auto version = model::ParseVersion(object.at("version").get<std::string>());
  record.generation.version = version.value_or(model::Version{});
  record.generation.release_sha512 = object.at("release_sha512").get<std::string>();
  record.generation.configuration_digest = object.at("configuration_digest").get<std::string>();
  record.server.value = object.at("server").get<std::uint32_t>();
  record.declared_servers = object.at("declared_servers").get<std::uint32_t>();
  record.settings = object.at("settings").get<model::Settings>();
  return record;
}

}  // namespace

std::string PrintGenerationRecord(const GenerationRecord& record) {
  // json keeps its keys sorted, so the same record gives the same bytes.
  const json object = {{"format", kFormat},
                       {"digest", record.generation.digest},
                       {"version", record.generation.version.ToString()},
                       {"release_sha512", record.generation.release_sha512},
                       {"configuration_digest", record.generation.configuration_digest},
                       {"server", record.server.value},
                       {"declared_servers", record.declared_servers},
                       {"settings", record.settings}};
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

base::Result<GenerationRecord> ParseGenerationRecord(std::string_view text,
                                                     std::string_view digest) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("format") || !object["format"].is_number_integer()) {
    return base::Fail(Damaged(digest, "generation.json is not a generation's record"));
  }
  if (object["format"] != kFormat) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "generation.unknown_format",
                      "generation " + std::string(digest) + " has format " +
                          object["format"].dump() + ", this agent knows " +
                          std::to_string(kFormat) + "; use the agent that wrote it");
  }
  GenerationRecord record;
  try {
    record = FromJson(object);
  } catch (const std::exception&) {
    return base::Fail(Damaged(digest, "generation.json lacks a field or has a wrong type"));
  }
  const auto& generation = record.generation;
  const std::string computed = config::GenerationDigest(
      generation.version, generation.release_sha512, generation.configuration_digest);
  if (generation.digest != digest || computed != digest) {
    return base::Fail(Damaged(digest, "generation.json describes another generation"));
  }
  return record;
}

}  // namespace zoowarden::agent
