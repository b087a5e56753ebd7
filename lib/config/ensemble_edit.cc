#include "config/ensemble_edit.h"

#include "config/yaml_tree.h"
#include "sys/files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace zoowarden::config {
namespace {

using Node = std::shared_ptr<const YamlNode>;

const YamlNode::Entry* FindEntry(const YamlNode& map, std::string_view key) {
  const auto found = std::find_if(
      map.entries.begin(), map.entries.end(), [&](const auto& entry) { return entry.key == key; });
  return found == map.entries.end() ? nullptr : &*found;
}

base::Error NotEditable(const std::string& path, YamlPosition at, std::string_view why) {
  const auto located = YamlError(path, at, "not_editable", why);
  return base::Error(base::ErrorCode::kFailedPrecondition,
                     located.reason(),
                     located.message() + ": edit the release by hand");
}

std::optional<std::size_t> OffsetOf(std::string_view text, YamlPosition at) {
  std::size_t offset = 0;
  for (int line = 1; line < at.line; ++line) {
    const auto end = text.find('\n', offset);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    offset = end + 1;
  }
  offset += static_cast<std::size_t>(at.column - 1);
  return offset < text.size() ? std::optional(offset) : std::nullopt;
}

// Where a scalar stands in the text, quotes included.
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::optional<Extent> ExtentOf(std::string_view text, const YamlNode& scalar) {
  const auto begin = OffsetOf(text, scalar.at);
  if (!begin || scalar.kind != YamlNode::Kind::kScalar) {
    return std::nullopt;
  }
  const char quote = text[*begin];
  if (quote != '"' && quote != '\'') {
    const bool same = text.substr(*begin, scalar.text.size()) == scalar.text;
    return same ? std::optional(Extent{*begin, *begin + scalar.text.size()}) : std::nullopt;
  }
  for (std::size_t i = *begin + 1; i < text.size(); ++i) {
    const bool backslash = quote == '"' && text[i] == '\\';
    const bool doubled = quote == '\'' && text.substr(i, 2) == "''";
    if (backslash || doubled) {
      ++i;  // the next character is part of the text
    } else if (text[i] == quote) {
      return Extent{*begin, i + 1};
    }
  }
  return std::nullopt;
}

// `value` as YAML in the quoting style that `quote` begins.
std::string Written(std::string_view value, char quote) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-+";
  const bool can_be_plain =
      !value.empty() && value.front() != '-' && value.find_first_not_of(kPlain) == value.npos;
  if (quote != '"' && quote != '\'' && can_be_plain) {
    return std::string(value);
  }
  const char mark = quote == '\'' ? '\'' : '"';
  std::string text(1, mark);
  for (const char c : value) {
    if (mark == '\'' && c == '\'') {
      text += '\'';
    } else if (mark == '"' && (c == '"' || c == '\\')) {
      text += '\\';
    }
    text += c;
  }
  return text + mark;
}

base::Status ReplaceScalar(std::string& text,
                           const std::string& path,
                           const YamlNode& scalar,
                           std::string_view value) {
  const auto extent = ExtentOf(text, scalar);
  if (!extent) {
    return base::Fail(NotEditable(path, scalar.at, "this value is not written as plain text"));
  }
  // A note that the new value makes false goes with the old one.
  const auto note = text.find_first_not_of(' ', extent->end);
  const bool noted =
      note != std::string::npos && std::string_view(text).substr(note).starts_with(kAdoptedNote);
  const auto end = noted ? note + kAdoptedNote.size() : extent->end;
  text.replace(extent->begin, end - extent->begin, Written(value, text[extent->begin]));
  return base::Ok();
}

// Adds "key: value" behind the last entry: on its own line in block style, behind a comma in flow.
base::Status InsertKey(std::string& text,
                       const std::string& path,
                       const YamlNode& map,
                       const std::string& key,
                       std::string_view value) {
  const auto& last = map.entries.back();
  const auto extent = ExtentOf(text, *last.value);
  const auto map_begin = OffsetOf(text, map.at);
  if (!extent || !map_begin) {
    return base::Fail(NotEditable(path, last.value->at, "this value is not written as plain text"));
  }
  const std::string entry = key + ": " + Written(value, text[extent->begin]);
  if (text[*map_begin] == '{') {
    text.insert(extent->end, ", " + entry);
    return base::Ok();
  }
  const auto indent = std::string(static_cast<std::size_t>(last.key_at.column - 1), ' ');
  const auto line_end = text.find('\n', extent->end);
  if (line_end == std::string::npos) {
    text += "\n" + indent + entry;
    return base::Ok();
  }
  const std::string ending = line_end > 0 && text[line_end - 1] == '\r' ? "\r\n" : "\n";
  text.insert(line_end + 1, indent + entry + ending);
  return base::Ok();
}

base::Result<Node> ReleaseOf(std::string_view text, const std::string& path) {
  ZW_ASSIGN(const auto root, ParseYaml(text, path));
  const auto* entry = FindEntry(*root, "release");
  if (entry == nullptr || entry->value->kind != YamlNode::Kind::kMap ||
      entry->value->entries.empty()) {
    return base::Fail(NotEditable(path, root->at, "there is no release map"));
  }
  return entry->value;
}

bool SameTree(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!SameTree(*a.items[i], *b.items[i])) {
      return false;
    }
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    if (a.entries[i].key != b.entries[i].key ||
        !SameTree(*a.entries[i].value, *b.entries[i].value)) {
      return false;
    }
  }
  return true;
}

// The tree that the edited text must have.
std::shared_ptr<YamlNode> Expected(const YamlNode& root,
                                   const std::vector<std::pair<std::string, std::string>>& wanted) {
  auto expected = std::make_shared<YamlNode>(root);
  for (auto& entry : expected->entries) {
    if (entry.key != "release") {
      continue;
    }
    auto release = std::make_shared<YamlNode>(*entry.value);
    for (const auto& [key, value] : wanted) {
      auto scalar = std::make_shared<YamlNode>();
      scalar->kind = YamlNode::Kind::kScalar;
      scalar->text = value;
      const auto found = std::find_if(release->entries.begin(),
                                      release->entries.end(),
                                      [&key = key](const auto& e) { return e.key == key; });
      if (found != release->entries.end()) {
        found->value = scalar;
      } else {
        release->entries.push_back({key, {}, scalar});
      }
    }
    entry.value = release;
  }
  return expected;
}

// As the file would write it: relative where its `source` is relative today.
std::string PathInFile(const YamlNode& release,
                       const std::string& path,
                       const std::string& target) {
  const auto* source = FindEntry(release, "source");
  const bool relative = source != nullptr && !source->value->text.empty() &&
                        !std::filesystem::path(source->value->text).is_absolute();
  if (!relative || target.empty()) {
    return target;
  }
  const auto directory = std::filesystem::path(path).parent_path();
  return std::filesystem::path(target).lexically_relative(directory).string();
}

}  // namespace

base::Result<std::string> EditRelease(std::string_view text,
                                      const std::string& path,
                                      const ReleaseEdit& release) {
  ZW_ASSIGN(const auto before, ParseYaml(text, path));
  ZW_ASSIGN(const auto old_release, ReleaseOf(text, path));
  std::vector<std::pair<std::string, std::string>> wanted = {{"version", release.version},
                                                             {"sha512", release.sha512}};
  const std::pair<std::string, const std::string&> files[] = {{"source", release.source},
                                                              {"signature", release.signature}};
  for (const auto& [key, file] : files) {
    if (!file.empty() || FindEntry(*old_release, key) != nullptr) {
      wanted.emplace_back(key, PathInFile(*old_release, path, file));
    }
  }
  std::string edited(text);
  for (const auto& [key, value] : wanted) {
    // Parsed afresh for each key, because every edit moves what stands behind it.
    ZW_ASSIGN(const auto current, ReleaseOf(edited, path));
    const auto* entry = FindEntry(*current, key);
    if (entry == nullptr) {
      ZW_TRY(InsertKey(edited, path, *current, key, value));
    } else if (entry->value->text != value || entry->value->kind != YamlNode::Kind::kScalar) {
      ZW_TRY(ReplaceScalar(edited, path, *entry->value, value));
    }
  }
  const auto after = ParseYaml(edited, path);
  if (!after || !SameTree(*Expected(*before, wanted), **after)) {
    return base::Fail(
        NotEditable(path, old_release->at, "changing this release would change other values too"));
  }
  return edited;
}

base::Status EditReleaseInFile(const std::string& path,
                               std::string_view expected,
                               const ReleaseEdit& release) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  struct stat status {};
  if (error || ::stat(real.c_str(), &status) != 0) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "config.unreadable",
                      "cannot find " + path + "; check the path");
  }
  ZW_ASSIGN(const auto current, sys::ReadFile(real, 1U << 20U));
  ZW_ASSIGN(const auto edited, EditRelease(expected, path, release));
  if (current == edited) {
    return base::Ok();
  }
  if (current != expected) {
    return base::Fail(base::ErrorCode::kAborted,
                      "config.changed_meanwhile",
                      path +
                          " was changed while the run went on and is left alone; set release to " +
                          release.version + " by hand");
  }
  return sys::WriteFileAtomically(real, edited, status.st_mode & 07777);
}

}  // namespace zoowarden::config
