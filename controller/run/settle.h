// A run that settles one server whose operation waits for a person (core/run_settle.cc).
#pragma once

#include "base/error.h"
#include "controller/run/prepare.h"
#include "controller/run/run_file.h"

#include <vector>

namespace zoowarden::controller {

// Whether this verb can settle what the agent reports. Refusals, each with the next step:
// kUnavailable `agent.silent`; kFailedPrecondition `settle.not_waiting` (nothing waits for a
// person), `settle.wrong_verb` (this way out is another state's).
[[nodiscard]] base::Status CheckWaits(const model::MemberObservation& seen, core::SettleVerb verb);

struct SettleInput {
  model::EnsembleSpec spec;
  std::vector<model::MemberObservation> seen;  // of every declared server
  const RunFile* begun_by = nullptr;           // the run of that operation, where a record is found
  core::SettleVerb verb = core::SettleVerb::kConfirm;
  model::ServerId server;  // must be declared and observed
  bool allow_outage = false;
};

// kFailedPrecondition `settle.unknown_generation` when a retry would start one that no record and
// no disk describes.
[[nodiscard]] base::Result<RunFile> MakeSettleRun(const SettleInput& input, const NewRun& run);

}  // namespace zoowarden::controller
