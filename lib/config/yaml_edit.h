// Changes of a YAML text that leave every other byte alone. The editors of ensemble.yaml prove what
// they did with these by parsing the text again. Shared by them, not for other components.
#pragma once

#include "base/error.h"
#include "config/yaml_tree.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace zoowarden::config {

using Node = std::shared_ptr<const YamlNode>;

[[nodiscard]] const YamlNode::Entry* FindEntry(const YamlNode& map, std::string_view key);

// kFailedPrecondition "config.not_editable" with the position; `by_hand` names what a person shall
// edit instead.
[[nodiscard]] base::Error NotEditable(const std::string& path,
                                      YamlPosition at,
                                      std::string_view why,
                                      std::string_view by_hand);

// Aliases and block scalars cannot be replaced. `note`: text behind the old value that goes away
// with it; may be empty.
[[nodiscard]] base::Status ReplaceScalar(std::string& text,
                                         const YamlNode& scalar,
                                         std::string_view value,
                                         std::string_view note);

// Adds "key: value" behind the last entry of the map whose value is plain text: on a line of its
// own in block style, behind a comma in flow. `value` is YAML already.
[[nodiscard]] base::Status InsertBehindScalar(std::string& text,
                                              const YamlNode& map,
                                              const std::string& key,
                                              std::string_view value);
// The same before the entry `before` of a block map.
[[nodiscard]] base::Status InsertBefore(std::string& text,
                                        const YamlNode::Entry& before,
                                        const std::string& key,
                                        std::string_view value);

// `value` as YAML: plain where that is enough and `quote` begins no quoted one.
[[nodiscard]] std::string Written(std::string_view value, char quote);
// How the scalar is quoted today, or its first character.
[[nodiscard]] char QuoteOf(std::string_view text, const YamlNode& scalar);

[[nodiscard]] bool SameTree(const YamlNode& a, const YamlNode& b);

// Replaces the file in one atomic write, mode kept. `expected` is the text that `edited` was made
// of: when a person has changed the file since, nothing is written (kAborted
// "config.changed_meanwhile", with `by_hand`). Idempotent.
[[nodiscard]] base::Status WriteEdited(const std::string& path,
                                       std::string_view expected,
                                       const std::string& edited,
                                       const std::string& by_hand);

}  // namespace zoowarden::config
