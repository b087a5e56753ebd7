// Which zoo.cfg settings people may set, and which lines Zoowarden writes itself. One rule for
// every way a setting can come in: ensemble.yaml, a plugin, a call over the wire. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::model {

// Why this setting is refused, or nullopt: keys that are owned (membership, ports, directories,
// each with the place it comes from), keys that are no property names, values with control
// characters or outer spaces (zoo.cfg is a Java properties file: a line break in a value is another
// setting).
[[nodiscard]] std::optional<std::string> SettingProblem(std::string_view key,
                                                        std::string_view value);

// What every release line reads with Integer.parseInt, and does not start without.
inline constexpr std::array<std::string_view, 11> kNumberSettings = {"clientPort",
                                                                     "tickTime",
                                                                     "maxClientCnxns",
                                                                     "minSessionTimeout",
                                                                     "maxSessionTimeout",
                                                                     "initLimit",
                                                                     "syncLimit",
                                                                     "electionAlg",
                                                                     "autopurge.snapRetainCount",
                                                                     "autopurge.purgeInterval",
                                                                     "quorum.cnxn.threads.size"};

// With which value ZooKeeper would not start, whatever stands around it: "must be a whole number,
// not 'fast'", or nullopt. For people's files; kKeptOnServer passes.
[[nodiscard]] std::optional<std::string> SettingValueProblem(std::string_view key,
                                                             std::string_view value);

// The documented setting that `key` is probably a misspelling of. ZooKeeper takes any unknown key
// as a Java system property and says nothing, so this is a warning, never a refusal.
[[nodiscard]] std::optional<std::string> ProbablyMeantSetting(std::string_view key);

}  // namespace zoowarden::model
