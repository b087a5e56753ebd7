// The program `zoowarden`: the real console, clock, signals and connections around RunProgramLine.

#include "base/log.h"
#include "base/text.h"
#include "controller/agents/grpc_agents.h"
#include "controller/cli/commands.h"
#include "controller/cli/interrupt.h"
#include "controller/run/checks.h"
#include "pki/credentials.h"
#include "rpc/channel.h"
#include "rpc/tls.h"
#include "sys/clock.h"

#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace zoowarden::controller {
namespace {

base::Result<Connected> ConnectToAgents(const ConnectRequest& request, sys::Clock& clock) {
  auto loaded = pki::LoadCredentials(pki::FilesIn(request.pki), clock);
  if (!loaded) {
    const auto& error = loaded.error();
    if (error.Is(base::ErrorCode::kNotFound)) {
      return base::Fail(base::ErrorCode::kNotFound,
                        "pki.no_identity",
                        "no certificate to show the agents: " + error.message());
    }
    return base::Fail(error);
  }
  const auto judge = std::make_shared<pki::PeerJudge>(loaded->ca_pem, request.crl, clock);
  const auto credentials = rpc::MakeChannelCredentials(*loaded, judge);
  GrpcAgentsOptions options{.ensemble = request.spec.name, .servers = request.spec.servers};
  options.channel = [credentials, name = request.spec.name](const model::ServerSpec& server) {
    return rpc::MakeChannel(server.agent, pki::AgentIdentity(name, server.id.value), credentials);
  };
  options.judge = [judge](const std::string& certificate) { return judge->Judge(certificate); };
  options.on_upload = request.on_upload;
  options.on_step = request.on_step;
  auto agents = std::make_shared<GrpcAgents>(std::move(options));
  return Connected{.agents = agents,
                   .identity = loaded->identity.ToUri(),
                   .not_after = loaded->info.not_after,
                   .ca_not_after = loaded->ca_not_after,
                   .certificates = agents,
                   .releases = agents};
}

// Beside this program (a build tree), then where packages put them.
std::vector<std::filesystem::path> PluginDirectories() {
  std::error_code ignored;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  return {own, own.parent_path() / "lib" / "zoowarden" / "plugins", "/usr/lib/zoowarden/plugins"};
}

int Main(const std::vector<std::string>& words) {
  // What libraries log is noise at a command line, unless somebody looks for it.
  const bool verbose = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "-v" || word == "--verbose";
  });
  base::InitLog(verbose ? base::LogLevel::kInfo : base::LogLevel::kError);
  // `zoowarden upgrade | head` must not end the run in the middle of a step.
  std::signal(SIGPIPE, SIG_IGN);
  rpc::ForceTls13();
  sys::RealClock clock;
  SubprocessCheckRunner checks;
  auto console = ProcessConsole();
  World world{.clock = clock,
              .checks = checks,
              .connect = [&clock](const ConnectRequest& r) { return ConnectToAgents(r, clock); },
              .watch_interrupt =
                  [] {
                    auto interrupt = std::make_shared<Interrupt>();
                    return [interrupt] { return interrupt->requested(); };
                  },
              .random = [] { return std::random_device()(); },
              .plugin_directories = PluginDirectories()};
  return RunProgramLine(words, console, world);
}

}  // namespace
}  // namespace zoowarden::controller

// Errors are values here; what a library throws all the same is an error, and no crash. A run that
// was under way stays open, and its lease lapses.
int main(int argc, char** argv) {
  try {
    return zoowarden::controller::Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::cerr << "error: unexpected: " << zoowarden::base::Printable(error.what()) << '\n';
    return static_cast<int>(zoowarden::controller::ExitCode::kError);
  }
}
