// zoowarden-agent: looks after one ZooKeeper server.
#include "agent/service/agent_core.h"
#include "agent/service/agent_version.h"
#include "agent/service/certificates.h"
#include "agent/service/enrolment.h"
#include "agent/service/first_installation.h"
#include "agent/service/own_directories.h"
#include "agent/service/services.h"
#include "agent/service/serving.h"
#include "agent/service/serving_journal.h"
#include "agent/service/serving_user.h"
#include "agent/service/surroundings.h"
#include "base/log.h"
#include "base/text.h"
#include "config/agent_file.h"
#include "config/ensemble_file.h"
#include "pki/live_credentials.h"
#include "rpc/server.h"
#include "sys/clock.h"
#include "sys/files.h"

#include <CLI/CLI.hpp>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace zoowarden::agent {
namespace {

constexpr int kExitError = 1;
constexpr int kExitUsage = 2;
constexpr int kExitOpen = 3;
constexpr std::chrono::milliseconds kGrace{1'000};

constexpr const char* kExamples = R"(Examples:
  zoowarden-agent --config /etc/zoowarden/agent.yaml            run the agent
  zoowarden-agent --config agent.yaml --check                   check files and keys, change nothing
  zoowarden-agent --config agent.yaml bootstrap \
      --archive apache-zookeeper-3.8.6-bin.tar.gz --signature apache-zookeeper-3.8.6-bin.tar.gz.asc \
      --ensemble-spec ensemble.yaml                             install and start the first generation
  zoowarden-agent enroll --config agent.yaml --token token --from ctl:7444
                                                                get a certificate, key made here
  zoowarden-agent open-operation --config agent.yaml            what a stopped agent would go on with
)";

struct Arguments {
  std::string config;
  bool check = false;
  Accepted accepted;
  std::string archive;
  std::string signature;
  std::string ensemble_spec;
  std::string token;
  std::string from;
};

int Fail(const base::Error& error, int code) {
  std::cerr << "zoowarden-agent: " << error.message() << '\n';
  return code;
}

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

base::Result<std::shared_ptr<pki::LiveCredentials>> Credentials(const config::AgentConfig& config,
                                                                sys::Clock& clock) {
  ZW_ASSIGN(auto own,
            pki::LiveCredentials::Load(
                {.ca = config.pki.ca, .certificate = config.pki.certificate, .key = config.pki.key},
                clock));
  const auto wanted = pki::AgentIdentity(config.ensemble, config.server.value);
  if (own->Get()->identity != wanted) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "agent.other_identity",
                      config.pki.certificate + " is for " + own->Get()->identity.ToUri() +
                          ", agent.yaml says " + wanted.ToUri() +
                          "; issue one with 'zoowarden pki issue --role agent --server " +
                          model::ToString(config.server) + "'");
  }
  return own;
}

// Half of them is what connections may hold (rpc/accept_limit.h): with the few that a login shell
// gives, clients that only connect would soon keep the others out.
void UseAllDescriptors() {
  constexpr rlim_t kFew = 4096;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < kFew) {
    base::LogWarn("descriptors=" + std::to_string(limit.rlim_max) +
                  " are few: raise LimitNOFILE of this service");
  }
}

int Serve(config::AgentConfig config,
          std::shared_ptr<pki::LiveCredentials> own,
          const Accepted& accepted,
          sys::Clock& clock) {
  UseAllDescriptors();
  const std::string listen = config.listen;
  const std::string server = model::ToString(config.server);
  Certificates certificates(config.pki, std::move(own), clock);
  auto core = AgentCore::Open(std::move(config), clock, accepted);
  if (!core) {
    return Fail(core.error(), kExitError);
  }
  Services services(**core, certificates);
  auto handle = rpc::StartServer(
      listen, certificates.own(), certificates.judge(), services.All(), AuditOfRefusals(**core));
  if (!handle) {
    return Fail(handle.error(), kExitError);
  }
  base::LogInfo("ready listen=" + handle->address() + " ensemble=" + (*core)->ensemble() +
                " server=" + server);
  const End end = ServeUntilEnd(**core, handle->address(), EndingSignals());
  handle->Stop(kGrace);
  return end == End::kAsked ? 0 : kExitError;
}

int Bootstrap(config::AgentConfig config, const Arguments& arguments, sys::Clock& clock) {
  auto ensemble = config::LoadEnsembleFile(arguments.ensemble_spec);
  if (!ensemble) {
    return Fail(ensemble.error(), kExitUsage);
  }
  const std::string server = model::ToString(config.server);
  const auto installed = InstallFirst(std::move(config),
                                      {.archive = arguments.archive,
                                       .signature = arguments.signature,
                                       .ensemble = std::move(ensemble->spec)},
                                      clock);
  if (!installed) {
    return Fail(installed.error(), kExitError);
  }
  std::cout << "server " << server << " is installed and its ZooKeeper runs: process "
            << installed->pid << ", generation " << installed->generation
            << "\nit serves once a quorum of the servers runs; see 'zoowarden status'\n";
  return 0;
}

base::Result<std::string> TokenOf(const Arguments& arguments) {
  constexpr std::size_t kMost = 4096;
  if (arguments.token.starts_with("zoowarden-token-")) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "enrol.bad_token",
                      "a token as an argument is seen by every user of this machine; put it into "
                      "a file of your own and name that, or give - and the token on stdin");
  }
  if (arguments.token != "-") {
    ZW_ASSIGN(const auto text, sys::ReadFile(arguments.token, kMost));
    return std::string(base::Trim(text));
  }
  std::string line;
  if (!std::getline(std::cin, line)) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        "enrol.bad_token",
        "there is no token on stdin; pipe what 'zoowarden pki token' printed into it");
  }
  return line;
}

int Enrol(const Arguments& arguments) {
  base::InitLog(base::LogLevel::kWarn);
  sys::RealClock clock;
  const auto config = config::LoadAgentFile(arguments.config, config::PkiFilesMust::kBeNamed);
  if (!config) {
    return Fail(config.error(), kExitUsage);
  }
  const auto token = TokenOf(arguments);
  if (!token) {
    return Fail(token.error(), kExitUsage);
  }
  const auto enrolled = EnrolServer(*config, *token, arguments.from, clock);
  if (!enrolled) {
    return Fail(enrolled.error(), kExitError);
  }
  std::cout << "enrolled as " << enrolled->uris.front() << ", serial " << enrolled->serial << '\n';
  return 0;
}

// Asked by the package's scripts, too: what this ends with is theirs to go by.
int TellOpenOperation(const Arguments& arguments) {
  base::InitLog(base::LogLevel::kWarn);
  const auto config = config::LoadAgentFile(arguments.config, config::PkiFilesMust::kBeNamed);
  if (!config) {
    return Fail(config.error(), kExitUsage);
  }
  const auto open = LookForOpenOperation(*config);
  if (!open) {
    return Fail(open.error(), kExitError);
  }
  const std::string server = "server " + model::ToString(config->server);
  if (!*open) {
    std::cout << server << ": no operation is open\n";
    return 0;
  }
  std::cout << server << ": operation " << base::Printable((*open)->operation_id) << " of run "
            << base::Printable((*open)->run_id) << " is open, in state "
            << base::Printable((*open)->state) << '\n';
  return kExitOpen;
}

// Root may look on behalf of an agent that serves as another user.
int Check(const config::AgentConfig& config, const std::string& name) {
  const uid_t user = ServingUser(config);
  const OwnDirectories own = LookAtOwnDirectories(config, user, LookAlso::kAtAllThatIsTrusted);
  for (const std::string& warning : own.warnings) {
    base::LogWarn(warning);
  }
  if (!own.sound) {
    return Fail(own.sound.error(), kExitError);
  }
  if (const auto surroundings = CheckSurroundings(config); !surroundings) {
    return Fail(surroundings.error(), kExitError);
  }
  const bool for_another = user != ::geteuid();
  std::cout << name << " is in order"
            << (for_another ? " for an agent that serves as " + NameOfUser(user) : "") << '\n';
  return 0;
}

int Run(const Arguments& arguments, bool bootstrap) {
  // Before any thread exists: only main waits for these.
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  base::InitLog(base::LogLevel::kInfo);
  sys::RealClock clock;
  auto config = config::LoadAgentFile(arguments.config);
  if (!config) {
    return Fail(config.error(), kExitUsage);
  }
  auto own = Credentials(*config, clock);
  if (!own) {
    return Fail(own.error(), kExitUsage);
  }
  if (arguments.check) {
    return Check(*config, arguments.config);
  }
  return bootstrap ? Bootstrap(*std::move(config), arguments, clock)
                   : Serve(*std::move(config), *std::move(own), arguments.accepted, clock);
}

}  // namespace
}  // namespace zoowarden::agent

namespace {

int Main(int argc, char** argv) {
  using namespace zoowarden::agent;  // NOLINT(google-build-using-namespace)
  Arguments arguments;
  CLI::App app("Looks after one ZooKeeper server.");
  app.footer(kExamples);
  app.set_version_flag("--version", std::string("zoowarden-agent ") + kAgentVersion);
  app.add_option("--config", arguments.config, "agent.yaml")->required();
  app.add_flag("--check", arguments.check, "check the configuration and end");
  app.add_flag("--accept-lost-journal",
               arguments.accepted.lost_journal,
               "the journal is gone for good and nothing was under way: begin a new one");
  app.add_flag("--accept-moved-data",
               arguments.accepted.moved_data,
               "the data was moved to another file system on purpose");
  auto* bootstrap = app.add_subcommand("bootstrap", "first installation of this server");
  bootstrap->add_option("--archive", arguments.archive, "the release")->required();
  bootstrap->add_option("--signature", arguments.signature, "its detached OpenPGP signature");
  bootstrap->add_option("--ensemble-spec", arguments.ensemble_spec, "ensemble.yaml")->required();
  auto* enroll = app.add_subcommand("enroll", "get this server's certificate for a one-time token");
  enroll->fallthrough();  // --config may stand behind it
  enroll
      ->add_option("--token",
                   arguments.token,
                   "the file that `zoowarden pki token --out` wrote; - reads it from stdin")
      ->required();
  enroll->add_option("--from", arguments.from, "HOST:PORT of `zoowarden pki serve`")->required();
  auto* open_operation = app.add_subcommand(
      "open-operation", "what this server's agent, stopped now, would go on with");
  open_operation->footer(
      "It ends with 0 when no operation is open, 3 when one is, 1 or 2 when "
      "that cannot be told.");
  open_operation->fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (open_operation->parsed()) {
    return TellOpenOperation(arguments);
  }
  return enroll->parsed() ? Enrol(arguments) : Run(arguments, bootstrap->parsed());
}

}  // namespace

// Errors are values here; what a library throws all the same ends the agent with words.
int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "zoowarden-agent: unexpected: " << zoowarden::base::Printable(error.what())
              << '\n';
    return zoowarden::agent::kExitError;
  }
}
