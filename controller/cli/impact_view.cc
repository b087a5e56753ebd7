#include "controller/cli/impact_view.h"

#include "base/counted.h"
#include "controller/run/write_stream.h"

#include <fmt/format.h>

#include <optional>

namespace zoowarden::controller {

namespace {

std::string Seconds(std::chrono::milliseconds time) {
  return fmt::format("{:.2f} s", static_cast<double>(time.count()) / 1000.0);
}

// Of all members; none when one of them is not known.
std::optional<std::uint64_t> Sum(const core::Connections& connections) {
  std::uint64_t sum = 0;
  for (const auto& [id, count] : connections) {
    if (!count) {
      return std::nullopt;
    }
    sum += *count;
  }
  return connections.empty() ? std::nullopt : std::optional(sum);
}

std::string Shown(std::optional<std::uint64_t> count) {
  return count ? std::to_string(*count) : "unknown";
}

Document ConnectionsDocument(const core::Connections& connections) {
  Document list{Document::List()};
  for (const auto& [id, count] : connections) {
    list.Add(
        Document::Map({{"id", id.value}, {"connections", count ? Document(*count) : Document()}}));
  }
  return list;
}

std::string ConnectionsLine(const std::string& name, const core::Connections& connections) {
  std::string text;
  for (const auto& [id, count] : connections) {
    text += (text.empty() ? "" : ", ") + ("server " + ToString(id) + ": ") +
            (count ? std::to_string(*count) : "unknown");
  }
  return text.empty() ? "" : "             connections " + name + ": " + text + "\n";
}

}  // namespace

Document ImpactDocument(const core::RunState& state) {
  const auto& impact = state.impact;
  const bool measured = impact.controllers > 0;
  const auto& server = impact.longest.server;
  const auto& budget = state.policy.client_impact;
  return Document::Map(
      {{"write_gap_ms", measured ? Document(impact.longest.lasted.count()) : Document()},
       {"write_gap_server", measured && server ? Document(server->value) : Document()},
       {"writes", impact.writes},
       {"unmeasured_ms", impact.unmeasured.count()},
       {"controllers", impact.controllers},
       {"max_write_gap_ms", budget ? Document(budget->max_write_gap.count()) : Document()},
       {"then", budget ? Document(OverBudgetName(budget->then)) : Document()},
       {"connections_before", ConnectionsDocument(impact.before)},
       {"connections_after", ConnectionsDocument(impact.after)}});
}

std::string ImpactText(const core::RunState& state) {
  const auto& impact = state.impact;
  if (impact.controllers == 0) {
    return "";
  }
  const auto& server = impact.longest.server;
  return "longest write gap " + Seconds(impact.longest.lasted) +
         (server ? " (in the step of server " + ToString(*server) + ")" : "") + ", " +
         base::Counted(state.elections, "election") + ", connections " + Shown(Sum(impact.before)) +
         " before and " + Shown(Sum(impact.after)) + " after";
}

std::string ImpactDetails(const core::RunState& state) {
  const auto& impact = state.impact;
  std::string text;
  if (impact.controllers > 0) {
    text += fmt::format("             of {} writes, one every {} ms{}\n",
                        impact.writes,
                        ThreadedWriteStream::kPeriod.count(),
                        impact.controllers > 1
                            ? fmt::format(", by {} controllers; between them nothing was measured",
                                          impact.controllers)
                            : "");
  }
  if (impact.unmeasured.count() > 0) {
    text += "             for " + Seconds(impact.unmeasured) +
            " in all no agent could be asked to write: not measured\n";
  }
  return text + ConnectionsLine("before", impact.before) + ConnectionsLine("after", impact.after);
}

}  // namespace zoowarden::controller
