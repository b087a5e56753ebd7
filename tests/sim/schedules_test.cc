// Runs in which nearly everything goes wrong, thousandfold (docs/simulation.md). Another range of
// seeds: ZOOWARDEN_SCHEDULES=FIRST-LAST; one seed, with its story: ZOOWARDEN_SCHEDULES=N.
#include "base/log.h"
#include "tests/sim/drill.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

namespace zoowarden::sim {
namespace {

struct Range {
  std::uint64_t first = 1;
  std::uint64_t last = 1'000;
};

Range SeedsToTry() {
  Range range;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  if (const char* text = std::getenv("ZOOWARDEN_SCHEDULES"); text != nullptr) {
    char* dash = nullptr;
    range.first = std::strtoull(text, &dash, 10);
    range.last = *dash == '-' ? std::strtoull(dash + 1, nullptr, 10) : range.first;
  }
  return range;
}

bool Fails(const Schedule& schedule) { return !Drill(schedule).CarryOut().broken.empty(); }

// Leaves out what is not needed for the failure.
Schedule Shrink(Schedule schedule) {
  for (std::size_t i = 0; i < schedule.incidents.size();) {
    auto without = schedule;
    without.incidents.erase(without.incidents.begin() + static_cast<std::ptrdiff_t>(i));
    if (Fails(without)) {
      schedule = std::move(without);
    } else {
      ++i;
    }
  }
  return schedule;
}

void Report(const Schedule& small) {
  const auto again = Drill(small).CarryOut();
  ADD_FAILURE() << again.broken.front() << "\n" << again.text << "\n" << Describe(small);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  for (const auto& line :
       std::getenv("ZOOWARDEN_STORY") != nullptr ? again.story : std::vector<std::string>()) {
    std::cout << line << "\n";
  }
}

bool WasAborted(const DrillResult& result) {
  return std::any_of(result.story.begin(), result.story.end(), [](const std::string& line) {
    return line.find("aborted by another operator") != std::string::npos;
  });
}

TEST(SchedulesTest, EveryInvariantHoldsAndEveryRunEnds) {
  base::InitLog(base::LogLevel::kError);
  const auto range = SeedsToTry();
  std::map<std::string_view, int> verbs;
  std::map<std::string, int> outcomes;
  int aborted = 0;
  int failed = 0;
  for (auto seed = range.first; seed <= range.last && failed < 5; ++seed) {
    const auto schedule = MakeSchedule(seed);
    const auto result = Drill(schedule).CarryOut();
    ++verbs[VerbName(schedule.verb)];
    aborted += WasAborted(result) ? 1 : 0;
    ++outcomes[std::string(core::RunOutcomeName(result.outcome))];
    if (result.broken.empty()) {
      continue;
    }
    ++failed;
    const auto small = Shrink(schedule);
    const auto again = Drill(small).CarryOut();
    ADD_FAILURE() << again.broken.front() << "\n"
                  << again.text << "\n"
                  << Describe(small) << "\nrepeat: ZOOWARDEN_SCHEDULES=" << seed
                  << " build/dev/bin/schedules_test";
    if (range.first == range.last) {
      for (const auto& line : again.story) {
        std::cout << line << "\n";
      }
    }
  }
  if (range.last - range.first > 500) {  // else faults were never survived, or never mattered
    EXPECT_GT(outcomes["succeeded"], 0);
    EXPECT_GT(outcomes["rolled_back"], 0);
    EXPECT_GT(aborted, 0);
  }
  std::cout << range.last - range.first + 1 << " schedules:";
  for (const auto& [verb, count] : verbs) {
    std::cout << " " << verb << " " << count;
  }
  std::cout << ";";
  for (const auto& [outcome, count] : outcomes) {
    std::cout << " " << outcome << " " << count;
  }
  std::cout << "\n";
}

// Every fifth schedule with something else that the operator is about, and the same incidents.
void TryEveryFifth(const std::string& what, const std::function<void(Schedule&)>& change) {
  base::InitLog(base::LogLevel::kError);
  const auto range = SeedsToTry();
  std::map<std::string, int> outcomes;
  int tried = 0;
  int failed = 0;
  for (auto seed = range.first; seed <= range.last && failed < 5; seed += 5) {
    auto schedule = MakeSchedule(seed);
    change(schedule);
    const auto result = Drill(schedule).CarryOut();
    ++tried;
    ++outcomes[result.nothing_to_do ? "nothing to do"
                                    : std::string(core::RunOutcomeName(result.outcome))];
    if (!result.broken.empty()) {
      ++failed;
      Report(Shrink(schedule));
    }
  }
  if (tried > 100) {
    EXPECT_GT(outcomes["succeeded"], tried / 2);
  }
  std::cout << tried << " schedules: " << what << " " << tried << ";";
  for (const auto& [outcome, count] : outcomes) {
    std::cout << " " << outcome << " " << count;
  }
  std::cout << "\n";
}

TEST(SchedulesTest, RepairsOfWhatIsDownEndToo) {
  TryEveryFifth("repair of what is down", [](Schedule& schedule) { schedule.repairs = true; });
}

TEST(SchedulesTest, RestartsOfWhatRunsEndToo) {
  TryEveryFifth("restart", [](Schedule& schedule) { schedule.restarts = true; });
}

}  // namespace
}  // namespace zoowarden::sim
