// Where every setting comes from. The order is fixed and stated: plugins as `config.plugins` lists
// them, then ensemble.yaml's own `config.settings`; the later layer wins. A server's own `settings`
// win over all of these and are laid on top by model::SettingsOf. Pure.
#pragma once

#include "base/error.h"
#include "plugin/answer.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::plugin {

struct Layer {
  std::string name;  // "plugin file /srv/vars/common.yaml", "ensemble.yaml"
  SourceValues values;
};

struct MergedValue {
  std::string value;
  std::string layer;
  std::string origin;
  // What lower layers said, lowest first: "2000 (plugin file ..., common.yaml:3:11)".
  std::vector<std::string> overridden;
};

struct MergedSettings {
  std::map<std::string, MergedValue> values;
  // SHA-256 over keys and values, 64 hexadecimal digits: what a plan pins, so that a source which
  // changes its mind between plan and apply is noticed. Origins are not part of it.
  std::string digest;

  [[nodiscard]] std::map<std::string, std::string> Plain() const;
  // Lines for `config show --explain KEY`; empty when no layer has the key.
  [[nodiscard]] std::vector<std::string> Explain(std::string_view key) const;
};

// Says why a setting is refused, or nullopt (model::SettingProblem).
using SettingCheck =
    std::function<std::optional<std::string>(std::string_view key, std::string_view value)>;

// Layers lowest first. A refused setting is kInvalidArgument `plugin.bad_setting` with its layer
// and origin.
[[nodiscard]] base::Result<MergedSettings> MergeSettings(const std::vector<Layer>& layers,
                                                         const SettingCheck& check);

}  // namespace zoowarden::plugin
