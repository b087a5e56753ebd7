#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/driving.h"
#include "controller/cli/import_file.h"
#include "controller/run/lease.h"
#include "controller/run/prepare.h"
#include "model/secrets.h"

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

using Servers = std::vector<FoundServer>;

base::Result<Servers> LookAtAll(ForeignServers& foreign, const model::EnsembleSpec& spec) {
  Servers servers;
  auto answers = foreign.Discover();
  for (std::size_t i = 0; i < spec.servers.size(); ++i) {
    ZW_ASSIGN(auto answer, std::move(answers[i]));
    servers.push_back({.agent = spec.servers[i].agent, .found = std::move(answer)});
  }
  return servers;
}

void CompareSettings(const model::Settings& here,
                     const model::Settings& there,
                     std::vector<std::string>& differences) {
  for (const auto& [key, value] : there) {
    const auto found = here.find(key);
    if (found == here.end()) {
      differences.push_back("setting " + key + " is missing in ensemble.yaml");
    } else if (found->second != value) {
      const bool secret = model::IsSecretKey(key);
      differences.push_back(
          "setting " + key + " is " + (secret ? "a secret" : value) +
          " on the server and ensemble.yaml says " +
          (secret ? "another value than " + std::string(model::kKeptOnServer) : found->second));
    }
  }
  for (const auto& [key, value] : here) {
    if (!there.contains(key)) {
      differences.push_back("setting " + key + " is not set on the server");
    }
  }
}

// In words what the digests say in one number.
base::Error Differs(const model::EnsembleSpec& spec, const FoundServer& server) {
  std::vector<std::string> differences;
  const auto& found = server.found;
  if (spec.release.version != found.version) {
    differences.push_back("it runs " + found.version->ToString());
  }
  const auto* declared = model::FindServer(spec, found.id);
  CompareSettings(model::SettingsOf(spec, *declared), found.configuration.settings, differences);
  if (spec.config.java != found.configuration.java) {
    differences.emplace_back("config.java is not what its JVM was started with");
  }
  if (!spec.config.files.empty()) {
    differences.emplace_back("config.files is to be empty until the first upgrade");
  }
  return {base::ErrorCode::kFailedPrecondition,
          "adopt.differs",
          "server " + model::ToString(found.id) +
              " runs with something else than ensemble.yaml says: " +
              base::Join(differences, "; ") + "; import again, and change it after the adoption"};
}

base::Status CheckAll(const model::EnsembleSpec& spec, const Servers& servers) {
  if (spec.release.sha512 != model::kAdoptedRelease) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "adopt.has_release",
                      "ensemble.yaml names an archive; what runs already is `sha512: adopted`, as "
                      "`zoowarden import` writes it");
  }
  ZW_TRY(CheckOneEnsemble(servers));
  const auto wanted = WantedGenerations(spec);
  for (const FoundServer& server : servers) {
    if (GenerationOf(server.found) != wanted.at(server.found.id)) {
      return base::Fail(Differs(spec, server));
    }
  }
  return base::Ok();
}

base::Status AdoptAll(ForeignServers& foreign, const RunIdentity& run, const Servers& servers) {
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto& found = servers[i].found;
    const auto adopted = foreign.Adopt(i,
                                       run,
                                       {.pid = found.process->pid,
                                        .start_time = found.process->start_time,
                                        .digest = GenerationOf(found).digest});
    if (!adopted) {
      return base::Fail(
          adopted.error().WithContext(std::to_string(i) + " of " + std::to_string(servers.size()) +
                                      " servers are adopted, `zoowarden adopt` goes on"));
    }
  }
  return base::Ok();
}

base::Status AdoptFenced(Context& context,
                         const config::LoadedEnsemble& file,
                         ForeignServers& foreign,
                         const Servers& servers) {
  auto& world = context.world();
  ZW_ASSIGN(const auto connected, Connect(context, file));
  const auto run_id = "adopt-" + MakeRunId(world.clock.WallTime().count(), world.random());
  ZW_ASSIGN(
      const auto run,
      AcquireRun(*connected.agents,
                 world.clock,
                 {.run_id = run_id, .holder = HolderOf(context, connected.identity, run_id)}));
  auto adopted = AdoptAll(foreign, run, servers);
  static_cast<void>(connected.agents->Release(run));
  return adopted;
}

base::Result<bool> AdoptEnsemble(Context& context) {
  ZW_ASSIGN(const auto desired, LoadDesired(context));
  const auto& spec = desired.spec;
  ZW_ASSIGN(const auto pki, context.PkiDirectory());
  ConnectForeign request{.pki = pki, .crl = context.CrlFile()};
  for (const auto& server : spec.servers) {
    request.agents.push_back({.address = server.agent, .id = server.id});
  }
  ZW_ASSIGN(const auto connected, context.world().connect_foreign(request));
  ZW_TRY(CheckEnsemble(desired.file, connected.ensemble, pki));
  ZW_ASSIGN(const auto servers, LookAtAll(*connected.servers, spec));
  ZW_TRY(CheckAll(spec, servers));
  ZW_ASSIGN(const bool go_ahead,
            context.Confirm("take over the " + std::to_string(servers.size()) +
                            " servers of ensemble " + spec.name + " as they run?"));
  if (go_ahead) {
    ZW_TRY(AdoptFenced(context, desired.file, *connected.servers, servers));
  }
  return go_ahead;
}

ExitCode Adopt(Context& context) {
  const auto adopted = AdoptEnsemble(context);
  if (!adopted) {
    return context.Fail(adopted.error());
  }
  context.Print(Document::Map({{"schema_version", 1}, {"adopted", *adopted}}),
                *adopted ? "adopted; nothing was restarted\n" : "nothing was done\n");
  return ExitCode::kOk;
}

}  // namespace

Command AdoptCommand() {
  return {.name = "adopt",
          .summary = "take over an ensemble that runs already, as it is; restarts nothing",
          .examples = {{"zoowarden adopt", "after `zoowarden import > ensemble.yaml`"}},
          .details =
              "Each agent describes what runs on its server as generation 0, to which a rollback "
              "returns exactly. Refused when a server runs with anything else than ensemble.yaml "
              "says. Repeatable.",
          .options = {},
          .run = Adopt};
}

}  // namespace zoowarden::controller
