// The cases of the crash suite, generated from the operation table: every state × what goes wrong
// in it × which way the controller goes × what kind of operation.
//
// Pure. What cannot be is listed with its reason; a state that has neither cases nor reasons fails
// cases_test.cc.
#pragma once

#include "model/operation.h"

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::crash {

enum class Fault {
  kKilledBefore,  // SIGKILL right before the state is made durable
  kKilledAfter,   // SIGKILL right after it
  kError,         // the state's action fails
  kHang,          // the state's action takes longer than the operation's deadline
};
enum class Direction { kForward, kRollback };
enum class Kind { kUpgrade, kFirstInstallation, kRemoval };

struct Case {
  model::OperationState state = model::OperationState::kIdle;
  Fault fault = Fault::kKilledBefore;
  Direction direction = Direction::kForward;
  Kind kind = Kind::kUpgrade;
  auto operator<=>(const Case&) const = default;

  // "upgrade/forward/stopping/killed_after".
  [[nodiscard]] std::string Name() const;
};

// Every combination there is, possible or not.
[[nodiscard]] std::vector<Case> AllCombinations();
// Why there is no such case; nullopt = it is a case.
[[nodiscard]] std::optional<std::string_view> Impossible(const Case& combination);
[[nodiscard]] std::vector<Case> GenerateCases();
// The fixed forty of ./x test: each state, fault, direction and kind among them.
[[nodiscard]] std::vector<Case> CoreCases();

// What the environment of the agent arms, for its first life and for the one after a kill.
[[nodiscard]] std::string FirstFault(const Case& which);
[[nodiscard]] std::string SecondFault(const Case& which);

// The state that the controller waits for before it goes on: `unconfirmed` by keeping silent,
// `needs_operator` through a failing way back, `idle` by closing what is staged.
enum class Detour { kNone, kClose, kSilence, kFailingWayBack };
[[nodiscard]] Detour DetourOf(const Case& which);

// True when the deadline is to pass, so that it is short. While it stages an operation has none.
[[nodiscard]] bool DeadlinePasses(const Case& which);

// States in the order in which they become durable, over all operations of the case.
[[nodiscard]] std::vector<std::string> ExpectedStates(const Case& which);
// The same where the fault does not come about: what the controller wants.
[[nodiscard]] std::vector<std::string> StatesWithoutFault(const Case& which);

}  // namespace zoowarden::crash
