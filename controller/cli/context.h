// What every command gets: the global flags, the console, and the world behind injected factories.
//
// One thread. Output rules live here: data goes to stdout in the form that -o asks for, everything
// said to a person goes to stderr, and with -o json an error is an object on stdout as well.
#pragma once

#include "base/error.h"
#include "config/ensemble_file.h"
#include "controller/agents/certificate_calls.h"
#include "controller/agents/step_watch.h"
#include "controller/agents/upload.h"
#include "controller/cli/console.h"
#include "controller/cli/document.h"
#include "controller/cli/exit_codes.h"
#include "controller/cli/interrupt.h"
#include "controller/run/agents.h"
#include "controller/run/checks.h"
#include "controller/run/fleet_agents.h"
#include "controller/run/foreign_servers.h"
#include "controller/run/hooks.h"
#include "controller/run/release_agents.h"
#include "controller/run/write_stream.h"
#include "pki/x509.h"
#include "sys/clock.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

class TreeAgents;  // controller/run/tree_agents.h

struct GlobalFlags {
  std::optional<std::string> ensemble;
  std::optional<std::string> pki;
  std::optional<std::string> state;
  std::optional<std::string> crl;
  std::string output = "table";  // table, json, yaml
  bool yes = false;
  bool no_color = false;
  bool verbose = false;
};

// Those that decide which ensemble is meant and by whom, as they are typed.
[[nodiscard]] std::vector<std::string> WordsOf(const GlobalFlags& flags);

// The agents of an ensemble, and the certificate that speaks to them.
struct Connected {
  std::shared_ptr<Agents> agents;
  std::string identity;  // "zoowarden://lab/operator"
  std::string ensemble;  // "lab", of the identity
  pki::UnixTime not_after{0};
  pki::UnixTime ca_not_after{0};
  std::shared_ptr<CertificateCalls> certificates;
  std::shared_ptr<ReleaseAgents> releases;
  std::shared_ptr<TreeAgents> trees;
  std::shared_ptr<WriteStream> writes;  // begins with the first run
};

struct ConnectRequest {
  const model::EnsembleSpec& spec;
  std::filesystem::path pki;  // holds ca.pem, cert.pem and key.pem
  std::filesystem::path crl;  // the agents' certificates are judged by it; empty = by none
  // Told while a run goes on, in the caller's thread; may be empty.
  std::function<void(const UploadProgress&)> on_upload;
  std::function<void(const StepEvent&)> on_step;
};

// Agents of servers that Zoowarden did not install; the ensemble is the certificate's.
struct ConnectForeign {
  std::vector<AgentAt> agents;
  std::filesystem::path pki;
  std::filesystem::path crl;
};
struct ConnectedForeign {
  std::shared_ptr<ForeignServers> servers;
  std::string ensemble;
};

// This program once more, in a process that outlives its caller.
struct DetachRequest {
  std::vector<std::string> words;  // of its command line
  std::string name;                // of its unit, where it gets one
  std::filesystem::path log;
};
struct Detached {
  std::int64_t pid = 0;
  std::string unit;             // empty = a session of its own
  std::function<bool()> ended;  // whether the process has gone
  // After its end; none where this process is not its parent.
  std::function<std::optional<int>()> exit_code = [] { return std::nullopt; };
  std::function<void()> interrupt = [] {};  // SIGINT to the process alone
  std::string process;  // for `find_detached`, on this machine until it is booted again
};

struct World {
  sys::Clock& clock;
  CheckRunner& checks;
  HookRunner& hooks;
  std::function<base::Result<Connected>(const ConnectRequest&)> connect;
  std::function<base::Result<ConnectedForeign>(const ConnectForeign&)> connect_foreign;
  // From its call on Ctrl-C does not end the program; the result tells whether it was pressed.
  std::function<std::function<bool()>(const InterruptWords& words)> watch_interrupt;
  std::function<std::uint32_t()> random;
  std::function<base::Result<Detached>(const DetachRequest&)> detach;
  // The process of that name (Detached::process); nullopt when it has gone.
  std::function<std::optional<Detached>(const std::string&)> find_detached;
  // The process of this program and user that was begun with these words, one after the other.
  std::function<std::optional<Detached>(const std::vector<std::string>&)> find_begun_with;
  // The agents of many ensembles, to be asked together; an ensemble that cannot be connected to has
  // its error in every answer.
  std::function<std::shared_ptr<FleetAgents>(const std::vector<ConnectRequest>&)> connect_fleet;
  std::vector<std::filesystem::path> plugin_directories;
};

class Context {
 public:
  Context(GlobalFlags& flags, Console& console, World& world)
      : flags_(flags), console_(console), world_(world) {}

  [[nodiscard]] const GlobalFlags& flags() const { return flags_; }
  [[nodiscard]] Console& console() { return console_; }
  [[nodiscard]] World& world() { return world_; }

  // Flag, then environment, then the default; see `zoowarden help environment`.
  [[nodiscard]] base::Result<std::string> EnsemblePath() const;
  [[nodiscard]] base::Result<std::filesystem::path> PkiDirectory() const;
  [[nodiscard]] std::filesystem::path CrlFile() const;  // empty = none is named
  [[nodiscard]] base::Result<std::filesystem::path> StateDirectory(
      const std::string& ensemble) const;

  [[nodiscard]] bool structured() const { return flags_.output != "table"; }
  // With -o json or yaml the document, else the text.
  void Print(const Document& document, const std::string& text);
  // A line for a person, on stderr.
  void Say(const std::string& line);
  void Warn(const std::string& text);

  // Says the error with its next action, on stderr only.
  void SayError(const base::Error& error);
  // The same, and the error object in structured output; gives the exit code.
  [[nodiscard]] ExitCode Fail(const base::Error& error);

  // --yes, or a "y" at a terminal. Off a terminal: kInvalidArgument "usage.needs_yes".
  [[nodiscard]] base::Result<bool> Confirm(const std::string& question);

 private:
  GlobalFlags& flags_;
  Console& console_;
  World& world_;
};

}  // namespace zoowarden::controller
