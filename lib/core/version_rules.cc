#include "core/version_rules.h"

#include <array>

namespace zoowarden::core {
namespace {

using model::Version;

constexpr Version kOldestSupported{3, 5, 5};  // first stable 3.5
constexpr Version kNextUnknown{3, 10, 0};     // not released, its formats are not known

// Releases from `first` to `last`, both included, are not rolled to.
struct DeniedTarget {
  std::string_view id;
  Version first;
  Version last;
  std::string_view reason;
};

constexpr std::array kDenied = std::to_array<DeniedTarget>({
    {"version.data_loss.4925",
     {3, 9, 3},
     {3, 9, 3},
     "a follower that rejoins can spread a hole in the committed log and lose acknowledged writes "
     "(ZOOKEEPER-4925); rolling restarts trigger it. Use 3.9.4 or later, or 3.9.2, which is not "
     "affected"},
    {"version.rejoin.3758",
     {3, 6, 0},
     {3, 6, 0},
     "members fail to rejoin after a restart (ZOOKEEPER-3758). Use 3.6.4"},
    {"version.split_brain.3701",
     {3, 5, 5},
     {3, 5, 6},
     "a full log disk can split the ensemble (ZOOKEEPER-3701). Use 3.5.10"},
    {"version.unsynced_follower.4785",
     {3, 8, 0},
     {3, 8, 4},
     "a follower that crashes right after joining can lose committed transactions "
     "(ZOOKEEPER-4785). Use 3.8.6"},
    {"version.unsynced_follower.4785",
     {3, 9, 0},
     {3, 9, 1},
     "a follower that crashes right after joining can lose committed transactions "
     "(ZOOKEEPER-4785). Use 3.9.4 or later"},
});

RuleFinding Refuse(std::string id, std::string text) {
  return {.id = std::move(id), .severity = RuleSeverity::kRefuse, .text = std::move(text)};
}

RuleFinding Warn(std::string id, std::string text) {
  return {.id = std::move(id), .severity = RuleSeverity::kWarn, .text = std::move(text)};
}

}  // namespace

std::vector<RuleFinding> CheckTarget(std::optional<Version> from, Version to) {
  std::vector<RuleFinding> findings;
  if (from == to) {
    return findings;  // a configuration roll stays on what already runs
  }
  for (const auto& denied : kDenied) {
    if (denied.first <= to && to <= denied.last) {
      findings.push_back(Refuse(std::string(denied.id),
                                "version " + to.ToString() +
                                    " is refused as a new target: " + std::string(denied.reason)));
    }
  }
  if (to < kOldestSupported || to >= kNextUnknown) {
    findings.push_back(Refuse("version.unsupported",
                              "version " + to.ToString() +
                                  " is not supported: use 3.5.7 to 3.9.x, except those that are "
                                  "refused by name"));
  }
  if (from && *from > to) {
    findings.push_back(Warn("version.downgrade",
                            "version " + to.ToString() + " is older than the running " +
                                from->ToString() + ": fixes of later releases are given up"));
  }
  if (from && to.minor_number > from->minor_number + 1) {
    findings.push_back(Warn("version.skips_lines",
                            "going from " + from->ToString() + " to " + to.ToString() +
                                " skips minor lines; ZooKeeper recommends one line at a time"));
  }
  return findings;
}

std::vector<RuleFinding> CheckWayBack(Version newer, Version older) {
  std::vector<RuleFinding> findings;
  if (older < kOldestSupported && newer >= kOldestSupported) {
    findings.push_back(
        Refuse("version.way_back.3_4",
               "there is no safe way back from " + newer.ToString() + " to " + older.ToString() +
                   ": 3.4 cannot read container, TTL and reconfiguration transactions"));
  }
  return findings;
}

}  // namespace zoowarden::core
