#include "core/run_state.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zoowarden::core {
namespace {

template <typename T>
struct Named {
  T value;
  std::string_view name;
};

constexpr std::array kPhases = std::to_array<Named<RunPhase>>({
    {RunPhase::kPreflight, "preflight"},
    {RunPhase::kStaging, "staging"},
    {RunPhase::kRolling, "rolling"},
    {RunPhase::kFinalCheck, "final_check"},
    {RunPhase::kClosing, "closing"},
    {RunPhase::kSettling, "settling"},
    {RunPhase::kEnded, "ended"},
});
constexpr std::array kGoals = std::to_array<Named<RunGoal>>({
    {RunGoal::kForward, "forward"},
    {RunGoal::kBack, "back"},
});
constexpr std::array kOutcomes = std::to_array<Named<RunOutcome>>({
    {RunOutcome::kNone, "open"},
    {RunOutcome::kSucceeded, "succeeded"},
    {RunOutcome::kRolledBack, "rolled_back"},
    {RunOutcome::kHalted, "halted"},
    {RunOutcome::kStuck, "stuck"},
    {RunOutcome::kRefused, "refused"},
});

constexpr std::array kSettleVerbs = std::to_array<Named<SettleVerb>>({
    {SettleVerb::kConfirm, "confirm"},
    {SettleVerb::kRetry, "retry"},
    {SettleVerb::kRollBack, "rollback"},
    {SettleVerb::kClose, "close"},
});

template <typename T, std::size_t N>
std::string_view NameOf(const std::array<Named<T>, N>& table, T value) {
  const auto found = std::find_if(
      table.begin(), table.end(), [value](const Named<T>& row) { return row.value == value; });
  ZW_CHECK(found != table.end(), "an enumerator has no name");
  return found->name;
}

template <typename T, std::size_t N>
std::optional<T> Parse(const std::array<Named<T>, N>& table, std::string_view name) {
  const auto found = std::find_if(
      table.begin(), table.end(), [name](const Named<T>& row) { return row.name == name; });
  return found == table.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace

std::string_view RunPhaseName(RunPhase phase) { return NameOf(kPhases, phase); }
std::optional<RunPhase> ParseRunPhase(std::string_view name) { return Parse(kPhases, name); }
std::string_view RunGoalName(RunGoal goal) { return NameOf(kGoals, goal); }
std::optional<RunGoal> ParseRunGoal(std::string_view name) { return Parse(kGoals, name); }
std::string_view RunOutcomeName(RunOutcome outcome) { return NameOf(kOutcomes, outcome); }
std::optional<RunOutcome> ParseRunOutcome(std::string_view name) { return Parse(kOutcomes, name); }

std::string_view SettleVerbName(SettleVerb verb) { return NameOf(kSettleVerbs, verb); }
std::optional<SettleVerb> ParseSettleVerb(std::string_view name) {
  return Parse(kSettleVerbs, name);
}

const ServerRun& ServerOf(const RunState& state, model::ServerId id) {
  const auto found = std::find_if(state.servers.begin(),
                                  state.servers.end(),
                                  [id](const ServerRun& server) { return server.id == id; });
  ZW_CHECK(found != state.servers.end(), "server " + model::ToString(id) + " is not in the run");
  return *found;
}

ServerRun& ServerOf(RunState& state, model::ServerId id) {
  return const_cast<ServerRun&>(ServerOf(std::as_const(state), id));
}

bool IsRepair(const RunState& state) {
  return std::any_of(state.servers.begin(), state.servers.end(), [](const ServerRun& server) {
    return server.repair;
  });
}

bool TellsHooks(const RunState& state) { return !state.settlement && !IsRepair(state); }

const model::Generation& WantedOf(const RunState& state, const ServerRun& server) {
  return state.goal == RunGoal::kForward ? server.target : server.origin;
}

}  // namespace zoowarden::core
