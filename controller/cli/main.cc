// The program `zoowarden`: the real console, clock, signals and connections around RunProgramLine.

#include "base/log.h"
#include "base/text.h"
#include "controller/agents/grpc_agents.h"
#include "controller/agents/grpc_fleet.h"
#include "controller/agents/grpc_foreign_servers.h"
#include "controller/cli/commands.h"
#include "controller/cli/interrupt.h"
#include "controller/cli/start_again.h"
#include "controller/run/checks.h"
#include "pki/live_credentials.h"
#include "rpc/channel.h"
#include "rpc/tls.h"
#include "sys/clock.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace zoowarden::controller {
namespace {

// Looks at the operator's files once a second for as long as somebody is connected: a run may
// outlive a certificate.
class Following {
 public:
  explicit Following(std::shared_ptr<pki::LiveCredentials> own)
      : own_(std::move(own)), thread_([this](const std::stop_token& stop) { Follow(stop); }) {}

 private:
  void Follow(const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    while (!wake_.wait_for(
        lock, stop, std::chrono::seconds(1), [&] { return stop.stop_requested(); })) {
      own_->Refresh();
    }
  }

  std::shared_ptr<pki::LiveCredentials> own_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it ends before what it uses
};

// The operator's own certificate, and what judges those of agents by it.
struct Identity {
  std::shared_ptr<pki::LiveCredentials> own;
  std::shared_ptr<pki::PeerJudge> judge;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
};

// A list that cannot be used would refuse every agent: a mistake made here, not theirs. It may well
// name this certificate.
base::Status CheckList(pki::PeerJudge& judge, const std::string& own_certificate) {
  auto own = judge.Judge(own_certificate);
  if (own || !pki::PeerJudge::IsUnusableCrl(own.error())) {
    return own;
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "usage.bad_crl",
                    "no agent is asked with this --crl or ZOOWARDEN_CRL: " + own.error().message());
}

base::Result<Identity> LoadIdentity(const std::filesystem::path& directory,
                                    const std::filesystem::path& crl,
                                    sys::Clock& clock) {
  auto loaded = pki::LiveCredentials::Load(pki::FilesIn(directory), clock);
  if (!loaded) {
    const auto& error = loaded.error();
    if (error.Is(base::ErrorCode::kNotFound)) {
      return base::Fail(base::ErrorCode::kNotFound,
                        "pki.no_identity",
                        "no certificate to show the agents: " + error.message());
    }
    return base::Fail(error);
  }
  Identity identity{.own = *std::move(loaded)};
  identity.judge = std::make_shared<pki::PeerJudge>(identity.own->Get()->ca_pem, crl, clock);
  ZW_TRY(CheckList(*identity.judge, identity.own->Get()->certificate_pem));
  identity.credentials = rpc::MakeChannelCredentials(identity.own, identity.judge);
  return identity;
}

base::Result<ConnectedForeign> ConnectToForeign(const ConnectForeign& request, sys::Clock& clock) {
  ZW_ASSIGN(const auto identity, LoadIdentity(request.pki, request.crl, clock));
  const std::string ensemble = identity.own->Get()->identity.ensemble;
  const auto& credentials = identity.credentials;
  std::vector<ForeignConnection> connections;
  for (const AgentAt& agent : request.agents) {
    connections.push_back(
        {.agent = agent,
         .channel = agent.id ? rpc::MakeChannel(agent.address,
                                                pki::AgentIdentity(ensemble, agent.id->value),
                                                credentials)
                             : rpc::MakeChannelToAnyAgent(agent.address, ensemble, credentials),
         .ca = pki::FilesIn(request.pki).ca});
  }
  return ConnectedForeign{.servers = MakeGrpcForeignServers(ensemble, std::move(connections)),
                          .ensemble = ensemble};
}

// Agents of its own, because GrpcAgents are for one caller at a time; made when it first writes.
std::shared_ptr<WriteStream> MakeWrites(const GrpcAgentsOptions& options, sys::Clock& clock) {
  const auto agents = std::make_shared<std::optional<GrpcAgents>>();
  return std::make_shared<ThreadedWriteStream>(
      [agents, options](
          model::ServerId server, const RunIdentity& run, std::chrono::milliseconds deadline) {
        if (!*agents) {
          agents->emplace(options);
        }
        return (*agents)->CommitCanary(server, run, deadline, "");
      },
      clock);
}

base::Result<Connected> ConnectToAgents(const ConnectRequest& request, sys::Clock& clock) {
  ZW_ASSIGN(const auto identity, LoadIdentity(request.pki, request.crl, clock));
  const auto present = identity.own->Get();
  const auto judge = identity.judge;
  const auto credentials = identity.credentials;
  identity.own->Follow([judge](const pki::Credentials& now) { judge->Trust(now.ca_pem); });
  const auto following = std::make_shared<Following>(identity.own);
  GrpcAgentsOptions options{.ensemble = request.spec.name, .servers = request.spec.servers};
  options.channel = [credentials, name = request.spec.name](const model::ServerSpec& server) {
    return rpc::MakeChannel(server.agent, pki::AgentIdentity(name, server.id.value), credentials);
  };
  options.judge = [judge, following](const std::string& certificate) {
    return judge->Judge(certificate);
  };
  options.own_is_good = [judge, own = identity.own] {
    return judge->Judge(own->Get()->certificate_pem).has_value();
  };
  options.ca = pki::FilesIn(request.pki).ca;
  auto writes = MakeWrites(options, clock);
  options.on_upload = request.on_upload;
  options.on_step = request.on_step;
  auto agents = std::make_shared<GrpcAgents>(std::move(options));
  return Connected{.agents = agents,
                   .identity = present->identity.ToUri(),
                   .ensemble = present->identity.ensemble,
                   .not_after = present->info.not_after,
                   .ca_not_after = present->ca_not_after,
                   .certificates = agents,
                   .releases = agents,
                   .trees = agents,
                   .writes = writes};
}

// Answers are judged by the certificates of now; one question is too short for them to change.
base::Result<GrpcAgentsOptions> FleetOptions(const ConnectRequest& request, sys::Clock& clock) {
  ZW_ASSIGN(const auto identity, LoadIdentity(request.pki, request.crl, clock));
  const std::string own = identity.own->Get()->identity.ensemble;
  if (own != request.spec.name) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "config.other_ensemble",
                      "the certificate in " + request.pki.native() + " is of ensemble '" + own +
                          "'; name that of '" + request.spec.name + "' with pki: in fleet.yaml");
  }
  GrpcAgentsOptions options{.ensemble = own, .servers = request.spec.servers};
  options.channel = [credentials = identity.credentials, own](const model::ServerSpec& server) {
    return rpc::MakeChannel(server.agent, pki::AgentIdentity(own, server.id.value), credentials);
  };
  options.judge = [judge = identity.judge](const std::string& certificate) {
    return judge->Judge(certificate);
  };
  options.ca = pki::FilesIn(request.pki).ca;
  return options;
}

std::shared_ptr<FleetAgents> ConnectToFleet(const std::vector<ConnectRequest>& requests,
                                            sys::Clock& clock) {
  std::vector<base::Result<GrpcAgentsOptions>> ensembles;
  ensembles.reserve(requests.size());
  for (const auto& request : requests) {
    ensembles.push_back(FleetOptions(request, clock));
  }
  auto fleet = MakeGrpcFleet(std::move(ensembles));
  // To close a thousand connections one after the other takes half a second; the kernel closes
  // those of a process that ends at once.
  static auto* const open = new std::vector<std::shared_ptr<FleetAgents>>();
  open->push_back(fleet);
  return fleet;
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
  SubprocessHookRunner hooks;
  auto console = ProcessConsole();
  World world{
      .clock = clock,
      .checks = checks,
      .hooks = hooks,
      .connect = [&clock](const ConnectRequest& r) { return ConnectToAgents(r, clock); },
      .connect_foreign = [&clock](const ConnectForeign& r) { return ConnectToForeign(r, clock); },
      .watch_interrupt =
          [](const InterruptWords& said) {
            auto interrupt = std::make_shared<Interrupt>(said);
            return [interrupt] { return interrupt->requested(); };
          },
      .random = [] { return std::random_device()(); },
      .detach = StartAgain,
      .find_detached = FindStarted,
      .find_begun_with = FindStartedWith,
      .connect_fleet = [&clock](const auto& all) { return ConnectToFleet(all, clock); },
      .plugin_directories = PluginDirectories()};
  return RunProgramLine(words, console, world);
}

}  // namespace
}  // namespace zoowarden::controller

// Errors are values here; what a library throws all the same is an error, and no crash. A run that
// was under way stays open, and its lease lapses.
int main(int argc, char** argv) {
  int code = static_cast<int>(zoowarden::controller::ExitCode::kError);
  try {
    code = zoowarden::controller::Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::cerr << "error: unexpected: " << zoowarden::base::Printable(error.what()) << '\n';
  }
  // gRPC's threads may still use what static destructors would take down.
  std::cout.flush();
  std::cerr.flush();
  std::_Exit(code);
}
