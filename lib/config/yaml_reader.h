// Typed reading of a YAML tree. Every refusal says file:line:column, the full name of the key and
// what would be right; unknown keys are refused with the nearest valid name, because a misspelt key
// that is silently ignored is a setting that somebody believes in.
//
// Values are cheap to copy and keep their tree alive.
#pragma once

#include "base/error.h"
#include "config/yaml_tree.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zoowarden::config {

class YamlMap;

struct NumberRange {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

struct DurationRange {
  std::chrono::milliseconds least{0};
  std::chrono::milliseconds most{0};
};

// One value of the file with its full name ("policy.soak", "servers[2].host").
class YamlValue {
 public:
  YamlValue(std::shared_ptr<const std::string> file,
            std::shared_ptr<const YamlNode> node,
            std::string name)
      : file_(std::move(file)), node_(std::move(node)), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const YamlNode& node() const { return *node_; }
  // "file:line:column"
  [[nodiscard]] std::string Where() const;
  // An error at this value: its name and `message`, a space between unless that begins with ':'.
  [[nodiscard]] base::Error Refuse(std::string_view reason, std::string_view message) const;

  // One line of text without control characters, not empty.
  [[nodiscard]] base::Result<std::string> Text() const;
  // As Text, but may be empty: the value of a setting.
  [[nodiscard]] base::Result<std::string> Scalar() const;
  [[nodiscard]] base::Result<std::uint64_t> Number(NumberRange range) const;
  [[nodiscard]] base::Result<bool> Truth() const;
  // "500ms", "10s", "5m", "1h"; a bare number is refused, because its unit would be a guess.
  [[nodiscard]] base::Result<std::chrono::milliseconds> Duration(DurationRange range) const;
  // HOST:PORT, an IPv6 address in brackets; the port is not 0.
  [[nodiscard]] base::Result<std::string> Endpoint() const;
  [[nodiscard]] base::Result<std::vector<YamlValue>> List() const;
  [[nodiscard]] base::Result<std::vector<std::string>> TextList() const;
  // A map whose keys are all among `known`.
  [[nodiscard]] base::Result<YamlMap> Map(const std::vector<std::string>& known) const;
  // A map with any keys.
  [[nodiscard]] base::Result<YamlMap> OpenMap() const;

 private:
  friend class YamlMap;
  [[nodiscard]] base::Error WrongType(std::string_view wanted) const;

  std::shared_ptr<const std::string> file_;
  std::shared_ptr<const YamlNode> node_;
  std::string name_;
};

// A map read by key. The Read functions leave the target alone when the key is absent.
class YamlMap {
 public:
  explicit YamlMap(YamlValue value) : value_(std::move(value)) {}

  [[nodiscard]] const YamlValue& value() const { return value_; }
  [[nodiscard]] std::optional<YamlValue> Find(std::string_view key) const;
  [[nodiscard]] base::Result<YamlValue> Need(std::string_view key) const;
  [[nodiscard]] std::vector<std::pair<std::string, YamlValue>> Entries() const;
  // An error at the key itself, not at its value.
  [[nodiscard]] base::Error RefuseKey(std::string_view key,
                                      std::string_view reason,
                                      std::string_view message) const;

  [[nodiscard]] base::Result<std::string> NeedText(std::string_view key) const;
  base::Status ReadText(std::string_view key, std::string& target) const;
  base::Status ReadTruth(std::string_view key, bool& target) const;
  base::Status ReadDuration(std::string_view key,
                            DurationRange range,
                            std::chrono::milliseconds& target) const;
  template <typename T>
  base::Status ReadNumber(std::string_view key, NumberRange range, T& target) const {
    if (const auto found = Find(key)) {
      ZW_ASSIGN(const auto number, found->Number(range));
      target = static_cast<T>(number);
    }
    return base::Ok();
  }

 private:
  [[nodiscard]] std::string NameOf(std::string_view key) const;

  YamlValue value_;
};

// The root of the text as a value. `file` is the name for messages.
[[nodiscard]] base::Result<YamlValue> ReadYaml(std::string_view text, std::string_view file);

// "500ms", "10s", "5m", "1h" → milliseconds; nullopt for anything else and beyond 1000 hours.
[[nodiscard]] std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace zoowarden::config
