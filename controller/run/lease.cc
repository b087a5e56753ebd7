#include "controller/run/lease.h"

#include <algorithm>

namespace zoowarden::controller {
namespace {

using base::ErrorCode;

constexpr std::chrono::milliseconds kPoll{100};
// A lease that does not lapse within twice its own time is being renewed by somebody.
constexpr int kLapsesToWait = 2;

struct Survey {
  std::size_t answered = 0;
  std::size_t asked = 0;
  std::uint64_t highest = 0;
  std::string silent;  // "server 3: connection refused"
  const Lease* live = nullptr;
};

Survey Read(const std::vector<Answer<Lease>>& answers) {
  Survey survey{.asked = answers.size()};
  for (const auto& answer : answers) {
    if (!answer.result) {
      survey.silent += (survey.silent.empty() ? "server " : "; server ") +
                       model::ToString(answer.server) + ": " + answer.result.error().message();
      continue;
    }
    ++survey.answered;
    survey.highest = std::max(survey.highest, answer.result->epoch.value);
    const bool live = answer.result->left.count() > 0;
    if (live && (survey.live == nullptr || survey.live->epoch < answer.result->epoch)) {
      survey.live = &*answer.result;
    }
  }
  return survey;
}

tl::unexpected<base::Error> NoMajority(const Survey& survey) {
  return base::Fail(ErrorCode::kUnavailable,
                    "lease.no_majority",
                    std::to_string(survey.answered) + " of " + std::to_string(survey.asked) +
                        " agents answer and " + std::to_string(MajorityOf(survey.asked)) +
                        " are needed (" + survey.silent + "); start or reach the others");
}

base::Result<RunIdentity> TryAcquire(Agents& agents,
                                     const AcquireOptions& options,
                                     std::uint64_t epoch) {
  const RunIdentity identity{.run_id = options.run_id, .epoch = {epoch}, .holder = options.holder};
  const auto answers = agents.Acquire(identity, options.take_over);
  std::size_t accepted = 0;
  std::string refusals;
  for (const auto& answer : answers) {
    if (answer.result) {
      ++accepted;
    } else {
      refusals += (refusals.empty() ? "server " : "; server ") + model::ToString(answer.server) +
                  ": " + answer.result.error().message();
    }
  }
  if (accepted >= MajorityOf(answers.size())) {
    return identity;
  }
  return base::Fail(
      ErrorCode::kAborted, "lease.held", "too few agents accepted this run (" + refusals + ")");
}

}  // namespace

base::Result<RunIdentity> AcquireRun(Agents& agents,
                                     sys::Clock& clock,
                                     const AcquireOptions& options) {
  const auto began = clock.BootTime();
  while (true) {
    const auto answers = agents.GetLeases();
    const auto survey = Read(answers);
    if (survey.answered < MajorityOf(survey.asked)) {
      return NoMajority(survey);
    }
    if (survey.live == nullptr || options.take_over) {
      return TryAcquire(agents, options, survey.highest + 1);
    }
    if (survey.live->run_id != options.run_id ||
        clock.BootTime() - began > kLapsesToWait * survey.live->lapse) {
      return base::Fail(ErrorCode::kAborted,
                        "lease.held",
                        "another controller holds this ensemble: " + survey.live->holder +
                            " (run " + survey.live->run_id +
                            "); wait until it has finished, or stop it and say --take-over");
    }
    options.waiting("waiting " + std::to_string(survey.live->left.count()) +
                    " ms for the lease of this run's last controller to lapse");
    clock.SleepFor(kPoll);
  }
}

}  // namespace zoowarden::controller
