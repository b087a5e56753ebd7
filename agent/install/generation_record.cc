#include "agent/install/generation_record.h"

#include "config/digests.h"

#include <nlohmann/json.hpp>

#include <exception>
#include <stdexcept>

namespace zoowarden::agent {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr int kAdoptedFormat = 2;  // so that a program that knows no adoption refuses it by name

base::Error Damaged(std::string_view digest, std::string_view what) {
  return {base::ErrorCode::kDataLoss,
          "generation.damaged",
          "generation " + std::string(digest) + " is damaged: " + std::string(what) +
              "; restore it or roll the server to another generation"};
}

ForeignPaths ForeignFromJson(const json& object) {
  ForeignPaths foreign{.configuration = object.at("configuration").get<std::string>(),
                       .release_directory = object.at("release").get<std::string>(),
                       .server_jar = object.at("server_jar").get<std::string>(),
                       .unit = object.at("unit").get<std::string>()};
  foreign.launcher = model::ParseForeignLauncher(object.at("launcher").get<std::string>());
  if (foreign.launcher == model::ForeignLauncher::kUnknown) {
    throw std::invalid_argument("unknown launcher");  // caught by the caller
  }
  return foreign;
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
  if (object.at("format") == kAdoptedFormat) {
    record.foreign = ForeignFromJson(object.at("foreign"));
  }
  return record;
}

}  // namespace

std::string PrintGenerationRecord(const GenerationRecord& record) {
  // json keeps its keys sorted, so the same record gives the same bytes.
  json object = {{"format", record.foreign ? kAdoptedFormat : kFormat},
                 {"digest", record.generation.digest},
                 {"version", record.generation.version.ToString()},
                 {"release_sha512", record.generation.release_sha512},
                 {"configuration_digest", record.generation.configuration_digest},
                 {"server", record.server.value},
                 {"declared_servers", record.declared_servers},
                 {"settings", record.settings}};
  if (record.foreign) {
    object["foreign"] = {
        {"configuration", record.foreign->configuration},
        {"release", record.foreign->release_directory},
        {"server_jar", record.foreign->server_jar},
        {"launcher", std::string(model::ForeignLauncherName(record.foreign->launcher))},
        {"unit", record.foreign->unit}};
  }
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

base::Result<GenerationRecord> ParseGenerationRecord(std::string_view text,
                                                     std::string_view digest) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("format") || !object["format"].is_number_integer()) {
    return base::Fail(Damaged(digest, "generation.json is not a generation's record"));
  }
  if (object["format"] != kFormat && object["format"] != kAdoptedFormat) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "generation.unknown_format",
                      "generation " + std::string(digest) + " has format " +
                          object["format"].dump() + ", this agent knows " +
                          std::to_string(kFormat) + " and " + std::to_string(kAdoptedFormat) +
                          "; use the agent that wrote it");
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
