// The ensemble's hooks: programs that a run tells of what it is about to do and has done. They get
// one JSON document on stdin (docs/ensemble.md); exit 0 passes, anything else, a deadline included,
// does not.
#pragma once

#include "controller/run/own_programs.h"
#include "controller/run/run_file.h"
#include "core/run_hooks.h"

#include <optional>

namespace zoowarden::controller {

class HookRunner {
 public:
  virtual ~HookRunner() = default;

  // Runs the hooks of this call one after the other beside the caller; of those before something
  // none after the first that did not pass. False, and nothing is begun, while the report of the
  // call before has not been taken.
  virtual bool Start(const core::HookCall& call, const RunFile& run, const model::Round& round) = 0;
  // The report of the call that was begun, once: nothing before it has ended.
  virtual std::optional<core::HookReport> Take() = 0;
};

// What the hook is told: no setting, so no secret.
[[nodiscard]] std::string HookInput(const model::Hook& hook,
                                    const core::HookCall& call,
                                    const RunFile& run,
                                    const model::Round& round);

// Its end kills a hook that is still going on. For one thread.
class SubprocessHookRunner final : public HookRunner {
 public:
  bool Start(const core::HookCall& call, const RunFile& run, const model::Round& round) override;
  std::optional<core::HookReport> Take() override { return beside_.Take(); }

 private:
  Beside<core::HookReport> beside_;
};

}  // namespace zoowarden::controller
