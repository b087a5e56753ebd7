#include "controller/cli/commands.h"
#include "controller/cli/import_file.h"
#include "controller/cli/named_agents.h"

#include <memory>

namespace zoowarden::controller {

namespace {

base::Result<std::vector<FoundServer>> AskAll(ForeignServers& servers,
                                              const std::vector<AgentAt>& agents) {
  std::vector<FoundServer> found;
  auto answers = servers.Discover();
  for (std::size_t i = 0; i < agents.size(); ++i) {
    ZW_ASSIGN(auto answer, std::move(answers[i]));
    found.push_back({.agent = agents[i].address, .found = std::move(answer)});
  }
  return found;
}

Document DocumentOf(const std::string& text, const std::vector<FoundServer>& servers) {
  Document notes{Document::List()};
  for (const FoundServer& server : servers) {
    for (const std::string& note : server.found.notes) {
      notes.Add(Document::Map({{"server", server.found.id.value}, {"text", note}}));
    }
  }
  return Document::Map(
      {{"schema_version", 1}, {"ensemble_yaml", text}, {"notes", std::move(notes)}});
}

ExitCode Import(Context& context, const std::string& list) {
  const auto agents = ParseAgents(list);
  if (!agents) {
    return context.Fail(agents.error());
  }
  const auto pki = context.PkiDirectory();
  if (!pki) {
    return context.Fail(pki.error());
  }
  const auto connected =
      context.world().connect_foreign({.agents = *agents, .pki = *pki, .crl = context.CrlFile()});
  if (!connected) {
    return context.Fail(connected.error());
  }
  const auto found = AskAll(*connected->servers, *agents);
  if (!found) {
    return context.Fail(found.error());
  }
  if (const auto one = CheckOneEnsemble(*found); !one) {
    return context.Fail(one.error());
  }
  const auto text = ComposeEnsembleFile(connected->ensemble, *found);
  if (!text) {
    return context.Fail(text.error());
  }
  for (const FoundServer& server : *found) {
    for (const std::string& note : server.found.notes) {
      context.Warn("server " + model::ToString(server.found.id) + ": " + note);
    }
  }
  context.Print(DocumentOf(*text, *found), *text);
  context.Say("next: read the file, then `zoowarden adopt`; it restarts nothing");
  return ExitCode::kOk;
}

}  // namespace

Command ImportCommand() {
  auto agents = std::make_shared<std::string>();
  return {.name = "import",
          .summary = "write ensemble.yaml from an ensemble that runs already; changes nothing",
          .examples = {{"zoowarden import --agents zk1:7443,zk2:7443,zk3:7443 > ensemble.yaml",
                        "ask the agents of all members"}},
          .details =
              "Asks each agent what runs on its server and checks that they tell one ensemble. "
              "Values of secrets stay on the servers. What the file cannot say is said in comments "
              "and on stderr. With an error nothing is written.",
          .options = {{.name = "--agents",
                       .value_name = "HOST:PORT,…",
                       .help = "the agents of all members",
                       .target = agents.get(),
                       .required = true}},
          .run = [agents](Context& context) { return Import(context, *agents); }};
}

}  // namespace zoowarden::controller
