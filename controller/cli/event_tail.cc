#include "controller/cli/event_tail.h"

#include <algorithm>
#include <iterator>

namespace zoowarden::controller {

std::vector<RunEvent> EventTail::Take(const KnownRun& run) {
  auto& shown = shown_[run.record.run_id];
  std::vector<RunEvent> fresh;
  std::copy_if(run.record.events.begin(),
               run.record.events.end(),
               std::back_inserter(fresh),
               [&shown](const RunEvent& event) {
                 return shown.emplace(event.epoch, event.sequence).second;
               });
  return fresh;
}

}  // namespace zoowarden::controller
