#include "tests/load/options.h"

#include <CLI/CLI.hpp>

namespace zoowarden::load {

std::optional<Options> ReadOptions(int argc, char** argv, int& exit_code) {
  Options options;
  CLI::App app("Writes to a ZooKeeper ensemble and checks that no acknowledged write is lost.");
  app.add_option("--hosts", options.hosts, "members, h:p,h:p,h:p")->required()->delimiter(',');
  app.add_option("--verify-hosts", options.verify_hosts, "members to read back (default: all)")
      ->delimiter(',');
  app.add_option("--clients", options.clients, "clients, each with a session of its own")
      ->check(CLI::Range(1, 100));
  app.add_option("--seconds", options.seconds, "how long to write")
      ->required()
      ->check(CLI::Range(1, 86'400));
  app.add_option("--json", options.json, "the file for the verdict")->required();
  app.add_option("--until-file", options.until_file, "end writing when this file appears");
  app.add_option("--auth", options.auth, "scheme:credentials, for example digest:user:password");
  app.add_option("--pause-ms", options.pause_ms, "pause of a client between operations")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--session-timeout-ms", options.session_timeout_ms, "asked of the servers")
      ->check(CLI::Range(1000, 120'000));
  app.add_option("--verify-seconds", options.verify_seconds, "how long a member may take to answer")
      ->check(CLI::Range(1, 3600));
  app.footer(
      "Exit codes: 0 nothing lost, 1 a write lost or a phantom seen, 2 usage, 3 not verified.\n"
      "SIGTERM or SIGINT ends the writing; everything is still read back.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  if (options.verify_hosts.empty()) {
    options.verify_hosts = options.hosts;
  }
  return options;
}

}  // namespace zoowarden::load
