#include "controller/cli/run_view.h"

#include "base/text.h"
#include "controller/cli/impact_view.h"
#include "controller/cli/table.h"
#include "controller/cli/times.h"

#include <fmt/format.h>

#include <chrono>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLongText = 8'000;

bool Ended(const KnownRun& run) { return run.file.state.phase == core::RunPhase::kEnded; }

// How long it took, or has been at it as far as is recorded.
milliseconds Took(const KnownRun& run) {
  return run.record.events.empty()
             ? milliseconds(0)
             : milliseconds(run.record.events.back().time_ms - run.file.created_ms);
}

Document GenerationDocument(const model::Generation& generation) {
  return Document::Map({{"digest", generation.digest},
                        {"version", generation.version.ToString()},
                        {"release_sha512", generation.release_sha512},
                        {"configuration_digest", generation.configuration_digest}});
}

Document ServersDocument(const core::RunState& state) {
  Document servers{Document::List()};
  for (const auto& server : state.servers) {
    servers.Add(Document::Map({{"id", server.id.value},
                               {"from", GenerationDocument(server.origin)},
                               {"to", GenerationDocument(server.target)},
                               {"changed", server.changed},
                               {"failed", server.failed},
                               {"failure", Document::TextOrNull(server.failure)}}));
  }
  return servers;
}

// The event's own JSON when it has some that can be read.
Document Evidence(const RunEvent& event) {
  if (event.json.empty()) {
    return {};
  }
  auto parsed = Document::FromJson(event.json);
  return parsed ? *std::move(parsed) : Document(event.json);
}

Document EventsDocument(const RunRecord& record) {
  Document events{Document::List()};
  for (const auto& event : record.events) {
    events.Add(EventDocument(event));
  }
  return events;
}

Document DoneDocument(const core::RunState& state) {
  Document done{Document::List()};
  for (const auto id : state.done) {
    done.Add(id.value);
  }
  return done;
}

std::string ServerLine(const core::ServerRun& server) {
  const auto from = server.origin.version.ToString() + " (" + server.origin.digest + ")";
  const auto to = server.target.version.ToString() + " (" + server.target.digest + ")";
  auto line = "  server " + ToString(server.id) + "  ";
  if (server.origin.digest == server.target.digest) {
    return line + from + ", nothing to change\n";
  }
  line += from + " -> " + to + (server.changed ? "" : ", not touched");
  return line + (server.failed ? ", FAILED: " + base::Printable(server.failure, kLongText) : "") +
         "\n";
}

std::string EventLines(const KnownRun& run, bool with_evidence) {
  std::string text;
  std::int64_t before = run.file.created_ms;
  std::uint64_t epoch = run.record.events.empty() ? 0 : run.record.events.front().epoch;
  for (const auto& event : run.record.events) {
    if (event.epoch != epoch) {
      text += "  --- continued by a controller with epoch " + std::to_string(event.epoch) + "\n";
      epoch = event.epoch;
    }
    text += fmt::format("  {}  {:>7}  {:8}  {}: {}\n",
                        TimeOfDay(milliseconds(event.time_ms)),
                        "+" + DurationText(milliseconds(event.time_ms - before)),
                        event.server.value == 0 ? "" : "server " + ToString(event.server),
                        event.kind,
                        base::Printable(event.text, kLongText));
    if (with_evidence && !event.json.empty()) {
      text += "      evidence: " + base::Printable(event.json, kLongText) + "\n";
    }
    before = event.time_ms;
  }
  return text;
}

// A run that settles one server rolls none.
std::string DoneText(const core::RunState& state) {
  return state.settlement
             ? "-"
             : std::to_string(state.done.size()) + " of " + std::to_string(state.servers.size());
}

Document ApprovalDocument(const std::optional<RunApproval>& approval) {
  return approval ? Document::Map({{"approver", approval->approver},
                                   {"serial", approval->serial},
                                   {"approved", Timestamp(milliseconds(approval->approved_ms))},
                                   {"approved_ms", approval->approved_ms}})
                  : Document();
}

Document SettlementDocument(const std::optional<core::Settlement>& settlement) {
  return settlement ? Document::Map({{"server", settlement->server.value},
                                     {"verb", SettleVerbName(settlement->verb)},
                                     {"operation", settlement->operation_id}})
                    : Document();
}

}  // namespace

std::string RunStateText(const KnownRun& run) {
  if (Ended(run)) {
    return std::string(RunOutcomeName(run.file.state.outcome));
  }
  return run.file.state.settlement ? "interrupted" : "open";
}

Document EventDocument(const RunEvent& event) {
  Document server;
  if (event.server.value != 0) {
    server = event.server.value;
  }
  return Document::Map({{"epoch", event.epoch},
                        {"sequence", event.sequence},
                        {"time", TimestampWithMilliseconds(milliseconds(event.time_ms))},
                        {"time_ms", event.time_ms},
                        {"kind", event.kind},
                        {"server", std::move(server)},
                        {"text", event.text},
                        {"evidence", Evidence(event)}});
}

Document RunSummaryDocument(const KnownRun& run) {
  const auto& state = run.file.state;
  const auto& settlement = state.settlement;
  Document copies{Document::List()};
  for (const auto& copy : run.copies) {
    copies.Add(copy);
  }
  return Document::Map(
      {{"id", run.record.run_id},
       {"kind", run.file.kind},
       {"ensemble", run.record.ensemble},
       {"version", settlement ? Document() : Document(run.file.spec.release.version.ToString())},
       {"settles", SettlementDocument(settlement)},
       {"open", run.open},
       {"phase", RunPhaseName(state.phase)},
       {"goal", RunGoalName(state.goal)},
       {"outcome", Ended(run) ? Document(RunOutcomeName(state.outcome)) : Document()},
       {"outcome_reason", Document::TextOrNull(state.outcome_reason)},
       {"outcome_text", Document::TextOrNull(state.outcome_text)},
       {"created", Timestamp(milliseconds(run.file.created_ms))},
       {"created_ms", run.file.created_ms},
       {"epoch", run.record.epoch},
       {"holder", run.file.holder},
       {"plan_digest", Document::TextOrNull(run.file.plan_digest)},
       {"approval", ApprovalDocument(run.file.approval)},
       {"done", DoneDocument(state)},
       {"copies", std::move(copies)}});
}

std::string RunSummaryLine(const KnownRun& run, bool going_on) {
  const auto& state = run.file.state;
  const auto what = run.record.run_id + ": " + base::Printable(DescribeVerb(run.file)) + ", ";
  if (!Ended(run)) {
    return "open run " + what + std::string(RunPhaseName(state.phase)) +
           (going_on ? "; going on now" : "; `zoowarden resume` continues it");
  }
  return std::string(RunOutcomeName(state.outcome)) + " run " + what +
         "`zoowarden resume` goes on" +
         (core::IsRepair(state) ? "" : ", `zoowarden rollback` goes back");
}

std::string RunTable(const std::vector<KnownRun>& runs) {
  Table table({"ID", "STARTED", "KIND", "TO", "STATE", "DONE", "BY"});
  for (const auto& run : runs) {
    const auto& state = run.file.state;
    table.Add({run.record.run_id,
               Timestamp(milliseconds(run.file.created_ms)),
               run.file.kind,
               DescribeAim(run.file),
               RunStateText(run),
               DoneText(state),
               run.file.holder});
  }
  return runs.empty() ? "no runs yet\n" : table.ToText();
}

Document RunDocument(const KnownRun& run) {
  auto document = Document::Map({{"schema_version", 1}});
  const auto summary = RunSummaryDocument(run);
  for (const auto& [key, value] : std::get<Document::Fields>(summary.value())) {
    document.Set(key, value);
  }
  const auto& state = run.file.state;
  document.Set("seconds", static_cast<double>(Took(run).count()) / 1000.0);
  document.Set("elections", state.elections);
  document.Set("impact", ImpactDocument(state));
  document.Set("servers", ServersDocument(state));
  document.Set("events", EventsDocument(run.record));
  return document;
}

std::string RunText(const KnownRun& run, bool with_evidence) {
  const auto& state = run.file.state;
  std::string text =
      "run " + run.record.run_id + ": " + base::Printable(DescribeRun(run.file)) + "\n";
  text += "  state      " + RunStateText(run);
  if (!state.outcome_text.empty()) {
    text += ": " + base::Printable(state.outcome_text, kLongText);
  }
  text += "\n  began      " + Timestamp(milliseconds(run.file.created_ms)) + ", " +
          DurationText(Took(run)) + (Ended(run) ? " in all\n" : " so far\n");
  text += "  by         " + base::Printable(run.file.holder) + ", epoch " +
          std::to_string(run.record.epoch) + "\n";
  if (!run.file.plan_digest.empty()) {
    text += "  plan       " + base::Printable(run.file.plan_digest) + "\n";
  }
  if (run.file.approval) {
    text += "  approved   by " + base::Printable(run.file.approval->approver) + ", " +
            Timestamp(milliseconds(run.file.approval->approved_ms)) + "\n";
  }
  const auto felt = ImpactText(state);
  text += felt.empty() ? "  elections  " + std::to_string(state.elections) + "\n"
                       : "  clients    " + felt + "\n";
  text += ImpactDetails(state) + "\n";
  for (const auto& server : state.servers) {
    text += ServerLine(server);
  }
  return text + "\nwhat happened (times are UTC, + is the time since the line before):\n" +
         EventLines(run, with_evidence) +
         (with_evidence ? "" : "\nwith -v or -o json also the evidence of each\n");
}

}  // namespace zoowarden::controller
