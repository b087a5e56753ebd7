// When does a znode differ between members? Pure; `verify --deep` asks here.
//
// Members are never read at the same moment, and under load there is no moment at which all of them
// are equal. So the trees are read once, side by side, and what is not equal there is only suspect.
// A suspect znode is read again on every member in rounds. Before each round a canary is committed,
// and a member is read in a session that it grants only once it has applied that canary; so
// whatever was read in round k is older than canary k + 1, and whatever is read in round k + 1 is
// not.
//
// An aspect of a znode differs when three rounds in a row showed the same on each member, and not
// the same on all. czxid, version, cversion and aversion never go back while a znode lives: a
// member that showed the same in rounds 1 and 3 was like that at every zxid in between, hence also
// at the one at which another member, in round 2, was read with something else. Both applied the
// same transactions up to there. So this is never a matter of timing.
//
// Data and ACL differ, besides, when two rounds each showed two members that agree on which change
// was the last (mzxid or version, aversion) and not on what it left. That finds what changes too
// often to be the same in three rounds. One such round is none yet: what one transaction does to
// several znodes, or twice to one, can be seen half done.
//
// Where only some members let a znode be read, its access differs: those that do show an ACL of one
// aversion for three rounds, so the others hid it at a moment when these had it open. ACLs by
// address (`ip:`) may do that without any difference. What is hidden here and absent there has no
// zxid to hold on to and is left as too busy.
//
// An aspect is equal as soon as one round shows it equal on all members. What does neither within
// the rounds that are given changes too often to be judged, and is counted as that.
#pragma once

#include "model/znode.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::core {

// One znode as each member showed it in one round.
using ZnodeViews = std::map<model::ServerId, model::Znode>;

enum class Aspect { kExistence, kData, kAcl, kChildren, kAccess };
[[nodiscard]] std::string_view AspectName(Aspect aspect);  // "existence", "data", ...

struct ZnodeDifference {
  std::string path;
  Aspect aspect = Aspect::kExistence;
  // Those that show another thing than a strict majority of the compared; all, without a majority.
  std::vector<model::ServerId> odd;
  std::map<model::ServerId, std::string> shown;
  std::string text;  // a sentence
};

// False for what each server makes of its own: /zookeeper and /zookeeper/config (what is in the
// latter is compared as the membership).
[[nodiscard]] bool IsCompared(std::string_view path);

// Nothing that could be read differs, and all could or none.
[[nodiscard]] bool Agree(const ZnodeViews& views);

// One suspect znode over its rounds.
class ZnodeCase {
 public:
  explicit ZnodeCase(std::string path) : path_(std::move(path)) {}

  void AddRound(const ZnodeViews& views);

  [[nodiscard]] const std::string& path() const { return path_; }
  // Nothing more can be learnt.
  [[nodiscard]] bool settled() const;
  [[nodiscard]] const std::vector<ZnodeDifference>& differences() const { return differences_; }

 private:
  static constexpr std::size_t kAspects = 5;
  using Value = std::array<std::uint64_t, 6>;
  struct Track {
    std::map<model::ServerId, Value> shown;
    int rounds = 0;     // in a row in which it was shown
    int conflicts = 0;  // rounds with members that agree on the last change and not on its result
    bool closed = false;
  };

  // `all`: those are all members, so that it is equal when these are.
  void Judge(Aspect aspect, const ZnodeViews& compared, bool all);
  void JudgeConflicts(Aspect aspect, const ZnodeViews& readable);
  void Report(Aspect aspect, const ZnodeViews& compared);
  [[nodiscard]] Track& TrackOf(Aspect aspect) { return tracks_[static_cast<std::size_t>(aspect)]; }
  [[nodiscard]] static Value ValueOf(Aspect aspect, const model::Znode& znode);
  [[nodiscard]] static bool Equal(Aspect aspect, const ZnodeViews& views);
  // Members with the same last change and different results of it; empty when there are none.
  [[nodiscard]] static ZnodeViews ConflictIn(Aspect aspect, const ZnodeViews& readable);

  friend bool Agree(const ZnodeViews& views);

  std::string path_;
  std::array<Track, kAspects> tracks_;
  std::vector<ZnodeDifference> differences_;
};

}  // namespace zoowarden::core
