#include "zk/zoo_cfg.h"

#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace zoowarden::zk {

using base::Error;
using base::ErrorCode;
using base::Fail;
using base::Result;

std::string_view JavaTrim(std::string_view text) {
  const auto kept = [](char c) { return static_cast<unsigned char>(c) > ' '; };
  const auto first = std::find_if(text.begin(), text.end(), kept);
  const auto last = std::find_if(text.rbegin(), text.rend(), kept).base();
  return first < last ? text.substr(static_cast<std::size_t>(first - text.begin()),
                                    static_cast<std::size_t>(last - first))
                      : std::string_view();
}

Result<ZooCfg> ZooCfg::Parse(std::string_view text, std::string_view name) {
  ZooCfg cfg;
  cfg.name_ = name;
  ZW_ASSIGN(cfg.properties_, ParseProperties(text, name));
  return cfg;
}

const Property* ZooCfg::Find(std::string_view key) const {
  const auto found = std::find_if(properties_.rbegin(), properties_.rend(), [key](const auto& p) {
    return JavaTrim(p.key) == key;
  });
  return found == properties_.rend() ? nullptr : &*found;
}

std::optional<std::string> ZooCfg::Get(std::string_view key) const {
  const auto* property = Find(key);
  return property == nullptr ? std::nullopt : std::optional<std::string>(JavaTrim(property->value));
}

Result<std::optional<std::int64_t>> ZooCfg::GetNumber(std::string_view key) const {
  const auto* property = Find(key);
  if (property == nullptr) {
    return std::optional<std::int64_t>();
  }
  std::string_view text = JavaTrim(property->value);
  if (text.size() > 1 && text.front() == '+') {
    text.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Fail(ErrorAt(*property, 0, std::string(key) + " is not a number"));
  }
  return std::optional(value);
}

void ZooCfg::Set(std::string_view key, std::string_view value) {
  for (auto property = properties_.rbegin(); property != properties_.rend(); ++property) {
    if (JavaTrim(property->key) == key) {
      property->value = value;
      return;
    }
  }
  properties_.push_back({.key = std::string(key), .value = std::string(value)});
}

void ZooCfg::Remove(std::string_view key) {
  // A copy: the caller's view may be of a property that is moved or erased meanwhile.
  const std::string wanted(key);
  std::erase_if(properties_, [&wanted](const Property& p) { return JavaTrim(p.key) == wanted; });
}

Error ZooCfg::ErrorAt(const Property& property, std::size_t offset, std::string_view what) const {
  const std::string place =
      property.line == 0
          ? ""
          : std::to_string(property.line) + ":" +
                std::to_string(property.value_column + static_cast<int>(offset)) + ":";
  return {ErrorCode::kInvalidArgument,
          "zoo_cfg.invalid",
          name_ + ":" + place + " " + base::Printable(what)};
}

}  // namespace zoowarden::zk
