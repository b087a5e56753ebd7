#include "controller/run/recorder.h"

#include "controller/run/lease.h"

namespace zoowarden::controller {

base::Status Recorder::Record(const RunIdentity& identity,
                              const RunFile& run,
                              const std::vector<core::Event>& events) {
  std::vector<RunEvent> lines;
  for (const auto& event : events) {
    lines.push_back({.epoch = identity.epoch.value,
                     .sequence = ++sequence_,
                     .time_ms = clock_.WallTime().count(),
                     .kind = event.kind,
                     .server = event.server,
                     .text = event.text});
  }
  const auto state = EncodeRun(run);
  ZW_TRY(journal_.Save({.run_id = identity.run_id,
                        .ensemble = run.spec.name,
                        .epoch = identity.epoch.value,
                        .sequence = sequence_,
                        .state_json = state,
                        .events = lines}));
  const auto answers = agents_.PutRecord(identity, sequence_, state, lines);
  std::size_t stored = 0;
  std::string problems;
  for (const auto& answer : answers) {
    if (answer.result) {
      ++stored;
      continue;
    }
    if (answer.result.error().Is(base::ErrorCode::kAborted)) {
      return base::Fail(
          base::ErrorCode::kAborted,
          "record.fenced",
          "server " + model::ToString(answer.server) + ": " + answer.result.error().message());
    }
    problems += (problems.empty() ? "server " : "; server ") + model::ToString(answer.server) +
                ": " + answer.result.error().message();
  }
  if (stored < MajorityOf(answers.size())) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "record.no_majority",
                      "the run's record could be stored on " + std::to_string(stored) + " of " +
                          std::to_string(answers.size()) + " agents only (" + problems + ")");
  }
  return base::Ok();
}

}  // namespace zoowarden::controller
