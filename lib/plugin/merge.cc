#include "plugin/merge.h"

#include "sys/digest.h"

#include <utility>

namespace zoowarden::plugin {
namespace {

std::string Traced(const MergedValue& value) {
  return value.value + " (" + value.layer + ", " + value.origin + ")";
}

// Lengths in front, so that no two sets of settings have the same canonical text.
std::string DigestOf(const std::map<std::string, MergedValue>& values) {
  std::string canonical;
  for (const auto& [key, merged] : values) {
    canonical += std::to_string(key.size()) + ":" + key + "=" +
                 std::to_string(merged.value.size()) + ":" + merged.value + "\n";
  }
  return sys::Digest(sys::Hash::kSha256, canonical);
}

}  // namespace

std::map<std::string, std::string> MergedSettings::Plain() const {
  std::map<std::string, std::string> plain;
  for (const auto& [key, merged] : values) {
    plain.emplace(key, merged.value);
  }
  return plain;
}

std::vector<std::string> MergedSettings::Explain(std::string_view key) const {
  const auto found = values.find(std::string(key));
  if (found == values.end()) {
    return {};
  }
  std::vector<std::string> lines = {found->first + " = " + Traced(found->second)};
  for (auto lower = found->second.overridden.rbegin(); lower != found->second.overridden.rend();
       ++lower) {
    lines.push_back("instead of " + *lower);
  }
  return lines;
}

base::Result<MergedSettings> MergeSettings(const std::vector<Layer>& layers,
                                           const SettingCheck& check) {
  MergedSettings merged;
  for (const auto& layer : layers) {
    for (const auto& [key, source] : layer.values) {
      if (const auto problem = check(key, source.value)) {
        return base::Fail(base::ErrorCode::kInvalidArgument,
                          "plugin.bad_setting",
                          layer.name + ", " + source.origin + ": " + *problem);
      }
      MergedValue value{
          .value = source.value, .layer = layer.name, .origin = source.origin, .overridden = {}};
      if (const auto lower = merged.values.find(key); lower != merged.values.end()) {
        value.overridden = std::move(lower->second.overridden);
        value.overridden.push_back(Traced(lower->second));
      }
      merged.values.insert_or_assign(key, std::move(value));
    }
  }
  merged.digest = DigestOf(merged.values);
  return merged;
}

}  // namespace zoowarden::plugin
