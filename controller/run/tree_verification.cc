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
// Suspects are looked at again when their paths and data come to this: messages are at most 4 MiB,
// and an agent reads the data within its deadline.
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
// How long it may take to see that it shall stop.
constexpr milliseconds kNap{200};

class TreeVerification {
 public:
  TreeVerification(Agents& agents,
                   TreeAgents& trees,
                   sys::Clock& clock,
                   const TreeVerifyOptions& options)
      : agents_(agents), trees_(trees), clock_(clock), options_(options) {}

  base::Result<TreeVerdict> Run() {
    const auto renewal = trees_.KeepLease(options_.run);
    ZW_ASSIGN(const auto canary, Canary());
    TreeRows::Walks walks;
    for (const auto server : options_.servers) {
      walks.emplace(server,
                    trees_.Walk(server,
                                {.run = options_.run,
                                 .at_least = canary,
                                 .znodes_per_second = options_.znodes_per_second,
                                 .stop_requested = options_.stop_requested}));
    }
    TreeRows rows(std::move(walks));
    while (true) {
      const auto row = rows.Next();
      if (Stopped()) {
        return verdict_;
      }
      if (!row) {
        return base::Fail(row.error());
      }
      if (!*row) {
        break;
      }
      expected_ = rows.expected();
      Count(**row);
      if (suspects_.size() == TreeAgents::kMostPaths || suspect_bytes_ >= kMostBytes) {
        ZW_TRY(LookAgain());
      }
    }
    ZW_TRY(LookAgain());
    verdict_.complete = !Stopped() && verdict_.root_hidden.empty();
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
      suspect_bytes_ += path.size() + MostDataOf(row);
    }
  }

  static std::size_t MostDataOf(const core::ZnodeViews& row) {
    std::size_t most = 0;
    for (const auto& [server, znode] : row) {
      most = std::max<std::size_t>(most, znode.facts.data_bytes);
    }
    return most;
  }

  // All suspects so far, round by round, until each is settled or they have had their rounds.
  base::Status LookAgain() {
    int round = 0;
    for (; round < kRounds && !suspects_.empty() && !Stopped(); ++round) {
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
      if (round == kRounds && suspect.differences().empty()) {
        ++verdict_.unsettled;
        if (verdict_.unsettled_paths.size() < kNamedUnsettled) {
          verdict_.unsettled_paths.push_back(suspect.path());
        }
      }
    }
    suspects_.clear();
    suspect_bytes_ = 0;
    return base::Ok();
  }

  void Keep(const core::ZnodeCase& suspect) {
    for (const auto& difference : suspect.differences()) {
      if (!TooMany()) {
        verdict_.differences.push_back(difference);
      }
    }
  }

  // One that is stopped halfway is none.
  base::Status Round() {
    std::vector<std::string> paths;
    for (const auto& suspect : suspects_) {
      paths.push_back(suspect.path());
    }
    ZW_ASSIGN(const auto canary, Canary());
    std::vector<core::ZnodeViews> views(paths.size());
    for (std::size_t done = 0; done < paths.size();) {
      const auto count = std::min(AtOnce(), paths.size() - done);
      const auto first = paths.begin() + static_cast<std::ptrdiff_t>(done);
      const auto began = clock_.BootTime();
      ZW_TRY(Read(canary, {first, first + static_cast<std::ptrdiff_t>(count)}, &views[done]));
      done += count;
      WaitForRate(began, count);
      if (Stopped()) {
        return base::Ok();
      }
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
      suspects_[i].AddRound(views[i]);
    }
    return base::Ok();
  }

  base::Status Read(model::Zxid at_least,
                    const std::vector<std::string>& paths,
                    core::ZnodeViews* views) {
    for (auto& answer : trees_.ReadZnodes(options_.run, options_.servers, at_least, paths)) {
      if (!answer.result) {
        return base::Fail(answer.result.error());
      }
      for (std::size_t i = 0; i < paths.size(); ++i) {
        views[i].emplace(answer.server, std::move((*answer.result)[i]));
      }
    }
    return base::Ok();
  }

  // What is read again counts as what is read: a second's worth at once, and then the rest of it is
  // waited for.
  [[nodiscard]] std::size_t AtOnce() const {
    const std::size_t rate = options_.znodes_per_second;
    return rate == 0 ? TreeAgents::kMostPaths : std::min(rate, TreeAgents::kMostPaths);
  }
  void WaitForRate(milliseconds began, std::size_t count) {
    if (options_.znodes_per_second == 0) {
      return;
    }
    const auto due = began + milliseconds(1'000 * count / options_.znodes_per_second);
    for (auto now = clock_.BootTime(); now < due && !Stopped(); now = clock_.BootTime()) {
      clock_.SleepFor(std::min(kNap, due - now));
    }
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
  std::size_t suspect_bytes_ = 0;
};

}  // namespace

base::Result<TreeVerdict> VerifyTrees(Agents& agents,
                                      TreeAgents& trees,
                                      sys::Clock& clock,
                                      const TreeVerifyOptions& options) {
  return TreeVerification(agents, trees, clock, options).Run();
}

}  // namespace zoowarden::controller
