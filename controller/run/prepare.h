// From ensemble.yaml and what the agents say to a plan and a new run.
#pragma once

#include "controller/run/run_file.h"
#include "core/plan.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

// What the desired state says of one server, its own settings among it.
[[nodiscard]] model::ConfigurationSpec ConfigurationOf(const model::EnsembleSpec& spec,
                                                       const model::ServerSpec& server);

// What every server should run: release and configuration digests of its merged settings.
[[nodiscard]] std::map<model::ServerId, model::Generation> WantedGenerations(
    const model::EnsembleSpec& spec);

[[nodiscard]] core::PlanInput MakePlanInput(const model::EnsembleSpec& spec,
                                            std::vector<model::MemberObservation> seen,
                                            bool allow_outage);

struct NewRun {
  std::string run_id;
  std::string kind;
  std::string holder;
  std::int64_t created_ms = 0;
  std::string plan_digest;
  std::optional<RunApproval> approval;
  bool approval_required = false;
  std::vector<config::SettingEdit> edits;
};

// A run that executes the plan made from `input`. Every server must have been observed with a
// generation, which the plan has checked.
[[nodiscard]] RunFile MakeRun(const core::PlanInput& input, const NewRun& run);

// "20261122-140501-3f9a": sorts by time, unique enough for one ensemble.
[[nodiscard]] std::string MakeRunId(std::int64_t wall_time_ms, std::uint32_t random);

// Ids that are not ours come from agents and command lines, and become a word of a command line and
// a file's name. kInvalidArgument `run.odd_id`.
[[nodiscard]] base::Status CheckRunId(const std::string& id);

}  // namespace zoowarden::controller
