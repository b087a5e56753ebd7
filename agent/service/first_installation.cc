#include "agent/service/first_installation.h"

#include "agent/lifecycle/launch.h"
#include "agent/service/data_preparation.h"
#include "agent/service/installation_record.h"
#include "agent/service/instance_host.h"
#include "agent/service/own_directories.h"
#include "agent/service/serving_user.h"
#include "base/text.h"
#include "journal/agent_journal.h"
#include "sys/digest.h"
#include "sys/files.h"

#include <fstream>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;

constexpr std::size_t kMaxSignature = 1024UL * 1024;
constexpr std::chrono::milliseconds kProcessPatience{30'000};
constexpr std::chrono::milliseconds kLook{50};

base::Status TakeArchive(Instance& instance, const FirstInstallation& request) {
  const std::string& sha512 = request.ensemble.release.sha512;
  ZW_ASSIGN(UploadProgress progress,
            instance.WithReleases([&](Releases& all) { return all.Progress(sha512); }));
  std::error_code error;
  const std::uint64_t size = fs::file_size(request.archive, error);
  std::ifstream file(request.archive, std::ios::binary);
  if (error || !file.seekg(static_cast<std::streamoff>(progress.offset))) {
    return Fail(ErrorCode::kNotFound,
                "install.no_archive",
                "cannot read " + request.archive.string() + "; name the release's archive");
  }
  std::string piece(kMaxChunkBytes, '\0');
  while (!progress.complete) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const std::string_view data(piece.data(), static_cast<std::size_t>(file.gcount()));
    ZW_ASSIGN(progress, instance.WithReleases([&](Releases& all) {
      return all.Append(
          {.sha512 = sha512, .offset = progress.offset, .total_size = size, .data = data});
    }));
    if (data.empty() && !progress.complete) {
      return Fail(ErrorCode::kDataLoss,
                  "install.archive_changed",
                  request.archive.string() + " ended early; try again");
    }
  }
  return base::Ok();
}

base::Status CheckEnsemble(const config::AgentConfig& config, const model::EnsembleSpec& ensemble) {
  return config.ensemble == ensemble.name
             ? base::Ok()
             : Fail(ErrorCode::kInvalidArgument,
                    "install.other_ensemble",
                    "this agent is of ensemble " + config.ensemble +
                        ", the ensemble file describes " + ensemble.name +
                        "; correct 'ensemble' in one of the two");
}

base::Result<StageRequest> StageRequestFor(const config::AgentConfig& config,
                                           const FirstInstallation& request) {
  const model::ServerSpec* server = model::FindServer(request.ensemble, config.server);
  if (server == nullptr) {
    return Fail(ErrorCode::kInvalidArgument,
                "install.not_declared",
                "ensemble " + request.ensemble.name + " declares no server " +
                    model::ToString(config.server) +
                    "; declare it under `servers:`, or correct `server:` of agent.yaml");
  }
  StageRequest stage{.release = request.ensemble.release,
                     .configuration = request.ensemble.config,
                     .client_port = server->client_port};
  stage.configuration.settings = model::SettingsOf(request.ensemble, *server);
  for (const model::ServerSpec& other : request.ensemble.servers) {
    stage.members.push_back(model::MemberOf(other));
  }
  if (!request.signature.empty()) {
    ZW_ASSIGN(stage.signature, sys::ReadFile(request.signature, kMaxSignature));
  }
  return stage;
}

base::Status CheckPlugins(const model::EnsembleSpec& ensemble) {
  if (ensemble.plugins.empty()) {
    return base::Ok();
  }
  std::vector<std::string> names;
  for (const model::PluginUse& plugin : ensemble.plugins) {
    names.push_back(plugin.use);
  }
  return Fail(ErrorCode::kInvalidArgument,
              "install.plugins",
              "the ensemble's settings come from plugins (" + base::Join(names, ", ") +
                  "), which only the controller runs; give this command a copy without plugins: "
                  "into its settings, with what `zoowarden config show` prints");
}

// For who repeats the command because his server is down.
std::string HowToStartAgain(const config::InstanceConfig& layout) {
  const fs::path current = fs::path(layout.generations) / "current";
  const auto launcher = FindLauncher();
  std::error_code ignored;
  if (!launcher || !fs::exists(current, ignored)) {
    return "";
  }
  const auto command = LaunchCommand({.launcher = *launcher,
                                      .current = current,
                                      .data_directory = layout.data_directory,
                                      .log_directory = layout.log_directory,
                                      .java_home = layout.java_home,
                                      .user = layout.user},
                                     LaunchMode::kDetached);
  return "; a server that is installed and down is started by its unit, or, as ZooKeeper's user, "
         "by: " +
         base::Join(command, " ");
}

// What an earlier call has left, as far as it is known to be one's own work.
struct Earlier {
  std::optional<InstallationRecord> record;
  DataStates data;
};

base::Result<Earlier> LookForEarlier(const config::AgentConfig& config) {
  Earlier earlier{.data = LookAtData(config)};
  ZW_ASSIGN(earlier.record, ReadInstallationRecord(config.state_directory));
  const config::InstanceConfig& layout = config.instance;
  if (earlier.record && (earlier.record->data_directory != layout.data_directory ||
                         earlier.record->data_log_directory != layout.data_log_directory)) {
    earlier.record.reset();
  }
  if (earlier.data.most != DataState::kEmpty && !earlier.record) {
    return Fail(ErrorCode::kFailedPrecondition,
                "install.not_first",
                (layout.data_directory == layout.data_log_directory
                     ? layout.data_directory
                     : layout.data_directory + " or " + layout.data_log_directory) +
                    " is not empty, and a first installation takes an empty one; empty it or name "
                    "another in agent.yaml" +
                    HowToStartAgain(layout));
  }
  return earlier;
}

base::Status CheckCurrent(const Earlier& earlier,
                          const std::optional<StoredGeneration>& current,
                          journal::AgentJournal& journal) {
  const std::string digest = current ? current->generation.digest : "";
  const bool ours = earlier.record && earlier.record->generation == digest;
  if (current && !ours) {
    return Fail(ErrorCode::kFailedPrecondition,
                "install.not_first",
                "generation " + digest + " is installed already; roll this server with zoowarden");
  }
  if (earlier.data.most == DataState::kWritten && !ours) {
    return Fail(ErrorCode::kFailedPrecondition,
                "install.not_first",
                "the data directory holds what no first installation made; take an empty one");
  }
  // `current` comes after the data directories: without their content another disk is mounted now.
  if (current && earlier.data.least == DataState::kEmpty) {
    return Fail(ErrorCode::kFailedPrecondition,
                "install.data_gone",
                "generation " + digest +
                    " was installed with data directories that are empty now; mount their disk");
  }
  ZW_ASSIGN(const auto operation, journal.LastOperation());
  if (operation) {
    return Fail(ErrorCode::kFailedPrecondition,
                "install.not_first",
                "this agent has had operations; roll its server with zoowarden");
  }
  return base::Ok();
}

// From here on a data directory that is not empty is known as ours. Another generation than the
// last time is taken only where nobody has served with that one.
base::Status Claim(const Instance& instance,
                   const Earlier& earlier,
                   const std::string& digest,
                   Generations& generations) {
  if (earlier.record && earlier.record->generation != digest) {
    const bool running = ProcessFinder(instance.finder_settings()).Find().found.has_value();
    if (earlier.data.most == DataState::kWritten || running) {
      return Fail(ErrorCode::kFailedPrecondition,
                  "install.other_generation",
                  "this server has begun with generation " + earlier.record->generation +
                      ", this would be " + digest +
                      "; finish with the same ensemble file and archive, then change it by a run");
    }
    ZW_TRY(generations.SwitchTo(""));
  }
  const config::InstanceConfig& layout = instance.config().instance;
  return WriteInstallationRecord(instance.config().state_directory,
                                 {.generation = digest,
                                  .data_directory = layout.data_directory,
                                  .data_log_directory = layout.data_log_directory});
}

tl::unexpected<base::Error> NotOurs(const model::Process& process) {
  return Fail(
      ErrorCode::kFailedPrecondition,
      "start.other_process",
      "process " + std::to_string(process.pid) + " serves the data directory already; stop it");
}

base::Result<model::Process> AwaitProcess(const Instance& instance,
                                          const std::string& digest,
                                          sys::Clock& clock) {
  ProcessFinder finder(instance.finder_settings());
  const auto end = clock.BootTime() + kProcessPatience;
  while (clock.BootTime() < end) {
    if (const FinderAnswer answer = finder.Find(); answer.found) {
      const model::Process& process = answer.found->process;
      if (process.generation != digest) {
        return NotOurs(process);
      }
      return process;
    }
    clock.SleepFor(kLook);
  }
  return Fail(ErrorCode::kDeadlineExceeded,
              "start.no_process",
              "ZooKeeper was started and no process stayed; look into " +
                  instance.config().instance.log_directory);
}

// The server may have come up before an earlier call could say so.
base::Result<model::Process> StartUnlessRunning(Instance& instance,
                                                InstanceHost& host,
                                                const std::string& digest,
                                                sys::Clock& clock) {
  const FinderAnswer answer = ProcessFinder(instance.finder_settings()).Find();
  if (answer.found) {
    const model::Process& process = answer.found->process;
    if (process.generation != digest) {
      return NotOurs(process);
    }
    return process;
  }
  const base::Status launched = host.Launch();
  if (!launched && !launched.error().Is(ErrorCode::kUnavailable)) {
    return Fail(launched.error());
  }
  auto process = AwaitProcess(instance, digest, clock);
  const bool none_came = !process && process.error().Is(ErrorCode::kDeadlineExceeded);
  if (none_came && !launched) {
    return Fail(launched.error());
  }
  return process;
}

}  // namespace

base::Result<model::Process> InstallFirst(config::AgentConfig config,
                                          const FirstInstallation& request,
                                          sys::Clock& clock) {
  ZW_TRY(CheckEnsemble(config, request.ensemble));
  ZW_TRY(CheckPlugins(request.ensemble));
  ZW_TRY(CheckServingUser(config));
  ZW_TRY(CheckOwnDirectories(config));
  ZW_ASSIGN(const Earlier earlier, LookForEarlier(config));
  ZW_ASSIGN(const auto journal, OpenJournalOf(config));
  ZW_ASSIGN(auto instance, Instance::Open(std::move(config)));
  const fs::path state = instance->config().state_directory;
  Generations generations = instance->generations();
  ZW_ASSIGN(const auto current, generations.Current());
  ZW_TRY(CheckCurrent(earlier, current, *journal));
  ZW_ASSIGN(const StageRequest stage, StageRequestFor(instance->config(), request));
  ZW_TRY(TakeArchive(*instance, request));
  ZW_ASSIGN(const model::Generation generation, instance->Stage(stage));
  ZW_TRY(Claim(*instance, earlier, generation.digest, generations));
  ZW_TRY(PrepareDataDirectories(*instance));
  InstanceHost host(*instance, std::move(generations), *journal, clock);
  ZW_TRY(host.SwitchTo(generation.digest));
  ZW_ASSIGN(auto started, StartUnlessRunning(*instance, host, generation.digest, clock));
  ZW_TRY(RemoveInstallationRecord(state));
  return started;
}

}  // namespace zoowarden::agent
