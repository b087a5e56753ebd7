// Going on with a run that is recorded, in one of four ways: to its end, back, to the next safe
// point, or to an end there.
#pragma once

#include "controller/cli/context.h"

#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::controller {

enum class GoingOn {
  kResume,
  kRollBack,
  kPause,  // out of its controller's hands, to the next safe point, and left open there
  kAbort,  // the same, and ended there as `halted`
};
[[nodiscard]] std::string_view GoingOnName(GoingOn how);    // the command: "rollback"
[[nodiscard]] std::string_view GoingOnPhrase(GoingOn how);  // in a sentence: "roll back"

struct GoingOnOptions {
  GoingOn how = GoingOn::kResume;
  std::optional<std::string> run_id;
  std::optional<std::string> write_ensemble;  // a new file for what the run leads to
  bool take_over = false;                     // always, to pause and to abort
  bool detach = false;
  bool check = false;                    // only whether it may be gone on with; nothing is changed
  std::optional<std::string> confirmed;  // PositionWord: only from there; none = from where it is
  std::optional<std::string> rollout;    // of the fleet whose process this is
};

[[nodiscard]] ExitCode GoOn(Context& context, const GoingOnOptions& options);

}  // namespace zoowarden::controller
