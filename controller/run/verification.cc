#include "controller/run/verification.h"

#include "controller/run/prepare.h"
#include "controller/run/rounds.h"

#include <algorithm>

namespace zoowarden::controller {
namespace {

// The first round has no member to commit its canary through and no processes to compare with.
constexpr int kRounds = 4;
constexpr int kMostRounds = 12;
constexpr std::chrono::milliseconds kPause{250};
// ZooKeeper logs a digest at each zxid that is a multiple of this.
constexpr std::uint64_t kDigestInterval = 128;
constexpr std::chrono::milliseconds kCanaryDeadline{1'500};

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
      // Several members that log digests, all of them in step from here on.
      if (i + 1 >= kRounds && verdict_.problems.empty() && Loggers() > 1) {
        CompareDigests();
      }
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
    }
  }

  [[nodiscard]] std::ptrdiff_t Loggers() const {
    const auto& members = verdict_.round.members;
    return std::count_if(
        members.begin(), members.end(), [](const auto& seen) { return seen.tree_digests_read; });
  }

  // Canaries until the next zxid at which a digest is logged; then all members are asked for it.
  void CompareDigests() {
    const auto floor = *verdict_.round.canary;
    const auto mark = (floor.value / kDigestInterval + 1) * kDigestInterval;
    for (auto at = floor.value; at < mark;) {
      const auto canary = agents_.CommitCanary(
          *verdict_.round.canary_through, options_.identity, kCanaryDeadline, options_.canary_path);
      if (!canary || canary->zxid.value <= at) {
        return;
      }
      at = canary->zxid.value;
    }
    Round();
    verdict_.digests = core::CompareTreeDigests(verdict_.round, floor);
    if (verdict_.digests.problem) {
      verdict_.problems.push_back(*verdict_.digests.problem);
    }
  }

  Agents& agents_;
  sys::Clock& clock_;
  RoundOptions options_;
  std::vector<model::Member> declared_;
  std::map<model::ServerId, model::Generation> wanted_;
  core::KnownProcesses before_;
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
