// The command line of zoowarden-lab-load.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::load {

struct Options {
  std::vector<std::string> hosts;
  std::vector<std::string> verify_hosts;  // = hosts when not given
  int clients = 6;
  int seconds = 30;
  std::string json;
  std::string until_file;
  std::string auth;
  int pause_ms = 5;
  int session_timeout_ms = 10'000;
  int verify_seconds = 60;
};

// The options, or nullopt with the exit code when help was printed or the line is wrong.
[[nodiscard]] std::optional<Options> ReadOptions(int argc, char** argv, int& exit_code);

}  // namespace zoowarden::load
