#include "base/text.h"
#include "controller/cli/audit_heads.h"
#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/table.h"
#include "controller/cli/times.h"

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

using Rows = std::vector<journal::AuditRow>;

struct AuditOptions {
  std::optional<std::string> server;
};

struct Opened {
  model::EnsembleSpec spec;
  std::vector<model::ServerId> servers;  // the ones that were asked for
  Connected connected;
};

base::Result<Opened> Open(Context& context, const AuditOptions& options) {
  ZW_ASSIGN(const auto loaded, LoadEnsemble(context));
  Opened opened{.spec = loaded.spec};
  ZW_ASSIGN(opened.servers, OneOrAllServers(loaded.spec, options.server));
  ZW_ASSIGN(opened.connected, Connect(context, loaded));
  return opened;
}

std::string Outcome(const journal::AuditEntry& entry) {
  return entry.reason.empty() ? entry.code : entry.reason;
}

Document RowDocument(const journal::AuditRow& row) {
  const auto& entry = row.entry;
  return Document::Map({{"row", row.number},
                        {"time", Timestamp(std::chrono::milliseconds(entry.time_ms))},
                        {"time_ms", entry.time_ms},
                        {"caller", Document::TextOrNull(entry.caller)},
                        {"method", entry.method},
                        {"run", Document::TextOrNull(entry.run_id)},
                        {"epoch", entry.epoch},
                        {"operation", Document::TextOrNull(entry.operation_id)},
                        {"sequence", entry.sequence},
                        {"code", entry.code},
                        {"reason", Document::TextOrNull(entry.reason)},
                        {"detail", Document::TextOrNull(entry.detail)},
                        {"count", entry.count},
                        {"hash", row.hash}});
}

void AddTo(Table& table, model::ServerId server, const journal::AuditRow& row) {
  const auto& entry = row.entry;
  table.Add(
      {ToString(server),
       std::to_string(row.number),
       Timestamp(std::chrono::milliseconds(entry.time_ms)),
       entry.caller,
       entry.method,
       entry.run_id,
       entry.operation_id,
       entry.count == 1 ? Outcome(entry) : Outcome(entry) + " x" + std::to_string(entry.count),
       entry.detail});
}

ExitCode Show(Context& context, const AuditOptions& options) {
  const auto opened = Open(context, options);
  if (!opened) {
    return context.Fail(opened.error());
  }
  Table table({"SERVER", "ROW", "TIME", "CALLER", "METHOD", "RUN", "OPERATION", "OUTCOME", "WHAT"});
  Document servers{Document::List()};
  auto code = ExitCode::kOk;
  for (const auto server : opened->servers) {
    const auto rows = opened->connected.agents->GetAudit(server);
    if (!rows) {
      context.SayError(rows.error());
      code = ExitCodeOf(rows.error());
      continue;
    }
    Document list{Document::List()};
    for (const auto& row : *rows) {
      list.Add(RowDocument(row));
      AddTo(table, server, row);
    }
    servers.Add(Document::Map({{"id", server.value}, {"rows", std::move(list)}}));
  }
  context.Print(Document::Map({{"schema_version", 1}, {"servers", std::move(servers)}}),
                table.ToText());
  return code;
}

// Remembers a chain that verified; what was kept of another server, or of a broken one, stays.
base::Result<journal::AuditHead> VerifyServer(Agents& agents,
                                              model::ServerId server,
                                              AuditHeads& heads) {
  ZW_ASSIGN(const Rows rows, agents.GetAudit(server));
  const auto kept = heads.find(server);
  auto head =
      journal::VerifyAudit(rows, kept == heads.end() ? std::nullopt : std::optional(kept->second));
  if (!head) {
    return base::Fail(head.error().WithContext("server " + ToString(server)));
  }
  heads[server] = *head;
  return head;
}

ExitCode Verify(Context& context, const AuditOptions& options) {
  const auto opened = Open(context, options);
  if (!opened) {
    return context.Fail(opened.error());
  }
  const auto state = context.StateDirectory(opened->spec.name);
  if (!state) {
    return context.Fail(state.error());
  }
  auto heads = LoadAuditHeads(*state);
  if (!heads) {
    return context.Fail(heads.error());
  }
  Table table({"SERVER", "ROWS", "VERDICT"});
  Document servers{Document::List()};
  auto code = ExitCode::kOk;
  for (const auto server : opened->servers) {
    const auto head = VerifyServer(*opened->connected.agents, server, *heads);
    if (!head) {
      context.SayError(head.error());
      code = ExitCodeOf(head.error());
    }
    table.Add({ToString(server),
               head ? std::to_string(head->number) : "",
               head ? "unbroken" : head.error().message()});
    servers.Add(
        Document::Map({{"id", server.value},
                       {"unbroken", head.has_value()},
                       {"row", head ? Document(head->number) : Document()},
                       {"hash", head ? Document(head->hash) : Document()},
                       {"reason", head ? Document() : Document::TextOrNull(head.error().reason())},
                       {"problem", head ? Document() : Document(head.error().message())}}));
  }
  if (const auto saved = SaveAuditHeads(*state, *heads); !saved) {
    return context.Fail(saved.error());
  }
  context.Print(Document::Map({{"schema_version", 1}, {"servers", std::move(servers)}}),
                table.ToText());
  return code;
}

std::vector<Option> OptionsOf(AuditOptions& options) {
  return {{.name = "--server",
           .value_name = "ID",
           .help = "this server's agent only (default: all)",
           .target = &options.server}};
}

}  // namespace

Command AuditShowCommand() {
  auto options = std::make_shared<AuditOptions>();
  return {
      .name = "audit show",
      .summary = "every call that was to change something: by whom, for which run, how it ended",
      .examples = {{"zoowarden audit show --server 2", "what was asked of server 2's agent"},
                   {"zoowarden audit show -o json", "for a log store"}},
      .details =
          "With any certificate but an approver's. Each agent keeps its last 9,000 to 10,000 "
          "rows; calls alike within ten minutes share one ('x12'). Nothing is verified here.",
      .options = OptionsOf(*options),
      .run = [options](Context& context) { return Show(context, *options); }};
}

Command AuditVerifyCommand() {
  auto options = std::make_shared<AuditOptions>();
  return {.name = "audit verify",
          .summary = "whether a row of the agents' audits was removed or edited; exit 1 when so",
          .examples = {{"zoowarden audit verify", "all agents"},
                       {"zoowarden audit verify -o json", "for a monitor"}},
          .details =
              "Each row's hash covers the one before it. That the newest rows were cut off, or all "
              "written anew, shows only against what was seen before: the newest row that verified "
              "is kept in the state directory, so call this regularly, from a machine that the "
              "servers' administrators cannot write to.",
          .options = OptionsOf(*options),
          .run = [options](Context& context) { return Verify(context, *options); }};
}

}  // namespace zoowarden::controller
