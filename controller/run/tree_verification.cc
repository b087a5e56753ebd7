#include "controller/run/tree_verification.h"

#include "controller/run/tree_rows.h"

#include <algorithm>
#include <utility>

namespace zoowarden::controller {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCanaryDeadline{1'500};
constexpr int kCanaryTries = 5;
// A difference takes three rounds; the others are for znodes that change all the time.
constexpr int kRounds = 12;
constexpr milliseconds kBetweenRounds{100};
constexpr std::uint64_t kTellEvery = 1'000;
constexpr std::size_t kNamedUnsettled = 10;

class TreeVerification {
 public:
  TreeVerification(Agents& agents,
                   TreeAgents& trees,
                   sys::Clock& clock,
                   const TreeVerifyOptions& options)
      : agents_(agents), trees_(trees), clock_(clock), options_(options) {}

  base::Result<TreeVerdict> Run() {
    ZW_ASSIGN(const auto canary, Canary());
    TreeRows::Walks walks;
    for (const auto server : options_.servers) {
      walks.emplace(server,
                    trees_.Walk(server,
                                {.run = options_.run,
                                 .at_least = canary,
                                 .znodes_per_second = options_.znodes_per_second}));
    }
    TreeRows rows(std::move(walks));
    while (true) {
      ZW_ASSIGN(const auto row, rows.Next());
      if (!row) {
        break;
      }
      expected_ = rows.expected();
      Count(*row);
      if (suspects_.size() == TreeAgents::kMostPaths) {
        ZW_TRY(LookAgain());
      }
      if (Stopped()) {
        return verdict_;
      }
    }
    ZW_TRY(LookAgain());
    verdict_.complete = !TooMany() && verdict_.root_hidden.empty();
    Tell("");
    return verdict_;
  }

 private:
  [[nodiscard]] bool TooMany() const {
    return verdict_.differences.size() >= options_.most_differences;
  }

  [[nodiscard]] bool Stopped() const {
    return TooMany() || (options_.stop_requested && options_.stop_requested());
  }

  // A frozen leader or an election lets one canary fail, not five.
  base::Result<model::Zxid> Canary() {
    for (int i = 1;; ++i) {
      const auto canary = agents_.CommitCanary(
          options_.canary_through, options_.run, kCanaryDeadline, options_.canary_path);
      if (canary) {
        return canary->zxid;
      }
      if (i == kCanaryTries) {
        return base::Fail(canary.error());
      }
      clock_.SleepFor(milliseconds(500));
    }
  }

  void Count(const core::ZnodeViews& row) {
    const auto& path = row.begin()->second.path;
    ++verdict_.znodes;
    if (verdict_.znodes % kTellEvery == 0) {
      Tell(path);
    }
    for (const auto& [server, znode] : row) {
      if (znode.sight == model::Sight::kForbidden) {
        ++verdict_.unreadable[server];
        if (path == "/") {
          verdict_.root_hidden.push_back(server);
        }
      }
    }
    if (core::IsCompared(path) && !core::Agree(row)) {
      ++verdict_.suspects;
      suspects_.emplace_back(path);
    }
  }

  // All suspects so far, round by round, until each is settled or they have had their rounds.
  base::Status LookAgain() {
    for (int round = 0; round < kRounds && !suspects_.empty(); ++round) {
      if (round > 0) {
        clock_.SleepFor(kBetweenRounds);
      }
      ZW_TRY(Round());
      std::erase_if(suspects_, [this](const core::ZnodeCase& suspect) {
        if (suspect.settled()) {
          Keep(suspect);
        }
        return suspect.settled();
      });
    }
    for (const auto& suspect : suspects_) {
      Keep(suspect);
      if (suspect.differences().empty()) {
        ++verdict_.unsettled;
        if (verdict_.unsettled_paths.size() < kNamedUnsettled) {
          verdict_.unsettled_paths.push_back(suspect.path());
        }
      }
    }
    suspects_.clear();
    return base::Ok();
  }

  void Keep(const core::ZnodeCase& suspect) {
    for (const auto& difference : suspect.differences()) {
      if (!TooMany()) {
        verdict_.differences.push_back(difference);
      }
    }
  }

  base::Status Round() {
    std::vector<std::string> paths;
    for (const auto& suspect : suspects_) {
      paths.push_back(suspect.path());
    }
    ZW_ASSIGN(const auto canary, Canary());
    std::vector<core::ZnodeViews> views(paths.size());
    for (auto& answer : trees_.ReadZnodes(options_.run, canary, paths)) {
      if (!options_.servers.contains(answer.server)) {
        continue;
      }
      if (!answer.result) {
        return base::Fail(answer.result.error());
      }
      for (std::size_t i = 0; i < paths.size(); ++i) {
        views[i].emplace(answer.server, std::move((*answer.result)[i]));
      }
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
      suspects_[i].AddRound(views[i]);
    }
    return base::Ok();
  }

  void Tell(const std::string& path) const {
    if (options_.progress) {
      options_.progress({.znodes = verdict_.znodes,
                         .expected = expected_,
                         .suspects = verdict_.suspects,
                         .differences = verdict_.differences.size(),
                         .path = path});
    }
  }

  Agents& agents_;
  TreeAgents& trees_;
  sys::Clock& clock_;
  const TreeVerifyOptions& options_;
  TreeVerdict verdict_;
  std::uint64_t expected_ = 0;
  std::vector<core::ZnodeCase> suspects_;
};

}  // namespace

base::Result<TreeVerdict> VerifyTrees(Agents& agents,
                                      TreeAgents& trees,
                                      sys::Clock& clock,
                                      const TreeVerifyOptions& options) {
  return TreeVerification(agents, trees, clock, options).Run();
}

}  // namespace zoowarden::controller
