#include "controller/run/lease.h"

#include "controller/run/denial.h"

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
  std::size_t denied = 0;
  std::string silent;  // "server 3: connection refused"
  const Lease* live = nullptr;
};

Survey Read(const std::vector<Answer<Lease>>& answers) {
  Survey survey{.asked = answers.size()};
  for (const auto& answer : answers) {
    if (!answer.result) {
      survey.denied += IsDenial(answer.result.error()) ? 1 : 0;
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
  if (survey.denied == survey.asked) {
    return base::Fail(ErrorCode::kPermissionDenied,
                      "lease.denied",
                      "no agent takes this certificate (" + survey.silent + ")");
  }
  return base::Fail(ErrorCode::kUnavailable,
                    "lease.no_majority",
                    std::to_string(survey.answered) + " of " + std::to_string(survey.asked) +
                        " agents answer and " + std::to_string(MajorityOf(survey.asked)) +
                        " are needed (" + survey.silent + "); start or reach the others");
}

base::Status AskForEpoch(Agents& agents, const RunIdentity& identity, bool take_over) {
  const auto answers = agents.Acquire(identity, take_over);
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
    return base::Ok();
  }
  return base::Fail(
      ErrorCode::kAborted, "lease.held", "too few agents accepted this run (" + refusals + ")");
}

base::Result<RunIdentity> TryAcquire(Agents& agents,
                                     const AcquireOptions& options,
                                     std::uint64_t epoch) {
  const RunIdentity identity{.run_id = options.run_id, .epoch = {epoch}, .holder = options.holder};
  if (const auto accepted = AskForEpoch(agents, identity, options.take_over); !accepted) {
    // Those who accepted it would keep others waiting for a run that never began.
    static_cast<void>(agents.Release(identity));
    return base::Fail(accepted.error());
  }
  return identity;
}

// Who holds the agents of a run that is under way.
struct Hands {
  std::size_t own = 0;
  std::size_t others = 0;   // somebody else's, with a higher epoch
  bool live_other = false;  // one of those whose lease has not lapsed
  std::uint64_t highest = 0;
  std::string who;  // "server 1 was last held by ... (run ...)"
};

// A holder's name is of one life of one controller: whatever epoch stands with it is its own, also
// one that was raised by a call whose answer was lost.
Hands CountHands(const std::vector<Answer<Lease>>& answers, const RunIdentity& held) {
  Hands hands{.highest = held.epoch.value};
  for (const auto& answer : answers) {
    if (!answer.result) {
      continue;
    }
    const auto& lease = *answer.result;
    hands.highest = std::max(hands.highest, lease.epoch.value);
    if (lease.holder == held.holder && lease.run_id == held.run_id) {
      ++hands.own;
    } else if (lease.epoch >= held.epoch) {
      ++hands.others;
      hands.live_other = hands.live_other || lease.left.count() > 0;
      hands.who += (hands.who.empty() ? "server " : "; server ") + model::ToString(answer.server) +
                   " was last held by " + lease.holder + " (run " + lease.run_id + ")";
    }
  }
  return hands;
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
      ZW_ASSIGN(auto identity, TryAcquire(agents, options, survey.highest + 1));
      if (survey.live != nullptr) {
        options.interrupted(*survey.live);
      }
      return identity;
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

base::Status CheckTaken(Agents& agents) {
  const auto answers = agents.GetLeases();
  const auto survey = Read(answers);
  if (survey.denied < MajorityOf(survey.asked)) {
    return base::Ok();
  }
  return base::Fail(
      ErrorCode::kPermissionDenied,
      "lease.denied",
      "too few agents and this controller take each other's certificates (" + survey.silent + ")");
}

base::Result<RunIdentity> RaiseEpoch(Agents& agents, const RunIdentity& held) {
  const auto answers = agents.GetLeases();
  const auto hands = CountHands(answers, held);
  const auto majority = MajorityOf(answers.size());
  if (hands.others + majority > answers.size()) {
    return base::Fail(ErrorCode::kAborted,
                      "run.fenced",
                      "another controller has taken this run over (" + hands.who + ")");
  }
  if (hands.own < majority) {
    return base::Fail(ErrorCode::kUnavailable,
                      "lease.no_majority",
                      std::to_string(hands.own) + " of " + std::to_string(answers.size()) +
                          " agents say that this run still holds them and " +
                          std::to_string(majority) + " are needed (" + hands.who +
                          "); reach the others, then `zoowarden resume`");
  }
  if (hands.live_other) {
    return base::Fail(ErrorCode::kAborted, "lease.held", hands.who);
  }
  auto raised = held;
  raised.epoch.value = hands.highest + 1;
  if (const auto accepted = AskForEpoch(agents, raised, /*take_over=*/false); !accepted) {
    return base::Fail(ErrorCode::kUnavailable, "lease.not_raised", accepted.error().message());
  }
  return raised;
}

}  // namespace zoowarden::controller
