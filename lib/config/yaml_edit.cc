#include "config/yaml_edit.h"

#include "sys/files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace zoowarden::config {
namespace {

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

base::Error NotPlain() {
  return {base::ErrorCode::kFailedPrecondition,
          "config.not_editable",
          "this value is not written as plain text"};
}

std::string LineEndAt(std::string_view text, std::size_t line_end) {
  return line_end > 0 && text[line_end - 1] == '\r' ? "\r\n" : "\n";
}

}  // namespace

const YamlNode::Entry* FindEntry(const YamlNode& map, std::string_view key) {
  const auto found = std::find_if(
      map.entries.begin(), map.entries.end(), [&](const auto& entry) { return entry.key == key; });
  return found == map.entries.end() ? nullptr : &*found;
}

base::Error NotEditable(const std::string& path,
                        YamlPosition at,
                        std::string_view why,
                        std::string_view by_hand) {
  const auto located = YamlError(path, at, "not_editable", why);
  return base::Error(base::ErrorCode::kFailedPrecondition,
                     located.reason(),
                     located.message() + ": edit " + std::string(by_hand) + " by hand");
}

char QuoteOf(std::string_view text, const YamlNode& scalar) {
  const auto begin = OffsetOf(text, scalar.at);
  return begin ? text[*begin] : '\0';
}

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
                           const YamlNode& scalar,
                           std::string_view value,
                           std::string_view note) {
  const auto extent = ExtentOf(text, scalar);
  if (!extent) {
    return base::Fail(NotPlain());
  }
  const auto behind = text.find_first_not_of(' ', extent->end);
  const bool noted = !note.empty() && behind != std::string::npos &&
                     std::string_view(text).substr(behind).starts_with(note);
  const auto end = noted ? behind + note.size() : extent->end;
  text.replace(extent->begin, end - extent->begin, Written(value, text[extent->begin]));
  return base::Ok();
}

base::Status InsertBehindScalar(std::string& text,
                                const YamlNode& map,
                                const std::string& key,
                                std::string_view value) {
  const auto last =
      std::find_if(map.entries.rbegin(), map.entries.rend(), [](const YamlNode::Entry& entry) {
        return entry.value->kind == YamlNode::Kind::kScalar;
      });
  const auto map_begin = OffsetOf(text, map.at);
  const auto extent = last == map.entries.rend() ? std::nullopt : ExtentOf(text, *last->value);
  if (!extent || !map_begin) {
    return base::Fail(NotPlain());
  }
  const std::string entry = key + ": " + std::string(value);
  if (text[*map_begin] == '{') {
    text.insert(extent->end, ", " + entry);
    return base::Ok();
  }
  const auto indent = std::string(static_cast<std::size_t>(last->key_at.column - 1), ' ');
  const auto line_end = text.find('\n', extent->end);
  if (line_end == std::string::npos) {
    text += "\n" + indent + entry;
    return base::Ok();
  }
  text.insert(line_end + 1, indent + entry + LineEndAt(text, line_end));
  return base::Ok();
}

base::Status InsertBefore(std::string& text,
                          const YamlNode::Entry& before,
                          const std::string& key,
                          std::string_view value) {
  const auto at = OffsetOf(text, before.key_at);
  if (!at) {
    return base::Fail(NotPlain());
  }
  const auto indent = std::string(static_cast<std::size_t>(before.key_at.column - 1), ' ');
  const auto line_end = text.find('\n', *at);
  const auto ending = line_end == std::string::npos ? "\n" : LineEndAt(text, line_end);
  text.insert(*at, key + ": " + std::string(value) + ending + indent);
  return base::Ok();
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
  return std::all_of(a.entries.begin(), a.entries.end(), [&b](const YamlNode::Entry& entry) {
    const auto* other = FindEntry(b, entry.key);
    return other != nullptr && SameTree(*entry.value, *other->value);
  });
}

base::Status WriteEdited(const std::string& path,
                         std::string_view expected,
                         const std::string& edited,
                         const std::string& by_hand) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  struct stat status {};
  if (error || ::stat(real.c_str(), &status) != 0) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "config.unreadable",
                      "cannot find " + path + "; check the path");
  }
  ZW_ASSIGN(const auto current, sys::ReadFile(real, 1U << 20U));
  if (current == edited) {
    return base::Ok();
  }
  if (current != expected) {
    return base::Fail(
        base::ErrorCode::kAborted,
        "config.changed_meanwhile",
        path + " was changed while the run went on and is left alone; " + by_hand + " by hand");
  }
  return sys::WriteFileAtomically(real, edited, status.st_mode & 07777);
}

}  // namespace zoowarden::config
