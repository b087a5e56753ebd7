#include "controller/cli/named_agents.h"

#include "base/text.h"

#include <algorithm>

namespace zoowarden::controller {

namespace {

std::vector<model::ServerSpec>::iterator FindId(std::vector<model::ServerSpec>& servers,
                                                model::ServerId id) {
  return std::find_if(
      servers.begin(), servers.end(), [id](const model::ServerSpec& s) { return s.id == id; });
}

struct Silent {
  std::string address;
  std::string why;
};

// The servers whose agents answer, and the agents that do not.
struct Answering {
  model::EnsembleSpec spec;
  std::vector<Silent> silent;
};

base::Result<Answering> AskWhoTheyAre(Context& context, const std::vector<AgentAt>& agents) {
  ZW_ASSIGN(const auto pki, context.PkiDirectory());
  ZW_ASSIGN(
      const auto connected,
      context.world().connect_foreign({.agents = agents, .pki = pki, .crl = context.CrlFile()}));
  const auto answers = connected.servers->Identify();
  Answering answering{.spec = {.name = connected.ensemble}};
  auto& servers = answering.spec.servers;
  for (std::size_t i = 0; i < agents.size(); ++i) {
    if (!answers[i]) {
      answering.silent.push_back({agents[i].address, answers[i].error().message()});
      continue;
    }
    if (const auto same = FindId(servers, *answers[i]); same != servers.end()) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "usage.bad_value",
                        "--agents names server " + ToString(*answers[i]) +
                            " twice: " + same->agent + " and " + agents[i].address);
    }
    servers.push_back({.id = *answers[i], .host = "", .agent = agents[i].address});
  }
  if (servers.empty()) {
    std::string why;
    for (const auto& agent : answering.silent) {
      why += (why.empty() ? "" : "; ") + agent.why;
    }
    return base::Fail(base::ErrorCode::kUnavailable,
                      "agents.none_answers",
                      "none of the agents in --agents answers (" + why + "); start or reach them");
  }
  return answering;
}

// Servers of a run whose agents do not answer, by the addresses that were named.
void AddFromRun(const RunFile& run, Answering& answering) {
  auto& servers = answering.spec.servers;
  for (const auto& server : run.spec.servers) {
    const bool named = std::erase_if(answering.silent, [&](const Silent& agent) {
                         return agent.address == server.agent;
                       }) > 0;
    if (named && FindId(servers, server.id) == servers.end()) {
      servers.push_back({.id = server.id, .host = "", .agent = server.agent});
    }
  }
}

base::Result<Connected> ConnectTo(Context& context, const model::EnsembleSpec& spec) {
  ZW_ASSIGN(const auto pki, context.PkiDirectory());
  return context.world().connect({.spec = spec, .pki = pki, .crl = context.CrlFile()});
}

base::Result<std::shared_ptr<Agents>> ConnectToNamed(Context& context, Answering& answering) {
  ZW_ASSIGN(auto connected, ConnectTo(context, answering.spec));
  if (answering.silent.empty()) {
    return connected.agents;
  }
  const auto before = answering.spec.servers.size();
  for (const auto& run : CollectRuns(nullptr, connected.agents.get()).runs) {
    AddFromRun(run.file, answering);
  }
  for (const auto& agent : answering.silent) {
    context.Warn(agent.why + "; it is left out, no record says which server it is of");
  }
  if (answering.spec.servers.size() > before) {
    ZW_ASSIGN(connected, ConnectTo(context, answering.spec));
  }
  return connected.agents;
}

}  // namespace

base::Result<std::vector<AgentAt>> ParseAgents(const std::string& list) {
  std::vector<AgentAt> agents;
  for (const std::string_view part : base::Split(list, ',')) {
    const std::string address(base::Trim(part));
    const auto colon = address.rfind(':');
    const auto port = colon == std::string::npos
                          ? std::nullopt
                          : base::ParseUnsigned(std::string_view(address).substr(colon + 1));
    if (!port || *port == 0 || *port > UINT16_MAX || colon == 0) {
      return base::Fail(
          base::ErrorCode::kInvalidArgument,
          "usage.bad_value",
          "--agents needs HOST:PORT,HOST:PORT,…; '" + base::Printable(address, 80) + "' is none");
    }
    if (std::any_of(agents.begin(), agents.end(), [&](const AgentAt& other) {
          return other.address == address;
        })) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "usage.bad_value",
                        "--agents names " + base::Printable(address, 80) + " twice");
    }
    agents.push_back({.address = address, .id = std::nullopt});
  }
  return agents;
}

Option AgentsOption(std::optional<std::string>& target) {
  return {.name = "--agents",
          .value_name = "LIST",
          .help = "HOST:PORT,HOST:PORT,… of all agents, on a machine that has no ensemble.yaml",
          .target = &target};
}

base::Result<Records> OpenRecordsOf(Context& context, const std::optional<std::string>& list) {
  if (!list) {
    return OpenRecords(context);
  }
  ZW_ASSIGN(const auto agents, ParseAgents(*list));
  ZW_ASSIGN(auto answering, AskWhoTheyAre(context, agents));
  Records records;
  ZW_ASSIGN(records.agents, ConnectToNamed(context, answering));
  ZW_ASSIGN(records.journal, OpenJournalToRead(context, answering.spec.name));
  return records;
}

}  // namespace zoowarden::controller
