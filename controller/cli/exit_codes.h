// What the program's exit status says. One table: the commands return these, `zoowarden help
// exit-codes` prints them, docs/json.md quotes them. Scripts depend on the numbers: never change.
#pragma once

#include "base/error.h"

#include <span>
#include <string_view>

namespace zoowarden::controller {

enum class ExitCode {
  kOk = 0,
  kError = 1,
  kUsage = 2,
  kChanges = 3,
  kDenied = 4,
  kRefused = 5,
  kRolledBack = 6,
  kStuck = 7,
  kHeld = 8,
  kTimeout = 9,
  kHalted = 10,
  kInterrupted = 130,
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view name;     // in JSON output
  std::string_view meaning;  // for people
};

[[nodiscard]] std::span<const ExitCodeMeaning> ExitCodes();

// For errors that end a command before a run began or without its having an outcome.
[[nodiscard]] ExitCode ExitCodeOf(const base::Error& error);

}  // namespace zoowarden::controller
