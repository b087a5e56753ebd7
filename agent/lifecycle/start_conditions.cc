#include "agent/lifecycle/start_conditions.h"

#include "sys/beneath.h"
#include "sys/process.h"

#include <nlohmann/json.hpp>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;
using nlohmann::json;

constexpr const char* kFile = "start-conditions.json";
constexpr int kFormat = 1;
constexpr std::size_t kMaxBytes = 64UL * 1024;

tl::unexpected<base::Error> Damaged(const std::string& why) {
  return Fail(ErrorCode::kDataLoss,
              "start.conditions_damaged",
              std::string(kFile) + " beside the generations cannot be read: " + why +
                  "; restart zoowarden-agent, which writes it anew from its journal");
}

StartConditions FromJson(const json& from) {
  StartConditions conditions{.data_log_directory = from.at("data_log_directory")};
  if (from.contains("proved")) {
    const json& proved = from.at("proved");
    conditions.proved = ProvedBefore{
        .canary = {proved.at("zxid").get<std::uint64_t>()},
        .file_system = {.device = proved.at("device"), .name = proved.at("file_system")},
        .boot_id = proved.at("boot_id")};
  }
  return conditions;
}

// nullopt where there is none.
base::Result<std::optional<StartConditions>> ReadStartConditions(
    const std::filesystem::path& generations) {
  ZW_ASSIGN(const auto root, sys::Beneath::Open(generations));
  const auto text = root.Read(kFile, kMaxBytes);
  if (!text && text.error().Is(ErrorCode::kNotFound)) {
    return std::nullopt;
  }
  if (!text) {
    return Damaged(text.error().message());
  }
  ZW_ASSIGN(auto conditions, ParseStartConditions(*text));
  return std::optional(std::move(conditions));
}

}  // namespace

std::string PrintStartConditions(const StartConditions& conditions) {
  json to{{"format", kFormat}, {"data_log_directory", conditions.data_log_directory}};
  if (const auto& proved = conditions.proved) {
    to["proved"] = {{"zxid", proved->canary.value},
                    {"device", proved->file_system.device},
                    {"file_system", proved->file_system.name},
                    {"boot_id", proved->boot_id}};
  }
  return to.dump(2) + "\n";
}

base::Result<StartConditions> ParseStartConditions(std::string_view text) {
  try {
    const json parsed = json::parse(text);
    if (const int format = parsed.at("format"); format != kFormat) {
      return Fail(ErrorCode::kFailedPrecondition,
                  "start.conditions_format",
                  std::string(kFile) + " is of format " + std::to_string(format) +
                      ", and this launcher knows " + std::to_string(kFormat) +
                      "; install the zoowarden-agent that wrote it");
    }
    return FromJson(parsed);
  } catch (const json::exception& error) {
    return Damaged(error.what());
  }
}

base::Status WriteStartConditions(const std::filesystem::path& generations,
                                  const StartConditions& conditions) {
  const std::string text = PrintStartConditions(conditions);
  ZW_ASSIGN(const auto root, sys::Beneath::Open(generations));
  if (const auto present = root.Read(kFile, kMaxBytes); present == text) {
    return base::Ok();
  }
  return root.Write(kFile, text, 0644);
}

base::Status CheckStartOfCurrent(const std::filesystem::path& current,
                                 const std::filesystem::path& data_directory) {
  ZW_ASSIGN(const Generations generations, Generations::ForReading(current.parent_path()));
  ZW_ASSIGN(auto generation, generations.Current());
  if (!generation) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.no_generation",
                "no generation is current in " + current.parent_path().native() +
                    "; roll a release out to this server first");
  }
  ZW_ASSIGN(auto conditions, ReadStartConditions(current.parent_path()));
  ZW_ASSIGN(FileSystem file_system, FileSystemOf(data_directory));
  return CheckStart(
      {.data_directory = data_directory,
       .data_log_directory = conditions ? conditions->data_log_directory : data_directory.string(),
       .generation = *std::move(generation),
       .file_system = std::move(file_system),
       .boot_id = sys::BootId().value_or("")},
      conditions ? conditions->proved : std::nullopt);
}

}  // namespace zoowarden::agent
