// Many agents in one process, each with its own configuration, certificate, journal, services and
// port, as zoowarden-agent serves them: what `./x bench fleet` asks beside real agent processes.
//
// The words of the command line are agent.yaml files. Prints "ready" once all listen, and ends with
// SIGTERM.
#include "agent/service/agent_core.h"
#include "agent/service/certificates.h"
#include "agent/service/services.h"
#include "base/log.h"
#include "config/agent_file.h"
#include "pki/live_credentials.h"
#include "rpc/server.h"
#include "sys/clock.h"

#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::agent {
namespace {

struct Hosted {
  std::unique_ptr<Certificates> certificates;
  std::unique_ptr<AgentCore> core;
  std::unique_ptr<Services> services;
  std::optional<rpc::ServerHandle> handle;
};

base::Result<Hosted> Host(const std::string& file, sys::Clock& clock) {
  ZW_ASSIGN(auto config, config::LoadAgentFile(file));
  ZW_ASSIGN(auto own,
            pki::LiveCredentials::Load(
                {.ca = config.pki.ca, .certificate = config.pki.certificate, .key = config.pki.key},
                clock));
  const auto listen = config.listen;
  Hosted hosted;
  hosted.certificates = std::make_unique<Certificates>(config.pki, std::move(own), clock);
  ZW_ASSIGN(hosted.core, AgentCore::Open(std::move(config), clock, {}));
  hosted.services = std::make_unique<Services>(*hosted.core, *hosted.certificates);
  ZW_ASSIGN(hosted.handle,
            rpc::StartServer(listen,
                             hosted.certificates->own(),
                             hosted.certificates->judge(),
                             hosted.services->All(),
                             AuditOfRefusals(*hosted.core)));
  return hosted;
}

int Main(const std::vector<std::string>& files) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  base::InitLog(base::LogLevel::kWarn);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sys::RealClock clock;
  std::vector<Hosted> all;
  for (const auto& file : files) {
    auto hosted = Host(file, clock);
    if (!hosted) {
      std::cerr << file << ": " << hosted.error().message() << '\n';
      return EXIT_FAILURE;
    }
    all.push_back(*std::move(hosted));
  }
  std::cout << "ready" << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  std::_Exit(EXIT_SUCCESS);  // a hundred orderly ends are nobody's measurement
}

}  // namespace
}  // namespace zoowarden::agent

int main(int argc, char** argv) {
  return zoowarden::agent::Main(std::vector<std::string>(argv + 1, argv + argc));
}
