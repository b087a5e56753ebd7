#include "journal/run_retention.h"

namespace zoowarden::journal {
namespace {

bool BroughtOrder(const RunFate& run) {
  return run.ended && !run.settles && !run.starts && (run.outcome == "succeeded" || run.outcome == "rolled_back");
}

bool IsClosed(const RunFate& run) {
  return run.ended && (run.settles || run.outcome == "succeeded" || run.outcome == "rolled_back" ||
                       run.outcome == "refused");
}

}  // namespace

std::vector<std::string> RunsToForget(const std::vector<RunFate>& runs, const RunRetention& keep) {
  std::vector<std::string> forget;
  bool order = false;  // a later run brought it
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& run = runs[i];
    const auto age = std::chrono::milliseconds(runs.front().created_ms - run.created_ms);
    const bool many = i >= keep.most || (i >= RunRetention::kLeast && age > keep.age);
    if (i > 0 && many && (order || IsClosed(run))) {
      forget.push_back(run.run_id);
    }
    order = order || BroughtOrder(run);
  }
  return forget;
}

}  // namespace zoowarden::journal
