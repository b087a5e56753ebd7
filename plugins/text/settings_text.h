// Settings written as text: a flat YAML map of `key: value`, or a JSON object, which is YAML too.
// Shared by the plugins that read a file and a program's output.
#pragma once

#include "base/error.h"
#include "plugins/sdk/plugin_sdk.h"

#include <string>
#include <string_view>

namespace zoowarden::plugin_text {

// `name` is what positions are told in: each origin is "name:line:column". Lists, maps and empty
// values are refused there; an empty text has no settings.
[[nodiscard]] base::Result<plugin_sdk::Settings> ReadSettingsText(std::string_view text,
                                                                  const std::string& name);

}  // namespace zoowarden::plugin_text
