#include "controller/run/recorder.h"

#include "controller/run/lease.h"

#include <nlohmann/json.hpp>

namespace zoowarden::controller {

namespace {

std::string EvidenceJson(const core::Event& event) {
  using nlohmann::json;
  return event.evidence.empty()
             ? ""
             : json(event.evidence).dump(-1, ' ', false, json::error_handler_t::replace);
}

// Whether a majority has it.
base::Status Judge(const std::vector<Answer<std::uint64_t>>& answers) {
  std::size_t stored = 0;
  std::size_t fenced = 0;
  std::string problems;
  for (const auto& answer : answers) {
    if (answer.result) {
      ++stored;
      continue;
    }
    fenced += answer.result.error().Is(base::ErrorCode::kAborted) ? 1U : 0U;
    problems += (problems.empty() ? "server " : "; server ") + model::ToString(answer.server) +
                ": " + answer.result.error().message();
  }
  const auto majority = MajorityOf(answers.size());
  if (stored >= majority) {
    return base::Ok();
  }
  if (fenced >= majority) {
    return base::Fail(base::ErrorCode::kAborted,
                      "record.fenced",
                      "another controller has taken this run over (" + problems + ")");
  }
  return base::Fail(base::ErrorCode::kUnavailable,
                    "record.no_majority",
                    "the run's record could be stored on " + std::to_string(stored) + " of " +
                        std::to_string(answers.size()) + " agents only (" + problems + ")");
}

}  // namespace

std::vector<core::Event> ApprovalOf(const RunFile& run) {
  if (!run.approval) {
    return {};
  }
  return {{"approved",
           {},
           "the plan was approved by " + run.approval->approver + " (certificate " +
               run.approval->serial + ")"}};
}

base::Status Recorder::Record(const RunIdentity& identity,
                              const RunFile& run,
                              const std::vector<core::Event>& events) {
  last_ = {.run_id = identity.run_id, .ensemble = run.spec.name, .state_json = EncodeRun(run)};
  for (const auto& event : events) {
    last_.events.push_back({.epoch = identity.epoch.value,
                            .sequence = ++sequence_,
                            .time_ms = clock_.WallTime().count(),
                            .kind = event.kind,
                            .server = event.server,
                            .text = event.text,
                            .json = EvidenceJson(event)});
  }
  last_.sequence = sequence_;
  return StoreAgain(identity);
}

base::Status Recorder::StoreAgain(const RunIdentity& identity) {
  last_.epoch = identity.epoch.value;
  ZW_TRY(Judge(agents_.PutRecord(identity, last_.sequence, last_.state_json, last_.events)));
  // Last: what stands here has happened.
  return journal_.Save(last_);
}

}  // namespace zoowarden::controller
