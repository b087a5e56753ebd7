// Plans many ensembles in one thread and prints how much processor time it took, as JSON: the
// planner alone, and with the digests of what every server shall run.
#include "config/digests.h"
#include "core/plan.h"

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace zoowarden {
namespace {

constexpr int kEnsembles = 2'000;
constexpr std::uint32_t kServers = 5;
constexpr int kRepeats = 9;

model::EnsembleSpec Spec(int number) {
  model::EnsembleSpec spec;
  spec.name = "ensemble-" + std::to_string(number);
  spec.release = {.version = {3, 9, 4},
                  .source = "/srv/releases/apache-zookeeper-3.9.4-bin.tar.gz",
                  .sha512 = std::string(128, 'a')};
  for (const char* key : {"tickTime",
                          "initLimit",
                          "syncLimit",
                          "snapCount",
                          "maxClientCnxns",
                          "autopurge.purgeInterval",
                          "autopurge.snapRetainCount",
                          "preAllocSize",
                          "globalOutstandingLimit",
                          "4lw.commands.whitelist"}) {
    spec.config.settings[key] = std::to_string(1000 + number);
  }
  spec.config.java = {.heap = "1g", .options = {"-XX:+UseG1GC"}};
  spec.config.files = {{.name = "logback.xml", .content = std::string(4'000, 'x')}};
  for (std::uint32_t id = 1; id <= kServers; ++id) {
    model::ServerSpec server;
    server.id = {id};
    server.host = "zk" + std::to_string(id) + ".ensemble-" + std::to_string(number) + ".example";
    server.agent = server.host + ":7443";
    spec.servers.push_back(server);
  }
  return spec;
}

// All on 3.8.4, with another configuration; one leads.
std::vector<model::MemberObservation> Seen(const model::EnsembleSpec& spec, int number) {
  const auto members = core::DeclaredMembers(spec);
  const auto leader = static_cast<std::uint32_t>(number) % kServers + 1;
  std::vector<model::MemberObservation> all;
  for (const auto& server : spec.servers) {
    model::MemberObservation seen;
    seen.id = server.id;
    seen.answered = true;
    seen.processes_visible = true;
    seen.process = model::Process{.pid = 4000, .start_time = 1, .generation = "0123456789abcdef"};
    seen.mode = server.id.value == leader ? model::Mode::kLeader : model::Mode::kFollower;
    seen.version = model::Version{3, 8, 4};
    seen.current = model::Generation{.digest = "0123456789abcdef",
                                     .version = {3, 8, 4},
                                     .release_sha512 = std::string(128, 'b'),
                                     .configuration_digest = std::string(64, 'c')};
    seen.settings = spec.config.settings;
    seen.client_port = server.client_port;
    seen.membership = model::Membership{.members = members, .source = "zoo.cfg"};
    seen.generations = {"0123456789abcdef"};
    all.push_back(std::move(seen));
  }
  return all;
}

std::map<model::ServerId, model::Generation> Wanted(const model::EnsembleSpec& spec) {
  std::map<model::ServerId, model::Generation> wanted;
  for (const auto& server : spec.servers) {
    auto configuration = spec.config;
    configuration.settings = model::SettingsOf(spec, server);
    const auto digest = config::ConfigurationDigest(configuration);
    const auto& [version, source, sha512, signature] = spec.release;
    wanted[server.id] = {.digest = config::GenerationDigest(version, sha512, digest),
                         .version = version,
                         .release_sha512 = sha512,
                         .configuration_digest = digest};
  }
  return wanted;
}

// Of processor time: what else runs on the machine does not count.
double MillisecondsSince(std::clock_t began) {
  return 1'000.0 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
}

void Print(const char* name, const std::vector<double>& values) {
  std::cout << "\"" << name << "\": [";
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::cout << (i == 0 ? "" : ", ") << values[i];
  }
  std::cout << "]";
}

int Main() {
  std::vector<core::PlanInput> inputs;
  for (int number = 0; number < kEnsembles; ++number) {
    const auto spec = Spec(number);
    inputs.push_back({.spec = spec, .wanted = Wanted(spec), .seen = Seen(spec, number)});
  }
  std::vector<double> planner;
  std::vector<double> with_digests;
  std::size_t steps = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    steps = 0;
    auto began = std::clock();
    for (const auto& input : inputs) {
      const auto plan = core::MakePlan(input);
      if (!plan.refusals.empty()) {
        std::cerr << "refused: " << plan.refusals.front().text << "\n";
        return EXIT_FAILURE;
      }
      steps += plan.steps.size();
    }
    planner.push_back(MillisecondsSince(began));
    began = std::clock();
    for (const auto& input : inputs) {
      const auto wanted = Wanted(input.spec);
      const auto plan = core::MakePlan(input);
      if (wanted != input.wanted || plan.steps.size() != kServers) {
        return EXIT_FAILURE;
      }
    }
    with_digests.push_back(MillisecondsSince(began));
  }
  std::cout << "{\"ensembles\": " << kEnsembles << ", \"servers\": " << kEnsembles * kServers
            << ", \"steps\": " << steps << ", ";
  Print("planner_ms", planner);
  std::cout << ", ";
  Print("with_digests_ms", with_digests);
  std::cout << "}\n";
  return steps == static_cast<std::size_t>(kEnsembles) * kServers ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace zoowarden

int main() { return zoowarden::Main(); }
