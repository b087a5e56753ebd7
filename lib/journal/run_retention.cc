#include "journal/run_retention.h"

#include <algorithm>

namespace zoowarden::journal {
namespace {

bool BroughtOrder(const RunFate& run) {
  return run.ended && !run.settles && !run.starts &&
         (run.outcome == "succeeded" || run.outcome == "rolled_back");
}

bool IsClosed(const RunFate& run) {
  return run.ended && (run.settles || run.outcome == "succeeded" || run.outcome == "rolled_back" ||
                       run.outcome == "refused");
}

using Times = std::vector<std::int64_t>;

// What half of the newest say; absent machines and wrong clocks are few.
std::int64_t TimeOfTheNewest(const std::vector<RunFate>& runs) {
  Times times;
  for (std::size_t i = 0; i < std::min(runs.size(), RunRetention::kLeast); ++i) {
    times.push_back(runs[i].created_ms);
  }
  std::sort(times.rbegin(), times.rend());
  return times.empty() ? 0 : times[times.size() / 2];
}

// None was begun before one that is older.
Times TimesOf(const std::vector<RunFate>& runs) {
  Times times(runs.size());
  for (std::size_t i = runs.size(); i-- > 0;) {
    times[i] =
        i + 1 < runs.size() ? std::max(runs[i].created_ms, times[i + 1]) : runs[i].created_ms;
  }
  return times;
}

}  // namespace

std::vector<std::string> RunsToForget(const std::vector<RunFate>& runs, const RunRetention& keep) {
  std::vector<std::string> forget;
  const auto newest = TimeOfTheNewest(runs);
  const auto times = TimesOf(runs);
  bool order = false;  // a later run brought it
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& run = runs[i];
    const auto age = std::chrono::milliseconds(newest - times[i]);
    const bool many = i >= keep.most || (i >= RunRetention::kLeast && age > keep.age);
    if (i > 0 && many && (order || IsClosed(run))) {
      forget.push_back(run.run_id);
    }
    order = order || BroughtOrder(run);
  }
  return forget;
}

}  // namespace zoowarden::journal
