#include "agent/install/conf_files.h"

#include "agent/install/carry_over.h"
#include "sys/errno_error.h"
#include "sys/files.h"
#include "zk/zoo_cfg.h"

#include <sys/stat.h>

#include <string>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;

constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

}  // namespace

bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name.size() <= 100 && name.front() != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

// generations/<digest>/conf: neither the last two names nor what is in it may be a link.
Result<ConfigurationFiles> ReadZooCfgFiles(const fs::path& configuration) {
  const fs::path generation = configuration.parent_path();
  ZW_ASSIGN(const auto root, sys::Beneath::Open(generation.parent_path()));
  ZW_ASSIGN(const auto directory, root.Directory(generation.filename() / configuration.filename()));
  ZW_ASSIGN(const auto names, directory.Names());
  ConfigurationFiles files;
  for (const auto& name : names) {
    if (name == kZooCfg || DynamicFileVersion(name)) {
      ZW_ASSIGN(files[name], directory.Read(name, kMaxFileBytes));
    }
  }
  return files;
}

Result<ConfigurationFiles> ReadForeignZooCfg(const fs::path& zoo_cfg) {
  const std::string own = zoo_cfg.filename().string();
  ConfigurationFiles files;
  ZW_ASSIGN(files[std::string(kZooCfg)], sys::ReadRegularFile(zoo_cfg, kMaxFileBytes));
  ZW_ASSIGN(const auto beside, sys::Beneath::Open(zoo_cfg.parent_path()));
  ZW_ASSIGN(const auto names, beside.Names());
  for (const auto& name : names) {
    const std::string ours =
        name.starts_with(own) ? std::string(kZooCfg) + name.substr(own.size()) : std::string();
    if (DynamicFileVersion(ours)) {
      ZW_ASSIGN(files[ours], sys::ReadRegularFile(zoo_cfg.parent_path() / name, kMaxFileBytes));
    }
  }
  const auto cfg = zk::ZooCfg::Parse(files[std::string(kZooCfg)], own);
  const auto named = cfg ? cfg->Get("dynamicConfigFile") : std::nullopt;
  if (named) {
    ZW_ASSIGN(auto text, sys::ReadRegularFile(zoo_cfg.parent_path() / *named, kMaxFileBytes));
    // One that was written by hand has no version in its name: it is older than all that do.
    files.emplace(std::string(kZooCfg) + ".dynamic.0", text);
    files.emplace(fs::path(*named).filename().string(), std::move(text));
  }
  return files;
}

Result<ConfigurationFiles> ReadZooCfgFilesOf(const StoredGeneration& stored) {
  return stored.foreign ? ReadForeignZooCfg(stored.foreign->configuration)
                        : ReadZooCfgFiles(stored.configuration_directory);
}

Status WriteForeignFile(const fs::path& zoo_cfg,
                        const std::string& name,
                        const std::string& content) {
  std::error_code error;
  const fs::path real = fs::canonical(zoo_cfg, error);
  if (error) {
    return Fail(sys::ErrnoError("find", zoo_cfg.native(), error.value()));
  }
  ZW_ASSIGN(const auto place, sys::Beneath::Open(real.parent_path()));
  ZW_ASSIGN(const auto status, place.Look(real.filename()));
  if (!status || !S_ISREG(status->st_mode)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "path.not_a_file",
                real.native() + " is not a regular file; put it right");
  }
  const mode_t mode = status->st_mode & 07777;
  const sys::Owner owner{.user = status->st_uid, .group = status->st_gid};
  if (name == kZooCfg) {
    return place.Write(real.filename(), content, mode, sys::IfPresent::kReplace, owner);
  }
  ZW_ASSIGN(const auto beside, sys::Beneath::Open(zoo_cfg.parent_path()));
  const std::string theirs = zoo_cfg.filename().string() + name.substr(kZooCfg.size());
  return beside.Write(theirs, content, mode, sys::IfPresent::kReplace, owner);
}

bool ConfFilesAre(const sys::Beneath& generations,
                  const fs::path& configuration,
                  const ConfigurationFiles& files) {
  const auto directory = generations.Directory(configuration);
  const auto names = directory ? directory->Names() : Fail(directory.error());
  if (!names || names->size() != files.size()) {
    return false;
  }
  for (const auto& [name, content] : files) {
    const auto present = directory->Read(name, kMaxFileBytes);
    if (!present || *present != content) {
      return false;
    }
  }
  return true;
}

}  // namespace zoowarden::agent
