#include "agent/service/instance.h"

#include "agent/adopt/kept_values.h"
#include "agent/install/carry_over.h"
#include "agent/install/release_rules.h"
#include "agent/install/signatures.h"
#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/managers.h"
#include "agent/render/configuration.h"
#include "agent/render/start_check.h"
#include "base/log.h"
#include "config/digests.h"
#include "journal/agent_journal.h"
#include "model/discovery.h"
#include "model/secrets.h"
#include "sys/errno_error.h"
#include "sys/files.h"
#include "sys/temporaries.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;

constexpr const char* kUploads = "uploads";  // in the state directory

base::Result<std::optional<Generations::Owner>> OwnerOf(const std::string& user) {
  if (user.empty()) {
    return std::optional<Generations::Owner>();
  }
  constexpr std::size_t kBuffer = 16 * 1024;
  std::array<char, kBuffer> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return Fail(ErrorCode::kFailedPrecondition,
                "instance.unknown_user",
                "the user '" + user + "' of agent.yaml does not exist; create it");
  }
  if (found->pw_uid == geteuid()) {
    return std::optional<Generations::Owner>();  // its own files: nothing to give, nor the right to
  }
  return std::optional(Generations::Owner{.user = found->pw_uid, .group = found->pw_gid});
}

std::optional<AdoptedProcess> AdoptedIn(const Generations& generations) {
  const auto adopted = generations.Adopted();
  if (!adopted) {
    return std::nullopt;
  }
  return AdoptedProcess{.generation = adopted->generation.digest,
                        .configuration = adopted->foreign->configuration,
                        .server_jar = adopted->foreign->server_jar};
}

// ZooKeeper writes its logs as `owner`, so an empty directory of the agent's own, as it has just
// been made, becomes the owner's.
base::Status PrepareLogDirectory(const fs::path& path,
                                 const std::optional<Generations::Owner>& owner) {
  ZW_TRY(sys::EnsureDirectory(path, 0755));
  struct stat status {};
  std::error_code ignored;
  if (owner && lstat(path.c_str(), &status) == 0 && status.st_uid == geteuid() &&
      fs::is_empty(path, ignored) && lchown(path.c_str(), owner->user, owner->group) != 0) {
    return Fail(sys::ErrnoError("change the owner of", path.string(), errno));
  }
  return base::Ok();
}

}  // namespace

bool HasCurrent(const config::AgentConfig& config) {
  std::error_code ignored;
  return fs::is_symlink(fs::path(config.instance.generations) / "current", ignored);
}

base::Result<std::unique_ptr<journal::AgentJournal>> OpenJournalOf(
    const config::AgentConfig& config, bool accept_lost) {
  ZW_TRY(sys::EnsureDirectory(config.state_directory, 0700));
  const fs::path state = config.state_directory;
  ZW_ASSIGN(
      auto journal,
      journal::OpenAgentJournal(state / "journal.db",
                                {.lived_here = HasCurrent(config), .accept_lost = accept_lost}));
  // From here on nobody else writes there.
  ZW_TRY(sys::RemoveTemporaries(state));
  ZW_TRY(sys::RemoveTemporaries(state / kUploads));
  return journal;
}

base::Result<std::unique_ptr<Instance>> Instance::Open(config::AgentConfig config) {
  ZW_ASSIGN(const auto owner, OwnerOf(config.instance.user));
  ZW_TRY(sys::EnsureDirectory(config.instance.releases, 0755));
  ZW_TRY(PrepareLogDirectory(config.instance.log_directory, owner));
  ReleasesLayout layout{.uploads = fs::path(config.state_directory) / kUploads,
                        .releases = config.instance.releases,
                        .archive_directories = {},
                        .most_bytes = config.releases.most_upload_bytes,
                        .keep_unused = config.releases.keep};
  for (const std::string& directory : config.archive_directories) {
    layout.archive_directories.emplace_back(directory);
  }
  ZW_ASSIGN(Releases releases, Releases::Open(std::move(layout)));
  ZW_ASSIGN(Generations generations, Generations::Open(config.instance.generations, owner));
  ZW_ASSIGN(const fs::path launcher, FindLauncher());
  std::unique_ptr<Instance> instance(
      new Instance(std::move(config), owner, std::move(releases), std::move(generations)));
  instance->manager_ = MakeServiceManager(instance->config_, launcher);
  return instance;
}

Instance::Instance(config::AgentConfig config,
                   std::optional<Generations::Owner> owner,
                   Releases releases,
                   Generations generations)
    : config_(std::move(config)),
      owner_(owner),
      releases_(std::move(releases)),
      generations_(std::move(generations)) {}

FinderSettings Instance::finder_settings() const {
  return {.releases = config_.instance.releases,
          .generations = config_.instance.generations,
          .data_directory = config_.instance.data_directory,
          .data_log_directory = config_.instance.data_log_directory,
          .adopted = [generations = generations_] { return AdoptedIn(generations); }};
}

ProberSettings Instance::prober_settings() const {
  return {.self = config_.server,
          .data_directory = config_.instance.data_directory,
          .data_log_directory = config_.instance.data_log_directory};
}

base::Result<model::Generation> Instance::Stage(const StageRequest& request) {
  ZW_TRY(manager_->CheckStartable());
  ZW_ASSIGN(const model::Generation staged,
            request.existing_generation.empty() ? MakeGeneration(request)
                                                : FindGeneration(request.existing_generation));
  ZW_TRY(CheckStartOf(staged.digest));
  ZW_TRY(CheckWayBack(staged.digest));
  return staged;
}

// Before the first stop, not after it. What ran before adoption has no record to compare it with.
base::Status Instance::CheckWayBack(const std::string& to) const {
  ZW_ASSIGN(const auto current, generations_.Current());
  if (!current || current->foreign || current->generation.digest == to) {
    return base::Ok();
  }
  const auto sound = VerifyInstalled(
      current->release_directory, current->generation.version, current->generation.release_sha512);
  return sound ? base::Ok()
               : Fail(ErrorCode::kFailedPrecondition,
                      "staging.way_back",
                      "there would be no way back: " + sound.error().message());
}

// One that ran here may be returned to; one that was only staged passes what a new one passes.
base::Result<model::Generation> Instance::FindGeneration(const std::string& digest) {
  ZW_ASSIGN(const StoredGeneration stored, generations_.Find(digest));
  const model::Generation& found = stored.generation;
  if (stored.foreign) {  // it ran before Zoowarden came
    return found;
  }
  const bool ran = generations_.LastRan(digest).has_value();
  if (!ran) {
    ZW_TRY(CheckReleaseAllowed(config_.releases, found.version));
  } else if (const auto allowed = CheckReleaseAllowed(config_.releases, found.version); !allowed) {
    base::LogWarn("generation=" + digest +
                  " ran here and is returned to: " + allowed.error().message());
  }
  return WithReleases([&](Releases& all) -> base::Result<model::Generation> {
    if (!ran && config_.signatures.required) {
      ZW_ASSIGN(const std::string signature, all.KeptSignature(found.release_sha512));
      ZW_TRY(VerifySignatureOf(all, found.release_sha512, signature));
    }
    ZW_TRY(all.FindUnpacked(found.version, found.release_sha512));
    return found;
  });
}

// What is to be rendered, with the secrets that stay on this server put in.
base::Result<model::ConfigurationSpec> Instance::Complete(
    const model::ConfigurationSpec& configuration) const {
  if (!NeedsKeptValues(configuration)) {
    return configuration;
  }
  RunningValues running;
  ZW_ASSIGN(const auto current, generations_.Current());
  if (current) {
    ZW_ASSIGN(const auto files, generations_.ReadZooCfg(current->generation.digest));
    ZW_ASSIGN(running.cfg, zk::ZooCfg::Parse(files.at(std::string(kZooCfg))));
  }
  if (const FinderAnswer answer = ProcessFinder(finder_settings()).Find();
      answer.sole() != nullptr) {
    running.command_line = answer.found->command_line;
  }
  return PutKeptValues(configuration, running);
}

// What ran before adoption is there or not; nothing can be made of it.
base::Result<model::Generation> Instance::FindAdopted(const StageRequest& request) const {
  const auto adopted = generations_.Adopted();
  if (!adopted || adopted->generation.version != request.release.version ||
      adopted->generation.configuration_digest !=
          config::ConfigurationDigest(request.configuration)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "generation.not_adopted",
                "release " + request.release.version.ToString() +
                    " as it ran before adoption is not there, or not with this configuration; go "
                    "back with 'zoowarden rollback', or name a release that has an archive");
  }
  return adopted->generation;
}

base::Result<model::Generation> Instance::MakeGeneration(const StageRequest& request) {
  if (request.release.sha512 == model::kAdoptedRelease) {
    return FindAdopted(request);
  }
  ZW_TRY(CheckReleaseAllowed(config_.releases, request.release.version));
  ZW_ASSIGN(auto complete, Complete(request.configuration));
  const RenderRequest render{.version = request.release.version,
                             .configuration = std::move(complete),
                             .server = config_.server,
                             .members = request.members,
                             .client_port = request.client_port,
                             .data_directory = config_.instance.data_directory,
                             .data_log_directory = config_.instance.data_log_directory,
                             .log_directory = config_.instance.log_directory};
  ZW_ASSIGN(ConfigurationFiles files, RenderConfiguration(render));
  ZW_TRY(ValidateConfiguration(render, files));
  ZW_ASSIGN(const fs::path release, PrepareRelease(request));
  return generations_.Make(
      {.version = request.release.version,
       .release_sha512 = request.release.sha512,
       .release_directory = release,
       .configuration_digest = config::ConfigurationDigest(request.configuration),
       .server = config_.server,
       .declared_servers = static_cast<std::uint32_t>(request.members.size()),
       .settings = model::MaskSecrets(request.configuration.settings),
       .files = std::move(files)});
}

base::Result<fs::path> Instance::PrepareRelease(const StageRequest& request) {
  return WithReleases([&](Releases& releases) -> base::Result<fs::path> {
    ZW_TRY(VerifyArchive(request, releases));
    return releases.Unpack(request.release.version, request.release.sha512);
  });
}

// Every time, and not only when it is unpacked: an archive that an earlier run took without a
// signature must not pass for a signed one.
base::Status Instance::VerifyArchive(const StageRequest& request, Releases& releases) const {
  const bool required = config_.signatures.required || request.signature_required;
  if (!required && request.signature.empty()) {
    return base::Ok();
  }
  ZW_TRY(VerifySignatureOf(releases, request.release.sha512, request.signature));
  return releases.KeepSignature(request.release.sha512, request.signature);
}

base::Status Instance::VerifySignatureOf(Releases& releases,
                                         const std::string& sha512,
                                         const std::string& signature) const {
  ZW_ASSIGN(const fs::path archive, releases.FindArchive(sha512));
  return VerifySignature(
      {.keyring = config_.signatures.keyring, .fingerprints = config_.signatures.fingerprints},
      archive,
      signature,
      fs::path(config_.state_directory) / "uploads");
}

base::Status Instance::CheckStartOf(const std::string& digest) const {
  ZW_ASSIGN(const auto current, generations_.Current());
  ZW_ASSIGN(const StoredGeneration next, generations_.Find(digest));
  ZW_ASSIGN(const ConfigurationFiles files,
            generations_.PreviewCarryOver(current ? current->generation.digest : "", digest));
  return ValidateStart({.version = next.generation.version,
                        .server = next.server,
                        .declared_servers = next.declared_servers},
                       files);
}

}  // namespace zoowarden::agent
