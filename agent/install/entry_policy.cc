#include "agent/install/entry_policy.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/";

tl::unexpected<base::Error> Refuse(std::string_view reason, std::string message) {
  return Fail(base::ErrorCode::kInvalidArgument,
              "archive." + std::string(reason),
              "the archive is refused: " + std::move(message));
}

std::string Quoted(std::string_view path) { return "'" + base::Printable(path, 120) + "'"; }

std::string_view WithoutTrailingSlash(std::string_view path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

bool LooksLikeRelease(std::string_view top) {
  return top.starts_with("apache-zookeeper-") || top.starts_with("zookeeper-");
}

}  // namespace

Result<std::string> EntryPolicy::Admit(const EntryHeader& header) {
  if (++entries_ > limits_.entries) {
    return Refuse("too_many_entries", "more than " + std::to_string(limits_.entries) + " entries");
  }
  ZW_TRY(CheckKind(header));
  const std::string_view full =
      header.kind == EntryKind::kDirectory ? WithoutTrailingSlash(header.path) : header.path;
  ZW_TRY(CheckName(full));
  ZW_TRY(CheckTop(full));
  const auto slash = full.find('/');
  std::string path(slash == std::string_view::npos ? std::string_view() : full.substr(slash + 1));
  if (path.empty() && header.kind != EntryKind::kDirectory) {
    return Refuse("wrong_top_directory", Quoted(full) + " is a file, not the release's directory");
  }
  if (path == kReleaseRecordName) {
    return Refuse("reserved_name", Quoted(full) + " is a name of our own");
  }
  ZW_TRY(CheckPlace(path, header.kind));
  ZW_TRY(CountBytes(header));
  (header.kind == EntryKind::kFile ? files_ : directories_).insert(path);
  for (auto end = path.rfind('/'); end != std::string::npos; end = path.rfind('/', end - 1)) {
    parent_directories_.insert(path.substr(0, end));
  }
  return path;
}

Status EntryPolicy::CheckKind(const EntryHeader& header) const {
  switch (header.kind) {
    case EntryKind::kFile:
    case EntryKind::kDirectory:
      return Ok();
    case EntryKind::kLink:
      return Refuse("link", Quoted(header.path) + " is a symbolic or hard link");
    case EntryKind::kSparse:
      return Refuse("sparse", Quoted(header.path) + " is a sparse file");
    case EntryKind::kOther:
      break;
  }
  return Refuse("entry_type", Quoted(header.path) + " is neither a file nor a directory");
}

Status EntryPolicy::CheckName(std::string_view path) const {
  if (path.find_first_not_of(kNameCharacters) != std::string_view::npos) {
    return Refuse("name_characters", "the name " + Quoted(path) + " has unusual characters");
  }
  if (path.empty() || path.starts_with('/')) {
    return Refuse("name_absolute", "the name " + Quoted(path) + " is absolute or empty");
  }
  if (path.size() > limits_.path_bytes) {
    return Refuse("name_too_long",
                  "a name is longer than " + std::to_string(limits_.path_bytes) + " bytes");
  }
  const auto parts = base::Split(path, '/');
  if (parts.size() > limits_.depth) {
    return Refuse("too_deep",
                  Quoted(path) + " is deeper than " + std::to_string(limits_.depth) + " levels");
  }
  const bool dots = std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
  if (dots) {
    return Refuse("name_dots", "the name " + Quoted(path) + " has an empty, '.' or '..' part");
  }
  return Ok();
}

Status EntryPolicy::CheckTop(std::string_view path) const {
  const std::string_view top = path.substr(0, path.find('/'));
  if (std::find(top_names_.begin(), top_names_.end(), top) != top_names_.end()) {
    return Ok();
  }
  return Refuse(LooksLikeRelease(top) ? "wrong_version" : "wrong_top_directory",
                Quoted(path) + " is not below '" + base::Join(top_names_, "' or '") + "'");
}

Status EntryPolicy::CheckPlace(const std::string& path, EntryKind kind) const {
  if (files_.contains(path) || directories_.contains(path)) {
    return Refuse("duplicate", Quoted(path) + " is there twice");
  }
  if (kind == EntryKind::kFile && parent_directories_.contains(path)) {
    return Refuse("file_as_directory", Quoted(path) + " is a file and a directory");
  }
  for (auto end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    if (files_.contains(path.substr(0, end))) {
      return Refuse("file_as_directory", Quoted(path) + " lies below a file");
    }
  }
  return Ok();
}

Status EntryPolicy::CountBytes(const EntryHeader& header) {
  // Each term is bounded before it is added, so the sum cannot overflow.
  if (header.size > limits_.bytes || bytes_ + header.size > limits_.bytes) {
    return Refuse("too_large", "more than " + std::to_string(limits_.bytes) + " bytes unpacked");
  }
  bytes_ += header.size;
  if (bytes_ / limits_.ratio > archive_bytes_) {
    return Refuse("ratio",
                  "it unpacks to more than " + std::to_string(limits_.ratio) + " times its size");
  }
  return Ok();
}

}  // namespace zoowarden::agent
