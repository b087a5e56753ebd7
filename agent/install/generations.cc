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

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
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
constexpr std::string_view kRecord = "generation.json";
constexpr std::string_view kRan = "ran";
constexpr std::string_view kStagePrefix = ".new-";
constexpr std::string_view kTrashPrefix = ".old-";
constexpr std::size_t kMaxRecordBytes = 1024 * 1024;
constexpr std::size_t kMaxRanBytes = 64;
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

// Empty when there is no such link.
Result<std::string> ReadLink(const fs::path& link) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size < 0 && errno == ENOENT) {
    return std::string();
  }
  if (size < 0) {
    return Fail(sys::ErrnoError("read the link", link.native(), errno));
  }
  return std::string(target.data(), static_cast<std::size_t>(size));
}

Status Rename(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return Fail(sys::ErrnoError("rename to", to.native(), errno));
  }
  return Ok();
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
                  "'" + name + "' is no plain file name for a configuration file");
    }
  }
  if (!request.files.contains(std::string(kZooCfg))) {
    return Fail(ErrorCode::kInvalidArgument, "config.no_zoo_cfg", "zoo.cfg was not rendered");
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
Status RemoveUnfinished(const fs::path& directory) {
  ZW_TRY(sys::RemoveLeftovers(directory, {kStagePrefix, kTrashPrefix}));
  ZW_TRY(sys::RemoveTemporaries(directory));
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (IsDigest(entry->path().filename().native())) {
      ZW_TRY(sys::RemoveTemporaries(entry->path()));
      ZW_TRY(sys::RemoveTemporaries(entry->path() / kConf));
    }
  }
  return error ? Status(Fail(sys::ErrnoError("list", directory.native(), error.value()))) : Ok();
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
  ZW_TRY(RemoveUnfinished(opened.directory_));
  opened.owner_ = owner;
  return opened;
}

Result<model::Generation> Generations::Make(const GenerationRequest& request) {
  ZW_TRY(CheckRequest(request));
  const std::string digest = config::GenerationDigest(
      request.version, request.release_sha512, request.configuration_digest);
  ZW_ASSIGN(const std::string current, ReadLink(directory_ / kCurrent));
  if (current == digest) {
    ZW_ASSIGN(const auto running, Find(digest));
    return running.generation;
  }
  if (const auto present = Find(digest);
      present && present->release_directory == fs::weakly_canonical(request.release_directory) &&
      ConfFilesAre(present->configuration_directory, request.files)) {
    return present->generation;
  }
  ZW_ASSIGN(auto stage, sys::TempDir::Create(directory_, kStagePrefix));
  ZW_TRY(Fill(stage.path(), request, digest));
  ZW_TRY(Place(stage.path(), digest));
  static_cast<void>(stage.Release());
  ZW_ASSIGN(const auto made, Find(digest));
  return made.generation;
}

Status Generations::Fill(const fs::path& stage,
                         const GenerationRequest& request,
                         const std::string& digest) const {
  const fs::path configuration = stage / kConf;
  ZW_TRY(sys::EnsureDirectory(configuration, 0700));
  for (const auto& [name, content] : request.files) {
    ZW_TRY(sys::WriteFileAtomically(configuration / name, content, 0600));
  }
  ZW_TRY(GiveToOwner(configuration));
  ZW_TRY(sys::ReplaceSymlink(stage / kRelease, request.release_directory));
  const GenerationRecord record{
      .generation = {digest, request.version, request.release_sha512, request.configuration_digest},
      .server = request.server,
      .declared_servers = request.declared_servers,
      .settings = model::MaskSecrets(request.settings)};
  ZW_TRY(sys::WriteFileAtomically(stage / kRecord, PrintGenerationRecord(record), 0644));
  std::error_code error;
  fs::permissions(stage, fs::perms(0755), error);
  if (error) {
    return Fail(sys::ErrnoError("set the mode of", stage.native(), error.value()));
  }
  return sys::SyncDirectory(stage);
}

// A generation that is not current is in nobody's use, so for the moment between the two renames
// there may be none: Make runs again then.
Status Generations::Place(const fs::path& stage, const std::string& digest) const {
  const fs::path place = directory_ / digest;
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(place, ignored))) {
    ZW_TRY(Rename(stage, place));
    return sys::SyncDirectory(directory_);
  }
  ZW_ASSIGN(const auto trash, sys::TempDir::Create(directory_, kTrashPrefix));
  ZW_TRY(Rename(place, trash.path() / digest));
  ZW_TRY(Rename(stage, place));
  return sys::SyncDirectory(directory_);
}

Status Generations::GiveToOwner(const fs::path& configuration) const {
  if (!owner_) {
    return Ok();
  }
  return GiveDirectory(configuration, owner_->user, owner_->group);
}

Result<std::optional<StoredGeneration>> Generations::Current() const {
  ZW_ASSIGN(const std::string target, ReadLink(directory_ / kCurrent));
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
  const fs::path place = directory_ / digest;
  std::error_code error;
  if (!IsDigest(digest) || !fs::is_directory(fs::symlink_status(place, error))) {
    return Fail(ErrorCode::kNotFound,
                "generation.unknown",
                "there is no generation '" + std::string(digest) + "' on this server; stage it");
  }
  ZW_ASSIGN(auto record, ReadRecord(digest));
  if (record.foreign) {
    return FindForeign(std::move(record));
  }
  auto release = fs::canonical(place / kRelease, error);
  if (error || !fs::is_directory(release, error)) {
    return Fail(Damaged(digest, "its release directory is gone"));
  }
  if (!fs::is_regular_file(fs::symlink_status(place / kConf / kZooCfg, error))) {
    return Fail(Damaged(digest, "its zoo.cfg is gone"));
  }
  return StoredGeneration{.generation = std::move(record.generation),
                          .server = record.server,
                          .declared_servers = record.declared_servers,
                          .settings = std::move(record.settings),
                          .release_directory = std::move(release),
                          .configuration_directory = place / kConf};
}

Result<GenerationRecord> Generations::ReadRecord(std::string_view digest) const {
  const auto text = sys::ReadFile(directory_ / digest / kRecord, kMaxRecordBytes);
  if (!text) {
    return Fail(Damaged(digest, text.error().message()));
  }
  return ParseGenerationRecord(*text, digest);
}

Result<std::string> Generations::CurrentDigest() const { return ReadLink(directory_ / kCurrent); }

// The record tells it, whatever has become of the files that it names; one without a record is told
// by having no release, as each generation of ours has.
bool Generations::MayBeAdopted(std::string_view digest) const {
  const auto record = ReadRecord(digest);
  return record ? record->foreign.has_value()
                : ReadLink(directory_ / digest / kRelease).value_or("").empty();
}

Result<std::vector<model::Generation>> Generations::List() const {
  std::vector<model::Generation> list;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    if (auto found = Find(entry.path().filename().native())) {
      list.push_back(std::move(found->generation));
    }
  }
  if (error) {
    return Fail(sys::ErrnoError("list", directory_.native(), error.value()));
  }
  std::sort(
      list.begin(), list.end(), [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return list;
}

Result<std::vector<GenerationUse>> Generations::Uses() const {
  ZW_ASSIGN(const std::string current, ReadLink(directory_ / kCurrent));
  std::vector<GenerationUse> uses;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    const std::string digest = entry.path().filename();
    if (!IsDigest(digest) || MayBeAdopted(digest)) {
      continue;  // a description of a few lines, and the only way back to what was there
    }
    struct stat status {};
    const bool made = ::stat((entry.path() / kRecord).c_str(), &status) == 0;
    uses.push_back({.digest = digest,
                    .release = fs::path(ReadLink(entry.path() / kRelease).value_or("")).filename(),
                    .current = digest == current,
                    .last_ran = LastRan(digest),
                    .made = made ? std::int64_t{status.st_mtim.tv_sec} : 0});
  }
  if (error) {
    return Fail(sys::ErrnoError("list", directory_.native(), error.value()));
  }
  std::sort(
      uses.begin(), uses.end(), [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return uses;
}

Status Generations::Remove(std::string_view digest) {
  ZW_ASSIGN(const std::string current, ReadLink(directory_ / kCurrent));
  if (digest == current || !IsDigest(digest)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "generation.current",
                "generation " + base::Printable(digest, 60) +
                    " is current or none; switch to another one first");
  }
  const fs::path place = directory_ / digest;
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(place, ignored))) {
    return Ok();
  }
  ZW_ASSIGN(const auto trash, sys::TempDir::Create(directory_, kTrashPrefix));
  ZW_TRY(Rename(place, trash.path() / digest));
  return sys::SyncDirectory(directory_);
}

std::optional<std::int64_t> Generations::LastRan(std::string_view digest) const {
  const auto text = sys::ReadFile(directory_ / digest / kRan, kMaxRanBytes);
  const auto when = text ? base::ParseUnsigned(base::Trim(*text)) : std::nullopt;
  if (when) {
    return static_cast<std::int64_t>(*when);
  }
  const auto current = ReadLink(directory_ / kCurrent);
  const bool ran = text || (current && *current == digest);
  return ran ? std::optional<std::int64_t>(0) : std::nullopt;
}

Status Generations::NoteRun(const std::string& digest, std::int64_t when) const {
  return sys::WriteFileAtomically(directory_ / digest / kRan, std::to_string(when) + "\n", 0644);
}

Status Generations::SwitchTo(std::string_view digest) {
  const fs::path link = directory_ / kCurrent;
  if (!digest.empty()) {
    const std::string before = ReadLink(link).value_or("");
    ZW_ASSIGN(const auto found, Find(digest));
    const std::string& name = found.generation.digest;
    if (before == name) {
      return sys::SyncDirectory(directory_);
    }
    // What an older agent made current has no note yet.
    if (IsDigest(before) && LastRan(before) == 0 && Find(before)) {
      ZW_TRY(NoteRun(before, 0));
    }
    ZW_TRY(NoteRun(name, std::time(nullptr)));
    return sys::ReplaceSymlink(link, name);
  }
  if (::unlink(link.c_str()) != 0 && errno != ENOENT) {
    return Fail(sys::ErrnoError("remove", link.native(), errno));
  }
  return sys::SyncDirectory(directory_);
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
