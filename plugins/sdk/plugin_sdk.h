// What a plugin written in C++ needs: the request read, the answer written, the protocol kept.
//
//   int main() { return zoowarden::plugin_sdk::Serve(Settings); }
//
// A plugin is one process a call. Stdout belongs to the protocol; say things to people on stderr.
// Protocol version 1; docs/plugins.md is the contract.
#pragma once

#include "base/error.h"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace zoowarden::plugin_sdk {

struct Request {
  std::string ensemble;
  std::chrono::milliseconds deadline{0};  // from the start of the plugin
  std::string path;                       // option `path`, absolute; empty = not given
  std::vector<std::string> command;       // option `command`; empty = not given
};

struct Value {
  std::string value;
  std::string origin;  // where it was found, for people: "common.yaml:3:11"
};
using Settings = std::map<std::string, Value>;

// Reads the request on stdin, calls `settings`, writes its settings or its error to stdout. Returns
// the exit code: 0 when an answer was written, also when that is an error; 2 when the request is
// not one of this protocol.
[[nodiscard]] int Serve(const std::function<base::Result<Settings>(const Request&)>& settings);

}  // namespace zoowarden::plugin_sdk
