#include "controller/run/verification.h"

#include "controller/run/prepare.h"
#include "controller/run/rounds.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace zoowarden::controller {
namespace {

// The first round has no member to commit its canary through and no processes to compare with.
constexpr int kRounds = 4;
constexpr int kMostRounds = 12;
constexpr std::chrono::milliseconds kPause{250};
// ZooKeeper logs a digest at each zxid that is a multiple of this.
constexpr std::uint64_t kDigestInterval = 128;
constexpr std::chrono::milliseconds kCanaryDeadline{1'500};
// On the way there: an election or a frozen leader lets one fail.
constexpr int kFailedCanaries = 3;
// A busy member may miss the time in which its AdminServer is asked.
constexpr int kReadings = 4;

model::Round Only(model::Round round, const std::set<model::ServerId>& kept) {
  std::erase_if(round.members, [&kept](const auto& seen) { return !kept.contains(seen.id); });
  return round;
}

class Look {
 public:
  Look(Agents& agents, sys::Clock& clock, RunIdentity identity, const model::EnsembleSpec& spec)
      : agents_(agents),
        clock_(clock),
        options_{.identity = std::move(identity), .canary_path = spec.canary_path},
        declared_(core::DeclaredMembers(spec)),
        wanted_(WantedGenerations(spec)) {
    options_.sessions = model::IdsOf(declared_);
    options_.tree_digests = true;
  }

  Verdict Rounds() {
    for (int i = 0; i < kRounds || (!verdict_.problems.empty() && i < kMostRounds); ++i) {
      if (i >= kRounds) {
        clock_.SleepFor(kPause);
      }
      Round();
    }
    verdict_.digests = CompareDigests();
    if (verdict_.digests.problem) {
      verdict_.problems.push_back(*verdict_.digests.problem);
    }
    return verdict_;
  }

 private:
  void Round() {
    verdict_.round = MakeRound(agents_, clock_, options_, verdict_.round);
    verdict_.conclusions = core::Conclude(declared_, verdict_.round, before_);
    verdict_.problems = core::FindProblems({.declared = declared_,
                                            .wanted = wanted_,
                                            .round = verdict_.round,
                                            .conclusions = verdict_.conclusions});
    before_.clear();
    for (const auto& seen : verdict_.round.members) {
      if (seen.process) {
        before_[seen.id] = *seen.process;
      }
      if (seen.tree_digests_read) {
        loggers_.insert(seen.id);
      }
    }
  }

  // Canaries until the next zxid at which digests are logged, then the members are asked for them.
  // Whatever else is wrong, those that are proved are in step from the last canary on: what differs
  // between them above it differs for good.
  core::DigestComparison CompareDigests() {
    auto loggers = verdict_.conclusions.Proved();
    std::erase_if(loggers, [this](auto id) { return !loggers_.contains(id); });
    if (!verdict_.round.canary) {
      return {.why_not = "no canary could be committed"};
    }
    if (loggers.size() < 2) {
      return {.why_not = "they can be read of " + std::to_string(loggers.size()) +
                         " proved members, and it takes two (3.6 on, with AdminServer)"};
    }
    const auto floor = *verdict_.round.canary;
    if (const auto reached = CommitUntilLogged(floor); !reached) {
      return {.why_not = "a canary failed on the way to the next zxid at which members log them: " +
                         reached.error().message()};
    }
    core::DigestComparison compared;
    for (int i = 0; i < kReadings && !compared.problem && compared.members < loggers.size(); ++i) {
      if (i > 0) {
        clock_.SleepFor(kPause);
      }
      const auto round = MakeRound(agents_, clock_, options_, verdict_.round);
      auto still = core::Conclude(declared_, round, before_).Proved();
      std::erase_if(still, [&loggers](auto id) { return !loggers.contains(id); });
      auto next = core::CompareTreeDigests(Only(round, still), floor);
      if (next.members >= compared.members) {
        compared = std::move(next);
      }
    }
    return compared;
  }

  base::Status CommitUntilLogged(model::Zxid floor) {
    const auto mark = (floor.value / kDigestInterval + 1) * kDigestInterval;
    for (int failed = 0; floor.value < mark;) {
      const auto canary = agents_.CommitCanary(
          *verdict_.round.canary_through, options_.identity, kCanaryDeadline, options_.canary_path);
      if (canary && canary->zxid > floor) {
        floor = canary->zxid;
        continue;
      }
      if (++failed == kFailedCanaries) {
        return canary ? base::Fail(
                            base::ErrorCode::kDataLoss,
                            "canary.went_back",
                            "its zxid is not above the one before; look at the log of its member")
                      : base::Fail(canary.error());
      }
      clock_.SleepFor(kPause);
    }
    return base::Ok();
  }

  Agents& agents_;
  sys::Clock& clock_;
  RoundOptions options_;
  std::vector<model::Member> declared_;
  std::map<model::ServerId, model::Generation> wanted_;
  core::KnownProcesses before_;
  std::set<model::ServerId> loggers_;  // that told their digests in any round
  Verdict verdict_;
};

}  // namespace

Verdict VerifyEnsemble(Agents& agents,
                       sys::Clock& clock,
                       CheckRunner& checks,
                       const RunIdentity& identity,
                       const model::EnsembleSpec& spec) {
  auto verdict = Look(agents, clock, identity, spec).Rounds();
  for (const auto& check : checks.Run(spec.checks, verdict.round)) {
    if (!check.passed) {
      verdict.problems.push_back({.reason = "check_vetoed",
                                  .server = std::nullopt,
                                  .text = "check '" + check.name + "' vetoed: " + check.text});
    }
  }
  return verdict;
}

}  // namespace zoowarden::controller
