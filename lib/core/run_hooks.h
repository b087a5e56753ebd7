// Whom a run tells before and after what it does: the ensemble's own programs. The core says which
// to call and when; the caller runs them beside its rounds and feeds back what they said. Pure.
#pragma once

#include "model/ensemble.h"
#include "model/ids.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::core {

// All hooks of one point, for one thing.
struct HookCall {
  model::HookPoint when = model::HookPoint::kBeforeRun;
  model::ServerId server;  // 0 = the whole run
  bool back = false;       // the run is on its way back
  bool failed = false;     // of kAfterStep: the server did not become what it was to become
  int opened = 0;          // after something: how often the run had been opened again by then
  // Of kAfterRun, as it was then; empty in records of older programs.
  std::string outcome = "";
  std::string outcome_text = "";
  bool operator==(const HookCall&) const = default;
};

// Names the thing, and is the same when the call is made again: "run1/before_step/3/forward". What
// happened after the run was opened again is another thing: "run1/after_run/run/forward/2".
[[nodiscard]] std::string HookCallId(const std::string& run_id, const HookCall& call);

struct HookResult {
  std::string name;
  bool passed = false;
  std::string text;  // how it ended, when it did not pass
  std::string output;
  std::chrono::milliseconds took{0};
};

struct HookReport {
  HookCall call;
  std::vector<HookResult> results;
};

// Stored with the run, but for `patience`, which follows from the ensemble's hooks.
struct RunHooks {
  // How long all hooks of a point may take together; a point without hooks is not in it.
  std::map<model::HookPoint, std::chrono::milliseconds> patience;
  std::optional<HookCall> passed;  // the last one before something: it may happen now
  std::vector<HookCall> owed;      // after something; oldest first
  int opened = 0;                  // how often a run that had ended was opened again
};

[[nodiscard]] std::map<model::HookPoint, std::chrono::milliseconds> PatienceOf(
    const std::vector<model::Hook>& hooks);

}  // namespace zoowarden::core
