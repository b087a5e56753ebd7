// Changing settings of ensemble.yaml as ensemble_edit.h changes its release: every other byte kept,
// proved by parsing the text again.
#pragma once

#include "base/error.h"
#include "model/ids.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::config {

struct SettingEdit {
  std::optional<model::ServerId> server;  // none = of the whole ensemble
  std::string key;
  std::string value;
  bool operator==(const SettingEdit&) const = default;
};

// The text with the settings changed or added; the same text when it says so already. `path` is
// for messages. What a value may be is judged by loading the text. Errors: kFailedPrecondition
// "config.not_editable" with the position.
[[nodiscard]] base::Result<std::string> EditSettings(std::string_view text,
                                                     const std::string& path,
                                                     const std::vector<SettingEdit>& edits);

// Edits the file; see WriteEdited in yaml_edit.h.
[[nodiscard]] base::Status EditSettingsInFile(const std::string& path,
                                              std::string_view expected,
                                              const std::vector<SettingEdit>& edits);

}  // namespace zoowarden::config
