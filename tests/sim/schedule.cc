#include "tests/sim/schedule.h"

#include <algorithm>
#include <array>
#include <random>

namespace zoowarden::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, kIncidentKinds> kNames = {
    "agent_cut_off",     "answers_lost",     "slow_link",
    "calls_repeated",    "member_killed",    "member_frozen",
    "member_cut_off",    "member_restarted", "member_wiped",
    "leadership_lost",   "log_slow",         "agent_killed",
    "agent_dies_acting", "agent_frozen",     "agent_disk_full",
    "machine_crashed",   "records_refused",  "controller_killed",
    "controller_frozen", "taken_over",       "interrupted",
    "checks_veto",       "edited",           "hooks_veto"};

constexpr std::array<std::string_view, kVerbs> kVerbNames = {
    "upgrade", "configuration", "rollback", "take-over", "repair"};

// A clean roll of three servers takes this long.
constexpr int kRollTime = 20'000;
constexpr int kMostIncidents = 6;

// The standard distributions differ between libraries, so a seed would mean something else there.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int Between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool OneIn(int times) { return Between(1, times) == 1; }

 private:
  std::mt19937_64 engine_;
};

model::ServerId AnyServer(Dice& dice, const Schedule& schedule) {
  return {static_cast<std::uint32_t>(dice.Between(1, schedule.participants + schedule.observers))};
}

milliseconds AnyDuration(Dice& dice) {
  switch (dice.Between(0, 2)) {
    case 0:
      return milliseconds(dice.Between(20, 900));
    case 1:
      return milliseconds(dice.Between(900, 6'000));
    default:
      return milliseconds(dice.Between(6'000, 40'000));
  }
}

constexpr std::array kInterruptions = {
    IncidentKind::kControllerKilled,
    IncidentKind::kControllerFrozen,
    IncidentKind::kTakenOver,
    IncidentKind::kInterrupted,
};

bool Interrupts(const Incident& incident) {
  return std::find(kInterruptions.begin(), kInterruptions.end(), incident.kind) !=
         kInterruptions.end();
}

Incident Any(Dice& dice, const Schedule& schedule, IncidentKind kind) {
  constexpr int kMostThings = 16;
  return {.kind = kind,
          .at = milliseconds(dice.Between(0, kRollTime)),
          .lasts = AnyDuration(dice),
          .server = AnyServer(dice, schedule),
          .after = dice.Between(1, kMostThings)};
}

IncidentKind AnyInterruption(Dice& dice) {
  return kInterruptions.at(
      static_cast<std::size_t>(dice.Between(0, static_cast<int>(kInterruptions.size()) - 1)));
}

// One in five befalls another server as well, a moment later.
void AddAnything(Dice& dice, Schedule& schedule) {
  const auto first =
      Any(dice,
          schedule,
          static_cast<IncidentKind>(dice.Between(0, static_cast<int>(IncidentKind::kChecksVeto))));
  schedule.incidents.push_back(first);
  if (dice.OneIn(5)) {
    auto second = first;
    second.at += milliseconds(dice.Between(0, 1'500));
    second.server = AnyServer(dice, schedule);
    schedule.incidents.push_back(second);
  }
}

void AddIncidents(Dice& dice, Schedule& schedule) {
  const int count = dice.Between(1, kMostIncidents);
  const bool only_interrupts = dice.OneIn(8);
  for (int i = 0; i < count; ++i) {
    if (only_interrupts) {
      schedule.incidents.push_back(Any(dice, schedule, AnyInterruption(dice)));
    } else {
      AddAnything(dice, schedule);
    }
  }
}

// What makes this verb come about.
void AddOccasion(Dice& dice, Schedule& schedule) {
  switch (schedule.verb) {
    case Verb::kUpgrade:
    case Verb::kConfigure:
      return;
    case Verb::kRollBack:
      schedule.rolls_back_after = dice.Between(1, 3);
      schedule.incidents.push_back(Any(dice, schedule, AnyInterruption(dice)));
      return;
    case Verb::kTakeOver:
      schedule.incidents.push_back(Any(dice, schedule, IncidentKind::kTakenOver));
      return;
    case Verb::kRepair: {
      // Nobody says anything to an agent until it has waited long enough.
      constexpr int kLonger = 35'000;
      auto silence =
          Any(dice,
              schedule,
              dice.OneIn(2) ? IncidentKind::kAgentCutOff : IncidentKind::kControllerFrozen);
      silence.lasts = milliseconds(dice.Between(kLonger, 2 * kLonger));
      schedule.incidents.push_back(silence);
      return;
    }
  }
}

// Who is told, and what clients may feel. An election takes 400 ms.
void AddOnlookers(Dice& dice, Schedule& schedule) {
  schedule.has_hooks = dice.OneIn(4);
  if (schedule.has_hooks && dice.OneIn(3)) {
    schedule.incidents.push_back(Any(dice, schedule, IncidentKind::kHooksVeto));
  }
  if (dice.OneIn(4)) {
    schedule.client_impact = {.max_write_gap = milliseconds(dice.Between(100, 1'500)),
                              .then = static_cast<model::OverBudget>(dice.Between(0, 1))};
  }
}

void ChooseEnsemble(Dice& dice, Schedule& schedule) {
  schedule.participants = dice.OneIn(5) ? 5 : 3;
  schedule.in_pairs = schedule.participants == 5 && dice.OneIn(2);
  schedule.observers = dice.OneIn(6) ? 1 : 0;
}

}  // namespace

std::string_view IncidentKindName(IncidentKind kind) {
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view VerbName(Verb verb) { return kVerbNames.at(static_cast<std::size_t>(verb)); }

Schedule MakeSchedule(std::uint64_t seed) {
  Dice dice(seed);
  Schedule schedule{.seed = seed};
  schedule.verb = static_cast<Verb>(dice.Between(0, kVerbs - 1));
  ChooseEnsemble(dice, schedule);
  schedule.on_failure = static_cast<model::OnFailure>(dice.OneIn(2) ? 0 : dice.Between(0, 2));
  schedule.has_checks = dice.OneIn(3);
  schedule.same_machine = !dice.OneIn(2);
  if (dice.OneIn(4)) {
    constexpr std::array kBad = {
        Behaviour::kNeverJoins, Behaviour::kExits, Behaviour::kDiesLater, Behaviour::kStandalone};
    schedule.offered[AnyServer(dice, schedule)] =
        kBad.at(static_cast<std::size_t>(dice.Between(0, 3)));
  }
  AddOccasion(dice, schedule);
  AddIncidents(dice, schedule);
  if (dice.OneIn(10)) {
    schedule.incidents.push_back(Any(dice, schedule, IncidentKind::kEdited));
  }
  AddOnlookers(dice, schedule);
  std::stable_sort(schedule.incidents.begin(),
                   schedule.incidents.end(),
                   [](const Incident& a, const Incident& b) { return a.at < b.at; });
  return schedule;
}

bool OnlyInterrupts(const Schedule& schedule) {
  return std::all_of(schedule.incidents.begin(), schedule.incidents.end(), Interrupts);
}

std::string Describe(const Schedule& schedule) {
  std::string text =
      "seed " + std::to_string(schedule.seed) + ": " + std::string(VerbName(schedule.verb)) + ", " +
      std::to_string(schedule.participants) + " participants" +
      (schedule.in_pairs ? " in pairs, " : ", ") + std::to_string(schedule.observers) +
      " observers, on_failure " + std::string(model::OnFailureName(schedule.on_failure)) +
      (schedule.has_checks ? ", checks" : "") + (schedule.repairs ? ", repairs" : "") +
      (schedule.has_hooks ? ", hooks" : "") +
      (schedule.client_impact
           ? ", write gaps up to " + std::to_string(schedule.client_impact->max_write_gap.count()) +
                 " ms or " + std::string(model::OverBudgetName(schedule.client_impact->then))
           : "") +
      (schedule.restarts ? ", restarts" : "") +
      (schedule.same_machine ? "" : ", resumed elsewhere") + ", goes back after " +
      std::to_string(schedule.rolls_back_after);
  for (const auto& [id, behaviour] : schedule.offered) {
    text += "\n  server " + model::ToString(id) + " behaves as " +
            std::to_string(static_cast<int>(behaviour));
  }
  for (const auto& incident : schedule.incidents) {
    text += "\n  " + std::to_string(incident.at.count()) +
            " ms: " + std::string(IncidentKindName(incident.kind)) + " server " +
            model::ToString(incident.server) + " for " + std::to_string(incident.lasts.count()) +
            " ms" +
            (incident.kind == IncidentKind::kAgentDiesActing
                 ? ", after " + std::to_string(incident.after)
                 : "");
  }
  return text;
}

}  // namespace zoowarden::sim
