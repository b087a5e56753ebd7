// Whatever happens to the ensemble, and whatever rounds are fed: no forbidden stop, and an end.
#include "core/operation_table.h"
#include "tests/unit/core/fake_ensemble.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace zoowarden::core {
namespace {

using model::Mode;
using model::OperationState;
using testing::FakeEnsemble;
using testing::Id;
using testing::Start;

const std::vector<OperationState> kAllStates(AllOperationStates().begin(),
                                             AllOperationStates().end());

std::uint32_t AnyServer(std::uint32_t servers) {
  return *rc::gen::inRange<std::uint32_t>(1, servers + 1);
}

void Disturb(FakeEnsemble& ensemble, std::uint32_t servers) {
  const auto id = AnyServer(servers);
  switch (*rc::gen::inRange(0, 12)) {
    case 0:
      ensemble.Crash(id);
      break;
    case 1:
      ensemble.Boot(id);
      break;
    case 2:
      ensemble.At(id).frozen = true;
      break;
    case 3:
    case 4:
      ensemble.At(id).frozen = false;
      break;
    case 5:
      ensemble.At(id).answers = false;
      break;
    case 6:
    case 7:
      ensemble.At(id).answers = true;
      break;
    case 8:
      ensemble.MoveLeader(id);
      break;
    case 9:
      ensemble.expiring_permits = *rc::gen::inRange(0, 4);
      break;
    case 10:
      ensemble.check_passes = *rc::gen::arbitrary<bool>();
      break;
    case 11:
      ensemble.now += std::chrono::milliseconds(*rc::gen::inRange(0, 30'000));
      break;
    default:
      break;
  }
}

void Prepare(FakeEnsemble& ensemble, std::uint32_t servers) {
  for (std::uint32_t id = 1; id <= servers; ++id) {
    ensemble.starts[id] = *rc::gen::weightedElement<Start>(
        {{8, Start::kGood}, {1, Start::kDies}, {1, Start::kNeverJoins}});
    if (*rc::gen::inRange(0, 12) == 0) {
      ensemble.old_fails.insert(id);
    }
  }
  ensemble.state.has_checks = *rc::gen::arbitrary<bool>();
  ensemble.state.policy.on_failure = *rc::gen::element(
      model::OnFailure::kRollbackAll, model::OnFailure::kRollbackServer, model::OnFailure::kHalt);
}

void RequireNoViolation(const FakeEnsemble& ensemble) {
  for (const auto& line : ensemble.log) {
    if (line.starts_with("VIOLATION")) {
      RC_FAIL(line);
    }
  }
}

// The outcome is what is true: all-new, all-old, and nothing left under way behind a closed run.
void RequireTrueOutcome(FakeEnsemble& ensemble, std::uint32_t servers) {
  const auto outcome = ensemble.state.outcome;
  if (outcome == RunOutcome::kHalted || outcome == RunOutcome::kStuck) {
    return;
  }
  for (std::uint32_t id = 1; id <= servers; ++id) {
    RC_ASSERT(ensemble.At(id).generation == (outcome == RunOutcome::kSucceeded ? "new" : "old"));
    RC_ASSERT(!model::IsInFlight(ensemble.At(id).operation.state));
  }
}

TEST(RunPropertyTest, UnderAnyFaultsNoForbiddenStopAndAlwaysAnEnd) {
  EXPECT_TRUE(rc::check([] {
    const auto servers = *rc::gen::element<std::uint32_t>(3, 4, 5);
    FakeEnsemble ensemble(servers, AnyServer(servers));
    Prepare(ensemble, servers);
    const auto pace = *rc::gen::element(3, 20, 100);
    const auto disturbances = *rc::gen::inRange(0, 30);
    bool over = false;
    for (int i = 0; i < disturbances && !over; ++i) {
      over = ensemble.Drive(*rc::gen::inRange(1, pace));
      RequireNoViolation(ensemble);
      Disturb(ensemble, servers);
    }
    // Nothing is healed any more: it must end all the same.
    over = over || ensemble.Drive(6'000);
    RequireNoViolation(ensemble);
    RC_ASSERT(over);
    RC_ASSERT(ensemble.state.outcome != RunOutcome::kNone);
    RequireTrueOutcome(ensemble, servers);
  }));
}

TEST(RunPropertyTest, AControllerThatKeepsDyingMakesNoForbiddenStopEither) {
  EXPECT_TRUE(rc::check([] {
    FakeEnsemble ensemble(5, AnyServer(5));
    Prepare(ensemble, 5);
    for (int i = 0; i < 40; ++i) {
      if (ensemble.Drive(*rc::gen::inRange(1, 30)) && *rc::gen::inRange(0, 3) == 0) {
        break;
      }
      RequireNoViolation(ensemble);
      Disturb(ensemble, 5);
      ensemble.ForgetMemory();
      Reopen(ensemble.state,
             *rc::gen::weightedElement<RunGoal>(
                 {{6, ensemble.state.goal}, {1, RunGoal::kForward}, {1, RunGoal::kBack}}));
    }
    RequireNoViolation(ensemble);
  }));
}

// Rounds that no real ensemble would show, member by member.
void Scramble(model::MemberObservation& seen, const std::string& run_id) {
  if (*rc::gen::inRange(0, 3) == 0) {
    seen.operation.operation_id = *rc::gen::element<std::string>("", "run-1", "run-2", "other-1");
    seen.operation.run_id =
        *rc::gen::element<std::string>(std::string(run_id), std::string("other"));
    seen.operation.state = *rc::gen::elementOf(kAllStates);
    seen.operation.from_generation = *rc::gen::element<std::string>("old", "new");
    seen.operation.to_generation = *rc::gen::element<std::string>("new", "old");
    seen.operation.proved = *rc::gen::arbitrary<bool>();
  }
  switch (*rc::gen::inRange(0, 16)) {
    case 0:
      testing::Silence(seen);
      break;
    case 1:
      testing::Kill(seen);
      break;
    case 2:
      testing::Elect(seen);
      break;
    case 3:
      seen.mode = *rc::gen::element(Mode::kLeader, Mode::kStandalone, Mode::kUnknown);
      break;
    case 4:
      seen.durable_zxid = model::Zxid{1};
      break;
    case 5:
      seen.own_zxid.reset();
      break;
    case 6:
      seen.membership.reset();
      break;
    case 7:
      seen.processes_visible = false;
      seen.process.reset();
      break;
    default:
      break;
  }
}

TEST(RunPropertyTest, NoRoundWhateverMakesAForbiddenStop) {
  EXPECT_TRUE(rc::check([] {
    FakeEnsemble ensemble(5, 1);
    ensemble.state.phase = *rc::gen::element(
        RunPhase::kPreflight, RunPhase::kStaging, RunPhase::kRolling, RunPhase::kFinalCheck);
    ensemble.state.goal = *rc::gen::element(RunGoal::kForward, RunGoal::kBack);
    ensemble.state.policy.good_rounds = *rc::gen::element(1, 2);
    if (*rc::gen::arbitrary<bool>()) {
      ensemble.state.attempt = Id(AnyServer(5));
    }
    std::optional<model::ServerId> permitted;
    for (int i = 0; i < 30; ++i) {
      auto round = ensemble.Observe();
      for (auto& seen : round.members) {
        seen.process->generation = *rc::gen::element<std::string>("old", "new");
        seen.current = seen.process->generation == "new" ? testing::New() : testing::Old();
        if (*rc::gen::inRange(0, 4) == 0) {
          Scramble(seen, ensemble.state.run_id);
        } else {
          seen.operation = {.operation_id = "run-9", .run_id = ensemble.state.run_id};
          seen.operation.state = OperationState::kStaged;
          seen.operation.to_generation = *rc::gen::element<std::string>("old", "new");
        }
      }
      const auto silent_attempt = ensemble.state.attempt;
      ensemble.last =
          Decide(ensemble.state, ensemble.memory, {.round = round, .now = model::Instant(200 * i)});
      ensemble.state = ensemble.last.state;
      ensemble.memory = ensemble.last.memory;
      const auto violation = ensemble.Violation(round);
      RC_ASSERT(violation == "");
      for (const auto& action : ensemble.last.actions) {
        const bool stops =
            action.kind == ActionKind::kProceed || action.kind == ActionKind::kRollBack;
        if (stops && !action.permit_id.empty()) {
          RC_ASSERT(permitted == action.server);  // granted for it in the round just before
        }
        if (action.kind == ActionKind::kProceed && silent_attempt &&
            silent_attempt != action.server) {
          RC_ASSERT(model::FindMember(round, *silent_attempt)->answered);
        }
      }
      permitted.reset();
      for (const auto& action : ensemble.last.actions) {
        if (action.kind == ActionKind::kRequestPermit) {
          NotePermit(ensemble.memory, action.server, "permit", round.number);
          permitted = action.server;
        }
      }
    }
  }));
}

}  // namespace
}  // namespace zoowarden::core
