#include "config/yaml_reader.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace zoowarden::config {
namespace {

std::string_view KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "left empty";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "";
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

std::string Quoted(std::string_view text) { return "'" + base::Printable(text, 60) + "'"; }

bool IsHostText(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    return host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  return !host.empty() &&
         host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string_view::npos;
}

}  // namespace

std::string YamlValue::Where() const {
  return *file_ + ":" + std::to_string(node_->at.line) + ":" + std::to_string(node_->at.column);
}

base::Error YamlValue::Refuse(std::string_view reason, std::string_view message) const {
  const std::string space = message.starts_with(':') ? "" : " ";
  const std::string subject = (name_.empty() ? "the file" : name_) + space;
  return YamlError(*file_, node_->at, reason, subject + std::string(message));
}

base::Error YamlValue::WrongType(std::string_view wanted) const {
  const std::string found = node_->kind == YamlNode::Kind::kScalar
                                ? Quoted(node_->text)
                                : std::string(KindName(node_->kind));
  return Refuse("wrong_type", "must be " + std::string(wanted) + ", not " + found);
}

base::Result<std::string> YamlValue::Scalar() const {
  if (node_->kind != YamlNode::Kind::kScalar) {
    return base::Fail(WrongType("text"));
  }
  if (HasControlCharacter(node_->text)) {
    return base::Fail(Refuse("bad_value", "has a line break or another control character"));
  }
  return node_->text;
}

base::Result<std::string> YamlValue::Text() const {
  ZW_ASSIGN(auto text, Scalar());
  if (text.empty()) {
    return base::Fail(Refuse("bad_value", "must not be empty"));
  }
  return text;
}

base::Result<std::uint64_t> YamlValue::Number(NumberRange range) const {
  const std::string wanted =
      "a whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most);
  if (node_->kind != YamlNode::Kind::kScalar || node_->quoted) {
    return base::Fail(WrongType(wanted));
  }
  const auto number = base::ParseUnsigned(node_->text);
  if (!number) {
    return base::Fail(WrongType(wanted));
  }
  if (*number < range.least || *number > range.most) {
    return base::Fail(Refuse("bad_value", "must be " + wanted + ", not " + Quoted(node_->text)));
  }
  return *number;
}

base::Result<bool> YamlValue::Truth() const {
  if (node_->kind == YamlNode::Kind::kScalar && !node_->quoted) {
    if (node_->text == "true") {
      return true;
    }
    if (node_->text == "false") {
      return false;
    }
  }
  return base::Fail(WrongType("true or false"));
}

base::Result<std::chrono::milliseconds> YamlValue::Duration(DurationRange range) const {
  const auto duration =
      node_->kind == YamlNode::Kind::kScalar ? ParseDuration(node_->text) : std::nullopt;
  if (!duration) {
    return base::Fail(WrongType("a duration such as 500ms, 10s or 5m"));
  }
  if (*duration < range.least || *duration > range.most) {
    return base::Fail(Refuse("bad_value",
                             "must be from " + std::to_string(range.least.count()) + "ms to " +
                                 std::to_string(range.most.count()) + "ms, not " +
                                 Quoted(node_->text)));
  }
  return *duration;
}

base::Result<std::string> YamlValue::Endpoint() const {
  ZW_ASSIGN(auto text, Text());
  const auto colon = text.rfind(':');
  const auto port = colon == std::string::npos
                        ? std::nullopt
                        : base::ParseUnsigned(std::string_view(text).substr(colon + 1));
  if (!port || *port == 0 || *port > 65535 ||
      !IsHostText(std::string_view(text).substr(0, colon))) {
    return base::Fail(Refuse("bad_value", "must be HOST:PORT, not " + Quoted(text)));
  }
  return text;
}

base::Result<std::vector<YamlValue>> YamlValue::List() const {
  if (node_->kind != YamlNode::Kind::kList) {
    return base::Fail(WrongType("a list"));
  }
  std::vector<YamlValue> values;
  values.reserve(node_->items.size());
  for (const auto& item : node_->items) {
    values.emplace_back(file_, item, name_ + "[" + std::to_string(values.size()) + "]");
  }
  return values;
}

base::Result<std::vector<std::string>> YamlValue::TextList() const {
  ZW_ASSIGN(const auto values, List());
  std::vector<std::string> texts;
  for (const auto& value : values) {
    ZW_ASSIGN(auto text, value.Text());
    texts.push_back(std::move(text));
  }
  return texts;
}

base::Result<YamlMap> YamlValue::OpenMap() const {
  if (node_->kind != YamlNode::Kind::kMap) {
    return base::Fail(WrongType("a map"));
  }
  return YamlMap(*this);
}

base::Result<YamlMap> YamlValue::Map(const std::vector<std::string>& known) const {
  ZW_ASSIGN(auto map, OpenMap());
  for (const auto& entry : node_->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) {
      continue;
    }
    const auto nearest = base::NearestName(entry.key, known);
    return base::Fail(YamlError(*file_,
                                entry.key_at,
                                "unknown_key",
                                "unknown key " + Quoted(entry.key) +
                                    (name_.empty() ? "" : " in " + name_) +
                                    (nearest ? ", did you mean '" + *nearest + "'"
                                             : ", known are: " + base::Join(known, ", "))));
  }
  return map;
}

std::string YamlMap::NameOf(std::string_view key) const {
  return value_.name_.empty() ? std::string(key) : value_.name_ + "." + std::string(key);
}

std::optional<YamlValue> YamlMap::Find(std::string_view key) const {
  for (const auto& entry : value_.node_->entries) {
    if (entry.key == key) {
      return YamlValue(value_.file_, entry.value, NameOf(key));
    }
  }
  return std::nullopt;
}

base::Result<YamlValue> YamlMap::Need(std::string_view key) const {
  if (auto found = Find(key)) {
    return *std::move(found);
  }
  return base::Fail(value_.Refuse("missing_key", "needs the key '" + std::string(key) + "'"));
}

std::vector<std::pair<std::string, YamlValue>> YamlMap::Entries() const {
  std::vector<std::pair<std::string, YamlValue>> entries;
  for (const auto& entry : value_.node_->entries) {
    entries.emplace_back(entry.key, YamlValue(value_.file_, entry.value, NameOf(entry.key)));
  }
  return entries;
}

base::Error YamlMap::RefuseKey(std::string_view key,
                               std::string_view reason,
                               std::string_view message) const {
  for (const auto& entry : value_.node_->entries) {
    if (entry.key == key) {
      return YamlError(*value_.file_, entry.key_at, reason, message);
    }
  }
  return YamlError(*value_.file_, value_.node_->at, reason, message);
}

base::Result<std::string> YamlMap::NeedText(std::string_view key) const {
  ZW_ASSIGN(const auto value, Need(key));
  return value.Text();
}

base::Status YamlMap::ReadText(std::string_view key, std::string& target) const {
  if (const auto found = Find(key)) {
    ZW_ASSIGN(target, found->Text());
  }
  return base::Ok();
}

base::Status YamlMap::ReadTruth(std::string_view key, bool& target) const {
  if (const auto found = Find(key)) {
    ZW_ASSIGN(target, found->Truth());
  }
  return base::Ok();
}

base::Status YamlMap::ReadDuration(std::string_view key,
                                   DurationRange range,
                                   std::chrono::milliseconds& target) const {
  if (const auto found = Find(key)) {
    ZW_ASSIGN(target, found->Duration(range));
  }
  return base::Ok();
}

base::Result<YamlValue> ReadYaml(std::string_view text, std::string_view file) {
  ZW_ASSIGN(auto root, ParseYaml(text, file));
  return YamlValue(std::make_shared<const std::string>(file), std::move(root), "");
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  constexpr std::uint64_t kMostMilliseconds = 1000ULL * 3600 * 1000;
  struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
  };
  constexpr std::array<Unit, 4> kUnits = {
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = base::ParseUnsigned(text.substr(0, digits));
  for (const auto& unit : kUnits) {
    if (number && text.substr(digits) == unit.name &&
        *number <= kMostMilliseconds / unit.milliseconds) {
      return std::chrono::milliseconds(*number * unit.milliseconds);
    }
  }
  return std::nullopt;
}

}  // namespace zoowarden::config
