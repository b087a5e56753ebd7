// What was seen, for the run's journal.
#include "core/run_internal.h"

namespace zoowarden::core::internal {
namespace {

std::string Text(const std::optional<model::Zxid>& zxid) { return zxid ? zxid->ToString() : ""; }

}  // namespace

EventEvidence EvidenceOf(const model::Round& round) {
  EventEvidence evidence{{"round", std::to_string(round.number)}};
  if (round.canary) {
    evidence["canary"] = round.canary->ToString();
    evidence["canary_method"] = round.canary_method;
  }
  if (round.canary_through) {
    evidence["canary_through"] = model::ToString(*round.canary_through);
  }
  return evidence;
}

EventEvidence EvidenceOf(const model::Round& round, const model::MemberObservation& seen) {
  auto evidence = EvidenceOf(round);
  evidence["mode"] = model::ModeName(seen.mode);
  evidence["mode_source"] = seen.mode_source;
  evidence["zxid"] = Text(seen.own_zxid);
  evidence["durable_zxid"] = Text(seen.durable_zxid);
  evidence["durable_source"] = seen.durable_source;
  if (seen.process) {
    evidence["pid"] = std::to_string(seen.process->pid);
    evidence["start_time"] = std::to_string(seen.process->start_time);
    evidence["generation"] = seen.process->generation;
  }
  if (seen.version) {
    evidence["version"] = seen.version->ToString();
  }
  if (seen.session_accepted) {
    evidence["session_accepted"] = *seen.session_accepted ? "true" : "false";
  }
  if (seen.read_back) {
    evidence["read_back"] = *seen.read_back ? "true" : "false";
  }
  // What could not be read is not there.
  std::erase_if(evidence, [](const auto& entry) { return entry.second.empty(); });
  return evidence;
}

}  // namespace zoowarden::core::internal
