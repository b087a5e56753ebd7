#include "agent/service/installation_record.h"

#include "base/text.h"
#include "sys/beneath.h"
#include "sys/files.h"
#include "sys/temporaries.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using nlohmann::json;

constexpr const char* kName = "first-installation.json";
constexpr int kFormat = 1;
constexpr std::size_t kMaxRecord = 64UL * 1024;
constexpr std::size_t kMaxMyId = 64;

bool IsOurs(const fs::directory_entry& entry, model::ServerId server) {
  std::error_code error;
  const fs::path name = entry.path().filename();
  if (name == "version-2" || sys::TargetOfTemporary(name.native()) == "version-2") {
    return fs::is_directory(entry.symlink_status(error)) && fs::is_empty(entry.path(), error) &&
           !error;
  }
  if (!fs::is_regular_file(entry.symlink_status(error))) {
    return false;
  }
  const auto text = sys::ReadFile(entry.path(), kMaxMyId);
  const std::string id = model::ToString(server);
  if (sys::TargetOfTemporary(name.native()) == "myid") {
    return text && (id + "\n").starts_with(*text);  // cut off while it was written
  }
  return name == "myid" && text && base::Trim(*text) == id;
}

DataState StateOf(const fs::path& directory, model::ServerId server) {
  std::error_code error;
  DataState state = DataState::kEmpty;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!IsOurs(*entry, server)) {
      return DataState::kWritten;
    }
    state = DataState::kPrepared;
  }
  // What cannot be listed is not known to be empty.
  return error && error != std::errc::no_such_file_or_directory ? DataState::kWritten : state;
}

}  // namespace

base::Result<std::optional<InstallationRecord>> ReadInstallationRecord(
    const fs::path& state_directory) {
  const fs::path path = state_directory / kName;
  const auto state = sys::Beneath::Open(state_directory);
  if (!state && state.error().Is(ErrorCode::kNotFound)) {
    return std::optional<InstallationRecord>();
  }
  if (!state) {
    return base::Fail(state.error());
  }
  ZW_ASSIGN(const auto present, state->Look(kName));
  if (!present) {
    return std::optional<InstallationRecord>();
  }
  ZW_ASSIGN(const std::string text, state->Read(kName, kMaxRecord));
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto field = [&object](const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto format = object.is_object() ? object.find("format") : object.end();
  if (format != object.end() && format->is_number_integer() && *format != kFormat) {
    return base::Fail(ErrorCode::kFailedPrecondition,
                      "install.unknown_format",
                      path.string() + " has format " + format->dump() + ", this agent knows " +
                          std::to_string(kFormat) + "; use the agent that wrote it");
  }
  InstallationRecord record{.generation = field("generation"),
                            .data_directory = field("data_directory"),
                            .data_log_directory = field("data_log_directory")};
  if (format == object.end() || record.generation.empty() || record.data_directory.empty() ||
      record.data_log_directory.empty()) {
    return base::Fail(ErrorCode::kDataLoss,
                      "install.damaged_record",
                      path.string() +
                          " is damaged; remove it and empty the data directory, if "
                          "this server has never served");
  }
  return std::optional(std::move(record));
}

base::Status WriteInstallationRecord(const fs::path& state_directory,
                                     const InstallationRecord& record) {
  const json object = {{"format", kFormat},
                       {"generation", record.generation},
                       {"data_directory", record.data_directory},
                       {"data_log_directory", record.data_log_directory}};
  ZW_ASSIGN(const auto state, sys::Beneath::Open(state_directory));
  return state.Write(
      kName, object.dump(2, ' ', false, json::error_handler_t::replace) + "\n", 0600);
}

base::Status RemoveInstallationRecord(const fs::path& state_directory) {
  ZW_ASSIGN(const auto state, sys::Beneath::Open(state_directory));
  ZW_TRY(state.Remove(kName));
  return state.Sync();
}

DataStates LookAtData(const config::AgentConfig& config) {
  const auto [least, most] =
      std::minmax({StateOf(config.instance.data_directory, config.server),
                   StateOf(config.instance.data_log_directory, config.server)});
  return {.least = least, .most = most};
}

}  // namespace zoowarden::agent
