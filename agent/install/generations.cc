#include "agent/install/generations.h"

#include "agent/install/carry_over.h"
#include "agent/install/conf_files.h"
#include "agent/install/generation_record.h"
#include "base/text.h"
#include "config/digests.h"
#include "model/secrets.h"
#include "sys/errno_error.h"
#include "sys/files.h"
#include "sys/temporaries.h"

#include <ctime>
#include <system_error>
#include <utility>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::string_view kCurrent = "current";
constexpr std::string_view kConf = "conf";
constexpr std::string_view kRelease = "release";
constexpr std::string_view kStagePrefix = ".new-";
constexpr std::string_view kTrashPrefix = ".old-";
constexpr std::size_t kMaxRecordBytes = 1024 * 1024;
constexpr std::size_t kDigestDigits = 16;

bool IsDigest(std::string_view name) {
  return name.size() == kDigestDigits &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

base::Error Damaged(std::string_view digest, std::string_view what) {
  return {ErrorCode::kDataLoss,
          "generation.damaged",
          "generation " + std::string(digest) + " is damaged: " + std::string(what) +
              "; restore it or roll the server to another generation"};
}

base::Error DamagedBy(std::string_view digest, const base::Error& why) {
  return why.reason() == "process.descriptors" ? why : Damaged(digest, why.message());
}

Status CheckRequest(const GenerationRequest& request) {
  std::error_code error;
  if (!request.release_directory.is_absolute() ||
      !fs::is_directory(request.release_directory, error)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "release.not_unpacked",
                "release directory " + request.release_directory.native() +
                    " is not there; unpack the release first");
  }
  for (const auto& [name, content] : request.files) {
    if (!IsPlainFileName(name)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "config.file_name",
                  "'" + name + "' is no plain file name for a configuration file; rename it");
    }
  }
  if (!request.files.contains(std::string(kZooCfg))) {
    return Fail(ErrorCode::kInvalidArgument, "config.no_zoo_cfg", "zoo.cfg is missing; report it");
  }
  return Ok();
}

// The link to a release was made by us; where somebody else's files lie is only looked at.
Result<StoredGeneration> FindForeign(GenerationRecord record) {
  const ForeignPaths& foreign = *record.foreign;
  std::error_code error;
  for (const std::string& file : {foreign.configuration, foreign.server_jar}) {
    if (!fs::is_regular_file(file, error)) {
      return Fail(Damaged(record.generation.digest, file + ", which ran before, is gone"));
    }
  }
  StoredGeneration stored{.generation = std::move(record.generation),
                          .server = record.server,
                          .declared_servers = record.declared_servers,
                          .settings = std::move(record.settings),
                          .release_directory = foreign.release_directory,
                          .configuration_directory = fs::path(foreign.configuration).parent_path()};
  stored.foreign = std::move(record.foreign);
  return stored;
}

// What a kill left behind.
Status RemoveUnfinished(const sys::Beneath& root) {
  ZW_TRY(sys::RemoveLeftovers(root, {kStagePrefix, kTrashPrefix}));
  ZW_TRY(sys::RemoveTemporaries(root));
  ZW_ASSIGN(const auto names, root.Names());
  for (const fs::path name : names) {
    if (!IsDigest(name.native()) || !root.IsDirectory(name)) {
      continue;
    }
    ZW_ASSIGN(const auto generation, root.Directory(name));
    ZW_TRY(sys::RemoveTemporaries(generation));
    if (generation.IsDirectory(kConf)) {
      ZW_ASSIGN(const auto configuration, generation.Directory(kConf));
      ZW_TRY(sys::RemoveTemporaries(configuration));
    }
  }
  return Ok();
}

}  // namespace

Result<Generations> Generations::ForReading(const fs::path& directory) {
  std::error_code error;
  auto real = fs::canonical(directory, error);
  if (error) {
    return Fail(sys::ErrnoError("resolve", directory.native(), error.value()));
  }
  return Generations(std::move(real), std::nullopt);
}

Result<Generations> Generations::Open(const fs::path& directory, std::optional<Owner> owner) {
  ZW_TRY(sys::EnsureDirectory(directory, 0755));
  ZW_ASSIGN(auto opened, ForReading(directory));
  ZW_ASSIGN(const auto root, opened.Root());
  ZW_TRY(RemoveUnfinished(root));
  opened.owner_ = owner;
  return opened;
}

Result<model::Generation> Generations::Make(const GenerationRequest& request) {
  ZW_TRY(CheckRequest(request));
  const std::string digest = config::GenerationDigest(
      request.version, request.release_sha512, request.configuration_digest);
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const std::string current, root.ReadLink(kCurrent));
  if (current == digest) {
    ZW_ASSIGN(const auto running, Find(digest));
    return running.generation;
  }
  std::error_code gone;
  const fs::path release = fs::weakly_canonical(request.release_directory, gone);
  if (const auto present = Find(digest);
      present && present->release_directory == release &&
      ConfFilesAre(root, fs::path(digest) / kConf, request.files)) {
    return present->generation;
  }
  ZW_ASSIGN(auto stage, sys::TempDir::Create(directory_, kStagePrefix));
  const std::string staged = stage.path().filename();
  ZW_ASSIGN(const auto inside, root.Directory(staged));
  ZW_TRY(Fill(inside, request, digest));
  ZW_TRY(Place(staged, digest));
  static_cast<void>(stage.Release());
  ZW_ASSIGN(const auto made, Find(digest));
  return made.generation;
}

Status Generations::Fill(const sys::Beneath& stage,
                         const GenerationRequest& request,
                         const std::string& digest) const {
  const fs::path configuration(kConf);
  ZW_TRY(stage.MakeDirectory(configuration, 0700));
  for (const auto& [name, content] : request.files) {
    ZW_TRY(stage.Write(configuration / name, content, 0600));
  }
  ZW_TRY(GiveToOwner(stage));
  ZW_TRY(stage.ReplaceLink(kRelease, request.release_directory));
  const GenerationRecord record{
      .generation = {digest, request.version, request.release_sha512, request.configuration_digest},
      .server = request.server,
      .declared_servers = request.declared_servers,
      .settings = model::MaskSecrets(request.settings)};
  ZW_TRY(stage.Write(kGenerationFile, PrintGenerationRecord(record), 0644));
  ZW_TRY(stage.SetMode(0755));
  return stage.Sync();
}

// A generation that is not current is in nobody's use, so for the moment between the two renames
// there may be none: Make runs again then.
Status Generations::Place(const std::string& stage, const std::string& digest) const {
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const auto present, root.Look(digest));
  if (!present) {
    ZW_TRY(root.Rename(stage, digest));
    return root.Sync();
  }
  ZW_ASSIGN(const auto trash, sys::TempDir::Create(directory_, kTrashPrefix));
  ZW_TRY(root.Rename(digest, trash.path().filename() / digest));
  ZW_TRY(root.Rename(stage, digest));
  return root.Sync();
}

Status Generations::GiveToOwner(const sys::Beneath& generation) const {
  if (!owner_) {
    return Ok();
  }
  ZW_ASSIGN(const auto configuration, generation.Directory(kConf));
  ZW_ASSIGN(const auto names, configuration.Names());
  for (const std::string& name : names) {
    ZW_TRY(configuration.Give(name, owner_->user, owner_->group));
  }
  return generation.Give(kConf, owner_->user, owner_->group);
}

Result<std::optional<StoredGeneration>> Generations::Current() const {
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const std::string target, root.ReadLink(kCurrent));
  if (target.empty()) {
    return std::optional<StoredGeneration>();
  }
  if (!IsDigest(target)) {
    return Fail(ErrorCode::kDataLoss,
                "generation.damaged",
                (directory_ / kCurrent).native() + " points to '" + target +
                    "', which is no generation; point it to one of them");
  }
  auto found = Find(target);
  if (!found && found.error().Is(ErrorCode::kNotFound)) {
    return Fail(Damaged(target, "current names it and it is not there"));
  }
  if (!found) {
    return Fail(found.error());
  }
  return std::optional(*std::move(found));
}

Result<StoredGeneration> Generations::Find(std::string_view digest) const {
  const fs::path place(digest);
  ZW_ASSIGN(const auto root, Root());
  std::optional<struct stat> there;
  if (IsDigest(digest)) {
    ZW_ASSIGN(there, root.Look(place));
  }
  if (!there || !S_ISDIR(there->st_mode)) {
    return Fail(ErrorCode::kNotFound,
                "generation.unknown",
                "there is no generation '" + std::string(digest) + "' on this server; stage it");
  }
  ZW_ASSIGN(auto record, ReadRecord(digest));
  if (record.foreign) {
    return FindForeign(std::move(record));
  }
  ZW_ASSIGN(auto release, ReleaseOf(digest));
  const auto zoo_cfg = root.Look(place / kConf / kZooCfg);
  if (!zoo_cfg) {
    return Fail(DamagedBy(digest, zoo_cfg.error()));
  }
  if (!*zoo_cfg || !S_ISREG((*zoo_cfg)->st_mode)) {
    return Fail(Damaged(digest, "its zoo.cfg is gone"));
  }
  return StoredGeneration{.generation = std::move(record.generation),
                          .server = record.server,
                          .declared_servers = record.declared_servers,
                          .settings = std::move(record.settings),
                          .release_directory = std::move(release),
                          .configuration_directory = directory_ / place / kConf};
}

// A link that says where from its own place means that place, wherever this process runs.
Result<fs::path> Generations::ReleaseOf(std::string_view digest) const {
  const fs::path place(digest);
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const std::string target, root.ReadLink(place / kRelease));
  std::error_code error;
  auto release = fs::canonical(directory_ / place / target, error);
  if (target.empty() || error || !fs::is_directory(release, error)) {
    return Fail(Damaged(digest, "its release directory is gone"));
  }
  return release;
}

Result<GenerationRecord> Generations::ReadRecord(std::string_view digest) const {
  ZW_ASSIGN(const auto root, Root());
  const auto text = root.Read(fs::path(digest) / kGenerationFile, kMaxRecordBytes);
  if (!text) {
    return Fail(DamagedBy(digest, text.error()));
  }
  return ParseGenerationRecord(*text, digest);
}

Result<std::string> Generations::CurrentDigest() const {
  ZW_ASSIGN(const auto root, Root());
  return root.ReadLink(kCurrent);
}

// The record tells it, whatever has become of the files that it names; one without a record is told
// by having no release, as each generation of ours has.
Result<bool> Generations::MayBeAdopted(std::string_view digest) const {
  const auto record = ReadRecord(digest);
  if (record) {
    return record->foreign.has_value();
  }
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const std::string release, root.ReadLink(fs::path(digest) / kRelease));
  return release.empty();
}

Result<std::vector<model::Generation>> Generations::List() const {
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const auto names, root.Names());
  std::vector<model::Generation> list;
  for (const std::string& name : names) {
    if (auto found = Find(name)) {
      list.push_back(std::move(found->generation));
    }
  }
  return list;
}

Result<std::optional<GenerationUse>> Generations::UseOf(const std::string& digest) const {
  ZW_ASSIGN(const bool adopted, MayBeAdopted(digest));
  if (adopted) {
    return std::nullopt;  // a description of a few lines, and the only way back to what was there
  }
  const fs::path place(digest);
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const std::string release, root.ReadLink(place / kRelease));
  if (release.empty()) {
    return Fail(Damaged(digest, "its link to a release is gone"));
  }
  ZW_ASSIGN(const auto made, root.Look(place / kGenerationFile));
  ZW_ASSIGN(const std::string current, CurrentDigest());
  return GenerationUse{.digest = digest,
                       .release = fs::path(release).filename(),
                       .current = digest == current,
                       .last_ran = LastRan(digest),
                       .made = made ? std::int64_t{made->st_mtim.tv_sec} : 0};
}

Result<GenerationUses> Generations::Uses() const {
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const auto names, root.Names());
  GenerationUses uses;
  for (const std::string& digest : names) {
    if (!IsDigest(digest)) {
      continue;
    }
    const auto use = UseOf(digest);
    if (!use && use.error().Is(ErrorCode::kResourceExhausted)) {
      return Fail(use.error());  // ours: nothing is wrong with the generation
    }
    if (!use) {
      uses.unknown.push_back({.digest = digest, .why = use.error()});
    } else if (*use) {
      uses.known.push_back(**use);
    }
  }
  return uses;
}

Result<std::optional<sys::TempDir>> Generations::Remove(std::string_view digest) {
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const std::string current, root.ReadLink(kCurrent));
  if (digest == current || !IsDigest(digest)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "generation.current",
                "generation " + base::Printable(digest, 60) +
                    " is current or none; switch to another one first");
  }
  ZW_ASSIGN(const auto present, root.Look(digest));
  if (!present) {
    return std::nullopt;
  }
  ZW_ASSIGN(auto trash, sys::TempDir::Create(directory_, kTrashPrefix));
  ZW_TRY(root.Rename(digest, trash.path().filename() / digest));
  ZW_TRY(root.Sync());
  return trash;
}

Status Generations::SwitchTo(std::string_view digest) {
  ZW_ASSIGN(const auto root, Root());
  if (!digest.empty()) {
    const std::string before = root.ReadLink(kCurrent).value_or("");
    ZW_ASSIGN(const auto found, Find(digest));
    const std::string& name = found.generation.digest;
    if (before == name) {
      return root.Sync();
    }
    // What an older agent made current has no note yet.
    if (IsDigest(before) && LastRan(before) == 0 && Find(before)) {
      ZW_TRY(NoteRun(before, 0));
    }
    ZW_TRY(NoteRun(name, LaterThanAll(root, std::time(nullptr))));
    return root.ReplaceLink(kCurrent, name);
  }
  ZW_TRY(root.Remove(kCurrent));
  return root.Sync();
}

Result<fs::path> Generations::ConfigurationDirectory(std::string_view digest) const {
  ZW_ASSIGN(auto found, Find(digest));
  return std::move(found.configuration_directory);
}

Result<ConfigurationFiles> Generations::ReadZooCfg(std::string_view digest) const {
  ZW_ASSIGN(const auto found, Find(digest));
  return ReadZooCfgFilesOf(found);
}

}  // namespace zoowarden::agent
