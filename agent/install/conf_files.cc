#include "agent/install/conf_files.h"

#include "agent/install/carry_over.h"
#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "zk/zoo_cfg.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

Result<std::string> ReadRegularFile(const fs::path& path) {
  // O_NONBLOCK: a FIFO in its place must not hold the agent.
  const sys::UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return Fail(sys::ErrnoError("read", path.native(), errno));
  }
  if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > kMaxFileBytes) {
    return Fail(base::ErrorCode::kDataLoss,
                "config.not_a_file",
                path.native() + " is not a regular file of at most 4 MiB; put it right");
  }
  std::string content;
  std::array<char, 64 * 1024> piece{};
  while (content.size() <= kMaxFileBytes) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Fail(sys::ErrnoError("read", path.native(), errno));
    }
    if (got == 0) {
      break;
    }
    content.append(piece.data(), static_cast<std::size_t>(got));
  }
  return content;
}

Result<std::vector<std::string>> FileNames(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    names.push_back(entry.path().filename());
  }
  if (error) {
    return Fail(sys::ErrnoError("list", directory.native(), error.value()));
  }
  return names;
}

}  // namespace

bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name.size() <= 100 && name.front() != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

Result<ConfigurationFiles> ReadZooCfgFiles(const fs::path& configuration) {
  ZW_ASSIGN(const auto names, FileNames(configuration));
  ConfigurationFiles files;
  for (const auto& name : names) {
    if (name == kZooCfg || DynamicFileVersion(name)) {
      ZW_ASSIGN(files[name], ReadRegularFile(configuration / name));
    }
  }
  return files;
}

Result<ConfigurationFiles> ReadForeignZooCfg(const fs::path& zoo_cfg) {
  const std::string own = zoo_cfg.filename().string();
  ConfigurationFiles files;
  ZW_ASSIGN(files[std::string(kZooCfg)], sys::ReadFile(zoo_cfg, kMaxFileBytes));
  ZW_ASSIGN(const auto names, FileNames(zoo_cfg.parent_path()));
  for (const auto& name : names) {
    const std::string ours =
        name.starts_with(own) ? std::string(kZooCfg) + name.substr(own.size()) : std::string();
    if (DynamicFileVersion(ours)) {
      ZW_ASSIGN(files[ours], sys::ReadFile(zoo_cfg.parent_path() / name, kMaxFileBytes));
    }
  }
  const auto cfg = zk::ZooCfg::Parse(files[std::string(kZooCfg)], own);
  const auto named = cfg ? cfg->Get("dynamicConfigFile") : std::nullopt;
  if (named) {
    ZW_ASSIGN(auto text, sys::ReadFile(zoo_cfg.parent_path() / *named, kMaxFileBytes));
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
  struct stat status {};
  if (error || ::stat(real.c_str(), &status) != 0) {
    return Fail(sys::ErrnoError("find", zoo_cfg.native(), error ? error.value() : errno));
  }
  const std::string own = zoo_cfg.filename().string();
  const fs::path path =
      name == kZooCfg ? real : zoo_cfg.parent_path() / (own + name.substr(kZooCfg.size()));
  ZW_TRY(sys::WriteFileAtomically(path, content, status.st_mode & 07777));
  if (::lchown(path.c_str(), status.st_uid, status.st_gid) != 0) {
    return Fail(sys::ErrnoError("change the owner of", path.native(), errno));
  }
  return Ok();
}

bool ConfFilesAre(const fs::path& configuration, const ConfigurationFiles& files) {
  const auto names = FileNames(configuration);
  if (!names || names->size() != files.size()) {
    return false;
  }
  for (const auto& [name, content] : files) {
    const auto present = ReadRegularFile(configuration / name);
    if (!present || *present != content) {
      return false;
    }
  }
  return true;
}

Status GiveDirectory(const fs::path& configuration, uid_t user, gid_t group) {
  ZW_ASSIGN(const auto names, FileNames(configuration));
  for (const auto& name : names) {
    if (::lchown((configuration / name).c_str(), user, group) != 0) {
      return Fail(sys::ErrnoError("change the owner of", name, errno));
    }
  }
  if (::lchown(configuration.c_str(), user, group) != 0) {
    return Fail(sys::ErrnoError("change the owner of", configuration.native(), errno));
  }
  return Ok();
}

}  // namespace zoowarden::agent
