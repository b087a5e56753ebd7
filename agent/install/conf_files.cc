#include "agent/install/conf_files.h"

#include "agent/install/carry_over.h"
#include "sys/errno_error.h"
#include "sys/fd.h"

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
