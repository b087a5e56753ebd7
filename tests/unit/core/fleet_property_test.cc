// Whatever ensembles come to, and whenever: no limit is passed, and the fleet comes to an end.
#include "core/fleet.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::core {
namespace {

using model::WallTime;

constexpr std::size_t kEnsembles = 20;
constexpr WallTime kHorizon{2'000'000};

const std::vector<EnsembleState> kEnds{EnsembleState::kSucceeded,
                                       EnsembleState::kNothingToDo,
                                       EnsembleState::kRolledBack,
                                       EnsembleState::kHalted,
                                       EnsembleState::kStuck,
                                       EnsembleState::kRefused,
                                       EnsembleState::kFailed};

struct ModelledFleet {
  FleetInput input;
  std::map<std::size_t, WallTime> ends;           // of those that run
  std::map<std::size_t, EnsembleState> outcomes;  // decided before anything happens
  std::map<std::size_t, bool> healthy;
  std::vector<std::pair<std::size_t, WallTime>> begun;
  int interruptions = 0;  // that are still to come

  [[nodiscard]] std::size_t Running() const { return ends.size(); }
  [[nodiscard]] std::size_t Failed() const {
    return static_cast<std::size_t>(
        std::count_if(input.ensembles.begin(), input.ensembles.end(), [](const auto& one) {
          return HasFailed(one.state);
        }));
  }
};

ModelledFleet AnyFleet(bool failing) {
  ModelledFleet fleet;
  auto& input = fleet.input;
  input.ensembles.resize(kEnsembles);
  input.policy = {.concurrency = *rc::gen::inRange<std::size_t>(1, 6),
                  .error_budget = *rc::gen::inRange<std::size_t>(0, 4),
                  .soak = WallTime(*rc::gen::inRange(0, 3) * 500),
                  .time_needed = WallTime(*rc::gen::inRange(0, 3) * 40)};
  fleet.interruptions = failing ? *rc::gen::inRange(0, 20) : 0;
  const auto waves = *rc::gen::inRange<std::size_t>(1, 6);
  for (std::size_t wave = 0; wave < waves; ++wave) {
    input.waves.push_back({"wave " + std::to_string(wave), {}});
  }
  for (std::size_t i = 0; i < kEnsembles; ++i) {
    input.waves[*rc::gen::inRange<std::size_t>(0, waves)].ensembles.push_back(i);
    fleet.outcomes[i] = !failing || *rc::gen::inRange(0, 4) != 0 ? kEnds[*rc::gen::inRange(0, 2)]
                                                                 : *rc::gen::elementOf(kEnds);
    fleet.healthy[i] = !failing || *rc::gen::inRange(0, 8) != 0;
  }
  std::erase_if(input.waves, [](const auto& wave) { return wave.ensembles.empty(); });
  if (*rc::gen::arbitrary<bool>()) {
    input.windows.emplace();
    for (WallTime from{*rc::gen::inRange(0, 500)}; from < kHorizon; from += WallTime{1'000}) {
      input.windows->push_back({from, from + WallTime{*rc::gen::inRange(100, 900)}});
    }
    input.windows_known_until = kHorizon;
  }
  return fleet;
}

std::size_t WaveOf(const ModelledFleet& fleet, std::size_t index) {
  const auto& waves = fleet.input.waves;
  const auto found = std::find_if(waves.begin(), waves.end(), [index](const auto& wave) {
    return std::count(wave.ensembles.begin(), wave.ensembles.end(), index) == 1;
  });
  return static_cast<std::size_t>(found - waves.begin());
}

void RequireMayBegin(const ModelledFleet& fleet, std::size_t index) {
  const auto& input = fleet.input;
  RC_ASSERT(fleet.Failed() <= input.policy.error_budget);
  RC_ASSERT(fleet.Running() < input.policy.concurrency);
  for (std::size_t wave = 0; wave < WaveOf(fleet, index); ++wave) {
    for (const auto earlier : input.waves[wave].ensembles) {
      const auto& one = input.ensembles[earlier];
      RC_ASSERT(HasEnded(one.state));
      if (one.state != EnsembleState::kNothingToDo && one.state != EnsembleState::kUnhealthy) {
        RC_ASSERT(input.now - one.ended >= input.policy.soak);
      }
      if (one.state == EnsembleState::kSucceeded && input.policy.soak.count() > 0) {
        RC_ASSERT(one.verified);
      }
    }
  }
  if (input.windows) {
    RC_ASSERT(std::any_of(input.windows->begin(), input.windows->end(), [&](const auto& window) {
      return window.from <= input.now && input.now < window.until &&
             input.now + input.policy.time_needed <= window.until;
    }));
  }
}

void Begin(ModelledFleet& fleet, std::size_t index) {
  auto& one = fleet.input.ensembles[index];
  if (one.state == EnsembleState::kWaiting) {
    RequireMayBegin(fleet, index);
  } else {
    RC_ASSERT(one.state == EnsembleState::kOpen);
    RC_ASSERT(fleet.Running() < fleet.input.policy.concurrency);
  }
  fleet.begun.emplace_back(index, fleet.input.now);
  one.state = EnsembleState::kRunning;
  fleet.ends[index] = fleet.input.now + WallTime(*rc::gen::inRange(1, 300));
}

void Verify(ModelledFleet& fleet, std::size_t index) {
  auto& one = fleet.input.ensembles[index];
  RC_ASSERT(one.state == EnsembleState::kSucceeded && !one.verified);
  one.verified = fleet.healthy[index];
  one.state = one.verified ? one.state : EnsembleState::kUnhealthy;
}

// As many at a time as may run; then the fleet is asked again.
void VerifySome(ModelledFleet& fleet, const std::vector<std::size_t>& indices) {
  RC_ASSERT(fleet.ends.empty());  // a wave that has soaked has ended
  for (std::size_t i = 0; i < std::min(indices.size(), fleet.input.policy.concurrency); ++i) {
    Verify(fleet, indices[i]);
  }
}

// The controller dies: all that ran is open for the next one.
void Interrupt(ModelledFleet& fleet) {
  for (const auto& [index, end] : fleet.ends) {
    fleet.input.ensembles[index].state = EnsembleState::kOpen;
  }
  fleet.ends.clear();
}

void Wait(ModelledFleet& fleet, const FleetDecision& decision) {
  RC_ASSERT(decision.until || !fleet.ends.empty());
  auto next = decision.until.value_or(kHorizon);
  for (const auto& [index, end] : fleet.ends) {
    next = std::min(next, end);
  }
  RC_ASSERT(next > fleet.input.now);
  fleet.input.now = next;
  for (auto it = fleet.ends.begin(); it != fleet.ends.end();) {
    if (it->second <= next) {
      auto& one = fleet.input.ensembles[it->first];
      RC_ASSERT(one.state == EnsembleState::kRunning);  // nobody else's end has touched it
      one = {.state = fleet.outcomes[it->first], .ended = next};
      it = fleet.ends.erase(it);
    } else {
      ++it;
    }
  }
}

FleetStep Drive(ModelledFleet& fleet) {
  for (int steps = 0; steps < 2'000; ++steps) {
    const auto decision = DecideFleet(fleet.input);
    switch (decision.step) {
      case FleetStep::kBegin:
        RC_ASSERT(!decision.ensembles.empty());
        for (const auto index : decision.ensembles) {
          Begin(fleet, index);
        }
        break;
      case FleetStep::kVerify:
        RC_ASSERT(!decision.ensembles.empty());
        VerifySome(fleet, decision.ensembles);
        break;
      case FleetStep::kWait:
        if (fleet.interruptions > 0 && !fleet.ends.empty() && *rc::gen::arbitrary<bool>()) {
          --fleet.interruptions;
          Interrupt(fleet);
          break;
        }
        Wait(fleet, decision);
        break;
      case FleetStep::kEnded:
      case FleetStep::kHalted:
        return decision.step;
    }
  }
  RC_FAIL("the fleet came to no end");
}

TEST(FleetPropertyTest, NoLimitIsPassedAndEachFleetComesToAnEnd) {
  ASSERT_TRUE(rc::check([] {
    auto fleet = AnyFleet(true);
    const auto end = Drive(fleet);
    RC_ASSERT(fleet.Running() == 0U);
    const bool over = fleet.Failed() > fleet.input.policy.error_budget;
    RC_ASSERT(end == (over ? FleetStep::kHalted : FleetStep::kEnded));
    // What failed beyond the budget was running, or looked at, already when it was spent.
    const auto& policy = fleet.input.policy;
    RC_ASSERT(fleet.Failed() <= policy.error_budget + policy.concurrency);
    for (const auto& one : fleet.input.ensembles) {
      RC_ASSERT(over || HasEnded(one.state));
      RC_ASSERT(one.state != EnsembleState::kRunning && one.state != EnsembleState::kOpen);
    }
  }));
}

TEST(FleetPropertyTest, WhereAllSucceedEachIsBegunOnceAndTheFleetEnds) {
  ASSERT_TRUE(rc::check([] {
    auto fleet = AnyFleet(false);
    RC_ASSERT(Drive(fleet) == FleetStep::kEnded);
    std::set<std::size_t> begun;
    for (const auto& [index, at] : fleet.begun) {
      RC_ASSERT(begun.insert(index).second);
    }
    RC_ASSERT(begun.size() == kEnsembles);
  }));
}

}  // namespace
}  // namespace zoowarden::core
