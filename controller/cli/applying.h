// From what was asked for to a run and its end: plan, ask, roll. Shared by all verbs that roll.
#pragma once

#include "controller/cli/context.h"
#include "controller/cli/planning.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct Asked {
  Target target;
  // Carried out and nothing else; the target is then the one that it was made for.
  std::optional<std::string> plan_file;
  // A desired state that a run did not reach is tried again. Where a person names what he wants it
  // is a warning; `apply`, which a cron job types, must be told.
  bool retry = true;
  bool detach = false;  // the run is carried out by a process of its own
  // That the run is to have; none = a new one. Refused where there is a run of that id.
  std::optional<std::string> run_id;
  // Only to this desired state, by its digest (DesiredDigest).
  std::optional<std::string> approved;
  std::optional<std::string> rollout;  // of the fleet whose process this is
};

// --run-id, --approved and --rollout, which a fleet gives to its processes.
[[nodiscard]] std::vector<Option> OrderedOptions(Asked& asked);

// ensemble.yaml is changed (the release of an upgrade, the settings that were asked for) when the
// run has succeeded, or when every server runs it already.
[[nodiscard]] ExitCode Apply(Context& context, Asked asked);

}  // namespace zoowarden::controller
