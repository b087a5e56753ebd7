#include "controller/cli/repairing.h"

#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/run_records.h"
#include "core/conclusions.h"
#include "core/plan_refusals.h"

#include <algorithm>

namespace zoowarden::controller {

namespace {

base::Result<std::set<model::ServerId>> ToRepair(const Target& target,
                                                 const core::PlanInput& input) {
  std::set<model::ServerId> repair;
  for (const auto& named : target.servers) {
    ZW_ASSIGN(const auto id, ServerNamed(input.spec, named));
    repair.insert(id);
  }
  for (const auto& seen : input.seen) {
    if (target.servers.empty() && core::IsDown(seen)) {
      repair.insert(seen.id);
    }
  }
  return repair;
}

// What the newest run that brought it what it has found there.
base::Result<model::Generation> PreviousOf(const KnownRuns& known,
                                           const model::MemberObservation& seen) {
  const auto name = "server " + ToString(seen.id);
  for (const auto& run : known.runs) {
    const auto& servers = run.file.state.servers;
    const auto found = std::find_if(servers.begin(), servers.end(), [&](const auto& server) {
      return server.id == seen.id && server.changed &&
             server.target.digest == seen.current->digest &&
             server.origin.digest != server.target.digest;
    });
    if (!run.agreed || found == servers.end()) {
      continue;  // one agent alone does not say what another server starts
    }
    if (!core::IsOnServer(seen, found->origin)) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "repair.no_previous",
                        name + ": generation " + found->origin.digest + " (" +
                            found->origin.version.ToString() +
                            "), which it had before, is not on the server any more; repair it with "
                            "--by restart or --by desired");
    }
    return found->origin;
  }
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    "repair.no_previous",
                    name +
                        ": no record that this machine or most agents have tells of a run that "
                        "brought it what it has, so what it had before is not known; repair it "
                        "with --by restart or --by desired");
}

}  // namespace

base::Status AimRepair(Context& context,
                       Agents& agents,
                       const Target& target,
                       core::PlanInput& input) {
  ZW_ASSIGN(input.repair, ToRepair(target, input));
  const bool previous = target.repair_by == RepairBy::kPrevious;
  KnownRuns known;
  if (previous) {
    const auto journal = OpenJournalToRead(context, input.spec.name);
    known = CollectRuns(journal ? journal->get() : nullptr, &agents);
  }
  for (const auto& seen : input.seen) {
    const bool repaired = input.repair.contains(seen.id) && seen.current;
    if (repaired && previous) {
      ZW_ASSIGN(input.wanted[seen.id], PreviousOf(known, seen));
    } else if (!repaired || target.repair_by == RepairBy::kRestart) {
      input.wanted[seen.id] = seen.current.value_or(model::Generation());
    }
  }
  return base::Ok();
}

bool StartsWhatWasThere(const Target& target) {
  return target.scope == core::PlanScope::kRepair && target.repair_by != RepairBy::kDesired;
}

}  // namespace zoowarden::controller
