// Creates files and directories below one fresh directory, never through a symbolic link, never
// over something that is there, with forced modes, all synced.
#pragma once

#include "base/error.h"
#include "sys/beneath.h"
#include "sys/fd.h"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace zoowarden::agent {

// One file being written. Finish makes it durable; without it the file's content is worth nothing.
class NewFile {
 public:
  NewFile(sys::UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  [[nodiscard]] base::Status Append(std::string_view bytes);
  [[nodiscard]] base::Status Finish();

 private:
  sys::UniqueFd fd_;
  std::string path_;
};

class TreeWriter {
 public:
  [[nodiscard]] static base::Result<TreeWriter> Open(const std::filesystem::path& root);

  // Paths are relative, admitted by EntryPolicy; missing parents are made. Directories that are
  // there already are fine, files are not.
  [[nodiscard]] base::Status MakeDirectory(const std::string& path);
  // Mode 0755 when executable, else 0644.
  [[nodiscard]] base::Result<NewFile> CreateFile(const std::string& path, bool executable);
  // Syncs every directory made, deepest first, and the root.
  [[nodiscard]] base::Status SyncDirectories();

 private:
  explicit TreeWriter(sys::Beneath root) : root_(std::move(root)) {}

  sys::Beneath root_;
  std::set<std::string> made_;
};

}  // namespace zoowarden::agent
