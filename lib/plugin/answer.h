// The texts of the plugin protocol, version 1: what a plugin is asked and what it may answer.
// Pure; docs/plugins.md is the contract. An answer is somebody else's text and is taken only whole:
// anything unexpected in it is a named error, never skipped.
#pragma once

#include "base/error.h"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::plugin {

inline constexpr int kProtocolVersion = 1;

struct SourceRequest {
  std::string ensemble;
  std::string path;                  // option `path`, absolute; empty = not given
  std::vector<std::string> command;  // option `command`; empty = not given
};

struct SourceValue {
  std::string value;
  std::string origin;  // where the plugin found it, for people: "vars/common.yaml:3:11"
  bool operator==(const SourceValue&) const = default;
};
using SourceValues = std::map<std::string, SourceValue>;

// One line of JSON. `deadline` tells the plugin how long it has.
[[nodiscard]] std::string WriteRequest(const SourceRequest& request,
                                       std::chrono::milliseconds deadline);

// The settings of the answer. Errors: kInternal `plugin.garbage` (no answer of this shape, with
// what is wrong), kFailedPrecondition `plugin.wrong_protocol`, kFailedPrecondition `plugin.refused`
// (the plugin's own words, made printable).
[[nodiscard]] base::Result<SourceValues> ReadAnswer(std::string_view text);

}  // namespace zoowarden::plugin
