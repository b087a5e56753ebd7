#include "agent/install/entry_policy.h"

#include "base/text.h"

#include <algorithm>
#include <cctype>

namespace zoowarden::agent {
namespace {

using base::Ok;
using base::Result;
using base::Status;

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/";

constexpr unsigned int kSpecialBits = 07000;  // set-uid, set-gid, sticky

std::string Quoted(std::string_view path) { return "'" + base::Printable(path, 120) + "'"; }

std::string_view WithoutTrailingSlash(std::string_view path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

bool LooksLikeRelease(std::string_view top) {
  return top.starts_with("apache-zookeeper-") || top.starts_with("zookeeper-");
}

std::string LowerCase(std::string_view path) {
  std::string lower(path);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return lower;
}

Status CheckKind(const EntryHeader& header) {
  const std::string name = Quoted(header.path);
  switch (header.kind) {
    case EntryKind::kFile:
    case EntryKind::kDirectory:
      return Ok();
    case EntryKind::kSymbolicLink:
      return RefuseArchive("symbolic_link", name + " is a symbolic link");
    case EntryKind::kHardLink:
      return RefuseArchive("hard_link", name + " is a hard link");
    case EntryKind::kSparse:
      return RefuseArchive("sparse", name + " is a sparse file");
    case EntryKind::kCharacterDevice:
      return RefuseArchive("character_device", name + " is a character device");
    case EntryKind::kBlockDevice:
      return RefuseArchive("block_device", name + " is a block device");
    case EntryKind::kFifo:
      return RefuseArchive("fifo", name + " is a FIFO");
    case EntryKind::kOther:
      break;
  }
  return RefuseArchive("entry_type", name + " is neither a file nor a directory");
}

}  // namespace

tl::unexpected<base::Error> RefuseArchive(std::string_view reason,
                                          const std::string& message,
                                          std::string_view advice) {
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "archive." + std::string(reason),
                    message + "; " + std::string(advice));
}

Result<std::string> EntryPolicy::Admit(const EntryHeader& header) {
  if (++entries_ > limits_.entries) {
    return RefuseArchive("too_many_entries",
                         "more than " + std::to_string(limits_.entries) + " entries");
  }
  ZW_TRY(CheckKind(header));
  const std::string_view full =
      header.kind == EntryKind::kDirectory ? WithoutTrailingSlash(header.path) : header.path;
  ZW_TRY(CheckName(full));
  ZW_TRY(CheckTop(full));
  const auto slash = full.find('/');
  std::string path(slash == std::string_view::npos ? std::string_view() : full.substr(slash + 1));
  if (path.empty() && header.kind != EntryKind::kDirectory) {
    return RefuseArchive("wrong_top_directory",
                         Quoted(full) + " is a file, not the release's directory");
  }
  if (LowerCase(path) == kReleaseRecordName) {
    return RefuseArchive("reserved_name", Quoted(full) + " is a name of our own");
  }
  if ((header.mode & kSpecialBits) != 0) {
    return RefuseArchive("special_mode", Quoted(full) + " is set-uid, set-gid or sticky");
  }
  ZW_TRY(TakePlace(path, header.kind));
  ZW_TRY(CountBytes(header));
  return path;
}

Status EntryPolicy::CheckName(std::string_view path) const {
  if (path.find_first_not_of(kNameCharacters) != std::string_view::npos) {
    return RefuseArchive("name_characters", "the name " + Quoted(path) + " has unusual characters");
  }
  if (path.empty()) {
    return RefuseArchive("name_empty", "an entry has no name");
  }
  if (path.starts_with('/')) {
    return RefuseArchive("name_absolute", "the name " + Quoted(path) + " is absolute");
  }
  if (path.size() > limits_.path_bytes) {
    return RefuseArchive("name_too_long",
                         "a name is longer than " + std::to_string(limits_.path_bytes) + " bytes");
  }
  const auto parts = base::Split(path, '/');
  if (parts.size() > limits_.depth) {
    return RefuseArchive(
        "too_deep", Quoted(path) + " is deeper than " + std::to_string(limits_.depth) + " levels");
  }
  const bool dots = std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
  if (dots) {
    return RefuseArchive("name_dots",
                         "the name " + Quoted(path) + " has an empty, '.' or '..' part");
  }
  return Ok();
}

Status EntryPolicy::CheckTop(std::string_view path) {
  const std::string_view top = path.substr(0, path.find('/'));
  if (!top_.empty() && top != top_) {
    return RefuseArchive("two_top_directories",
                         Quoted(path) + " is not below '" + top_ + "', as all before it");
  }
  if (std::find(top_names_.begin(), top_names_.end(), top) == top_names_.end()) {
    const std::string what =
        Quoted(path) + " is not below '" + base::Join(top_names_, "' or '") + "'";
    if (LooksLikeRelease(top)) {
      return RefuseArchive("wrong_version", what, "correct release.version or the archive");
    }
    return RefuseArchive("wrong_top_directory", what);
  }
  top_ = top;
  return Ok();
}

Status EntryPolicy::TakePlace(const std::string& path, EntryKind kind) {
  for (auto end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string parent = path.substr(0, end);
    const auto& found =
        names_.try_emplace(LowerCase(parent), Name{parent, Known::kParent}).first->second;
    if (found.path != parent) {
      return RefuseArchive("case_clash",
                           Quoted(path) + " differs from '" + found.path + "' in case only");
    }
    if (found.what == Known::kFile) {
      return RefuseArchive("file_as_directory", Quoted(path) + " lies below a file");
    }
  }
  const Known what = kind == EntryKind::kFile ? Known::kFile : Known::kDirectory;
  const auto [place, fresh] = names_.try_emplace(LowerCase(path), Name{path, what});
  Name& found = place->second;
  if (found.path != path) {
    return RefuseArchive("case_clash",
                         Quoted(path) + " differs from '" + found.path + "' in case only");
  }
  if (!fresh && found.what != Known::kParent) {
    return RefuseArchive("duplicate", Quoted(path) + " is there twice");
  }
  if (!fresh && what == Known::kFile) {
    return RefuseArchive("file_as_directory", Quoted(path) + " is a file and a directory");
  }
  found.what = what;
  return Ok();
}

Status EntryPolicy::CountBytes(const EntryHeader& header) {
  // Each term is bounded before it is added, so the sum cannot overflow.
  if (header.size > limits_.bytes || bytes_ + header.size > limits_.bytes) {
    return RefuseArchive("too_large",
                         "more than " + std::to_string(limits_.bytes) + " bytes unpacked");
  }
  bytes_ += header.size;
  if (bytes_ / limits_.ratio > archive_bytes_) {
    return RefuseArchive(
        "ratio", "it unpacks to more than " + std::to_string(limits_.ratio) + " times its size");
  }
  return Ok();
}

}  // namespace zoowarden::agent
