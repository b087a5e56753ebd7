#include "agent/service/first_installation.h"

#include "agent/service/instance_host.h"
#include "journal/agent_journal.h"
#include "sys/digest.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
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

base::Result<StageRequest> StageRequestFor(const config::AgentConfig& config,
                                           const FirstInstallation& request) {
  const model::ServerSpec* server = model::FindServer(request.ensemble, config.server);
  if (server == nullptr) {
    return Fail(ErrorCode::kInvalidArgument,
                "install.not_declared",
                "the ensemble declares no server " + model::ToString(config.server));
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

base::Status CheckEmpty(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error) || fs::is_empty(directory, error)) {
    return base::Ok();
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "install.not_first",
              directory.string() + " is not empty; a first installation takes an empty one");
}

base::Status Give(const fs::path& path, const std::optional<Generations::Owner>& owner) {
  if (owner && lchown(path.c_str(), owner->user, owner->group) != 0) {
    return Fail(sys::ErrnoError("change the owner of", path.string(), errno));
  }
  return base::Ok();
}

base::Status PrepareData(const Instance& instance) {
  const config::InstanceConfig& layout = instance.config().instance;
  for (const std::string& directory : {layout.data_directory, layout.data_log_directory}) {
    ZW_TRY(sys::EnsureDirectory(fs::path(directory) / "version-2", 0750));
    ZW_TRY(Give(directory, instance.owner()));
    ZW_TRY(Give(fs::path(directory) / "version-2", instance.owner()));
  }
  const fs::path myid = fs::path(layout.data_directory) / "myid";
  ZW_TRY(sys::WriteFileAtomically(
      myid, model::ToString(instance.config().server) + "\n", 0644, sys::IfPresent::kRefuse));
  return Give(myid, instance.owner());
}

base::Status AwaitProcess(const Instance& instance, sys::Clock& clock) {
  ProcessFinder finder(instance.finder_settings());
  const auto end = clock.BootTime() + kProcessPatience;
  while (clock.BootTime() < end) {
    if (finder.Find().found) {
      return base::Ok();
    }
    clock.SleepFor(kLook);
  }
  return Fail(ErrorCode::kDeadlineExceeded,
              "start.no_process",
              "ZooKeeper was started and no process stayed; look into " +
                  instance.config().instance.log_directory);
}

}  // namespace

base::Status InstallFirst(config::AgentConfig config,
                          const FirstInstallation& request,
                          sys::Clock& clock) {
  ZW_TRY(CheckEmpty(config.instance.data_directory));
  ZW_TRY(CheckEmpty(config.instance.data_log_directory));
  ZW_ASSIGN(auto instance, Instance::Open(std::move(config)));
  ZW_ASSIGN(Generations generations, instance->OpenGenerations());
  ZW_ASSIGN(const auto current, generations.Current());
  if (current) {
    return Fail(ErrorCode::kFailedPrecondition,
                "install.not_first",
                "generation " + current->generation.digest + " is installed already");
  }
  ZW_ASSIGN(auto journal,
            journal::OpenAgentJournal(fs::path(instance->config().state_directory) / "journal.db"));
  ZW_ASSIGN(const StageRequest stage, StageRequestFor(instance->config(), request));
  ZW_TRY(TakeArchive(*instance, request));
  ZW_ASSIGN(const model::Generation generation, instance->Stage(stage));
  ZW_TRY(PrepareData(*instance));
  InstanceHost host(*instance, std::move(generations), *journal, clock);
  ZW_TRY(host.SwitchTo(generation.digest));
  ZW_TRY(host.Launch());
  return AwaitProcess(*instance, clock);
}

}  // namespace zoowarden::agent
