#include "core/fleet.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zoowarden::core {
namespace {

using model::WallTime;

constexpr std::array<std::pair<EnsembleState, std::string_view>, 11> kNames{{
    {EnsembleState::kWaiting, "waiting"},
    {EnsembleState::kOpen, "open"},
    {EnsembleState::kRunning, "running"},
    {EnsembleState::kSucceeded, "succeeded"},
    {EnsembleState::kNothingToDo, "nothing_to_do"},
    {EnsembleState::kRolledBack, "rolled_back"},
    {EnsembleState::kHalted, "halted"},
    {EnsembleState::kStuck, "stuck"},
    {EnsembleState::kRefused, "refused"},
    {EnsembleState::kFailed, "failed"},
    {EnsembleState::kUnhealthy, "unhealthy"},
}};

using Indices = std::vector<std::size_t>;

std::size_t Count(const FleetInput& input, bool (*which)(EnsembleState)) {
  return static_cast<std::size_t>(
      std::count_if(input.ensembles.begin(), input.ensembles.end(), [which](const auto& one) {
        return which(one.state);
      }));
}

Indices InState(const FleetInput& input, const model::FleetWave& wave, EnsembleState state) {
  Indices found;
  for (const auto index : wave.ensembles) {
    if (input.ensembles[index].state == state) {
      found.push_back(index);
    }
  }
  return found;
}

void KeepFirst(Indices& indices, std::size_t count) {
  indices.resize(std::min(indices.size(), count));
}

// Of all waves: a later one's can be open where the waves were changed in between.
Indices Open(const FleetInput& input) {
  Indices open;
  for (const auto& wave : input.waves) {
    const auto of_wave = InState(input, wave, EnsembleState::kOpen);
    open.insert(open.end(), of_wave.begin(), of_wave.end());
  }
  return open;
}

Indices ToLookAgain(const FleetInput& input) {
  Indices again;
  for (std::size_t i = 0; i < input.ensembles.size(); ++i) {
    const auto& one = input.ensembles[i];
    if (one.state == EnsembleState::kUnhealthy && one.look_again) {
      again.push_back(i);
    }
  }
  return again;
}

bool HasEndedWave(const FleetInput& input, const model::FleetWave& wave) {
  return std::all_of(wave.ensembles.begin(), wave.ensembles.end(), [&](std::size_t index) {
    return HasEnded(input.ensembles[index].state);
  });
}

// Nothing of a wave that had nothing to do needs to soak.
std::optional<WallTime> SoakedAt(const FleetInput& input, const model::FleetWave& wave) {
  std::optional<WallTime> last;
  for (const auto index : wave.ensembles) {
    const auto& ensemble = input.ensembles[index];
    if (ensemble.state != EnsembleState::kNothingToDo) {
      last = std::max(last.value_or(ensemble.ended), ensemble.ended);
    }
  }
  return last ? std::optional(*last + input.policy.soak) : std::nullopt;
}

// What stands between an ended wave and the next one.
std::optional<FleetDecision> BeforeNextWave(const FleetInput& input, const model::FleetWave& wave) {
  FleetDecision decision{.reason = FleetReason::kSoak};
  if (input.policy.soak.count() == 0) {
    return std::nullopt;
  }
  if (const auto soaked = SoakedAt(input, wave); soaked && input.now < *soaked) {
    decision.until = soaked;
    return decision;
  }
  for (const auto index : InState(input, wave, EnsembleState::kSucceeded)) {
    if (!input.ensembles[index].verified) {
      decision.ensembles.push_back(index);
    }
  }
  decision = {.step = FleetStep::kVerify, .ensembles = std::move(decision.ensembles)};
  return decision.ensembles.empty() ? std::nullopt : std::optional(decision);
}

// When an ensemble may be begun: now, or what is the next time to look.
WallTime NextBeginning(const FleetInput& input) {
  if (!input.windows) {
    return input.now;
  }
  for (const auto& window : *input.windows) {
    const auto from = std::max(window.from, input.now);
    if (from + input.policy.time_needed <= window.until && from < window.until) {
      return from;
    }
  }
  return std::max(input.windows_known_until, input.now + WallTime{1});
}

FleetDecision InWave(const FleetInput& input, const model::FleetWave& wave, std::size_t free) {
  FleetDecision decision{.reason = FleetReason::kRunning};
  auto waiting = InState(input, wave, EnsembleState::kWaiting);
  if (waiting.empty() || free == 0) {
    return decision;
  }
  if (const auto next = NextBeginning(input); next > input.now) {
    decision.reason = FleetReason::kWindow;
    decision.until = next;
    return decision;
  }
  KeepFirst(waiting, free);
  return {.step = FleetStep::kBegin, .ensembles = std::move(waiting)};
}

FleetDecision Decide(const FleetInput& input, std::size_t failed, std::size_t running) {
  const auto limit = std::max<std::size_t>(input.policy.concurrency, 1);
  const auto free = limit > running ? limit - running : 0;
  if (auto open = Open(input); !open.empty()) {
    KeepFirst(open, free);
    if (open.empty()) {
      return {.reason = FleetReason::kRunning};
    }
    return {.step = FleetStep::kBegin, .ensembles = std::move(open)};
  }
  if (auto again = ToLookAgain(input); !again.empty()) {
    return {.step = FleetStep::kVerify, .ensembles = std::move(again)};
  }
  if (failed > input.policy.error_budget) {
    return {.step = running > 0 ? FleetStep::kWait : FleetStep::kHalted,
            .reason = FleetReason::kBudget};
  }
  for (std::size_t i = 0; i < input.waves.size(); ++i) {
    const auto& wave = input.waves[i];
    std::optional<FleetDecision> decision;
    if (!HasEndedWave(input, wave)) {
      decision = InWave(input, wave, free);
    } else if (i + 1 < input.waves.size()) {
      decision = BeforeNextWave(input, wave);
    }
    if (decision) {
      decision->wave = i;
      return *decision;
    }
  }
  return {.step = FleetStep::kEnded};
}

}  // namespace

std::string_view EnsembleStateName(EnsembleState state) {
  for (const auto& [known, name] : kNames) {
    if (known == state) {
      return name;
    }
  }
  return "failed";
}

std::optional<EnsembleState> ParseEnsembleState(std::string_view name) {
  for (const auto& [state, known] : kNames) {
    if (known == name) {
      return state;
    }
  }
  return std::nullopt;
}

bool HasEnded(EnsembleState state) {
  return state != EnsembleState::kWaiting && state != EnsembleState::kOpen &&
         state != EnsembleState::kRunning;
}

bool HasFailed(EnsembleState state) {
  return HasEnded(state) && state != EnsembleState::kSucceeded &&
         state != EnsembleState::kNothingToDo;
}

FleetDecision DecideFleet(const FleetInput& input) {
  const auto failed = Count(input, HasFailed);
  const auto running = Count(input, [](EnsembleState s) { return s == EnsembleState::kRunning; });
  auto decision = Decide(input, failed, running);
  decision.failed = failed;
  return decision;
}

}  // namespace zoowarden::core
