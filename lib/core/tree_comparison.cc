#include "core/tree_comparison.h"

#include <algorithm>
#include <charconv>

namespace zoowarden::core {
namespace {

using model::Sight;
using model::Znode;

constexpr int kRoundsToDiffer = 3;
constexpr int kConflictsToDiffer = 2;
constexpr std::string_view kQuota = "/zookeeper/quota/";
constexpr std::string_view kQuotaStats = "/zookeeper_stats";

constexpr std::array kOfReadable = {
    Aspect::kExistence, Aspect::kData, Aspect::kAcl, Aspect::kChildren};

// How much a quota's subtree holds: each server counts that by itself, outside of transactions.
bool CountedByEachServer(std::string_view path) {
  return path.starts_with(kQuota) && path.ends_with(kQuotaStats);
}

ZnodeViews Without(Sight sight, const ZnodeViews& views) {
  ZnodeViews others;
  for (const auto& [id, znode] : views) {
    if (znode.sight != sight) {
      others.emplace(id, znode);
    }
  }
  return others;
}

bool Any(Sight sight, const ZnodeViews& views) {
  return std::any_of(
      views.begin(), views.end(), [sight](const auto& view) { return view.second.sight == sight; });
}

// What says which change of this aspect was the last: a zxid, or a version that only rises.
std::vector<std::uint64_t> Anchors(Aspect aspect, const Znode& znode) {
  const auto& facts = znode.facts;
  if (aspect == Aspect::kAcl) {
    return {static_cast<std::uint64_t>(facts.aversion)};
  }
  return {facts.modified.value, static_cast<std::uint64_t>(facts.version)};
}

std::string Hex(std::uint32_t value) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  const std::string text(digits.data(), end);
  return std::string(digits.size() - text.size(), '0') + text;
}

std::string Shown(Aspect aspect, const Znode& znode) {
  const auto& facts = znode.facts;
  if (znode.sight == Sight::kAbsent) {
    return "none";
  }
  switch (aspect) {
    case Aspect::kExistence:
      return "czxid " + facts.created.ToString();
    case Aspect::kData:
      return "mzxid " + facts.modified.ToString() + ", version " + std::to_string(facts.version) +
             ", " + std::to_string(facts.data_bytes) + " bytes with CRC " + Hex(facts.data_crc) +
             (facts.owner == 0
                  ? ""
                  : ", of session " +
                        model::Zxid{static_cast<std::uint64_t>(facts.owner)}.ToString());
    case Aspect::kAcl:
      return "aversion " + std::to_string(facts.aversion) + ", ACL with CRC " + Hex(facts.acl_crc);
    case Aspect::kChildren:
      return "cversion " + std::to_string(facts.cversion);
    case Aspect::kAccess:
      return znode.sight == Sight::kForbidden ? "hidden by its ACL" : "readable";
  }
  return "";
}

std::string Servers(const std::vector<model::ServerId>& ids) {
  std::string text = ids.size() == 1 ? "server " : "servers ";
  for (const auto id : ids) {
    text += (id == ids.front() ? "" : ", ") + model::ToString(id);
  }
  return text;
}

}  // namespace

std::string_view AspectName(Aspect aspect) {
  switch (aspect) {
    case Aspect::kExistence:
      return "existence";
    case Aspect::kData:
      return "data";
    case Aspect::kAcl:
      return "acl";
    case Aspect::kChildren:
      return "children";
    case Aspect::kAccess:
      return "access";
  }
  return "";
}

bool IsCompared(std::string_view path) {
  return path != "/zookeeper" && path != "/zookeeper/config";
}

ZnodeCase::Value ZnodeCase::ValueOf(Aspect aspect, const Znode& znode) {
  const auto& facts = znode.facts;
  if (znode.sight != Sight::kPresent) {
    return {};
  }
  const auto number = [](auto value) { return static_cast<std::uint64_t>(value); };
  Value value{1, facts.created.value};
  switch (aspect) {
    case Aspect::kExistence:
      break;
    case Aspect::kData:
      value[2] = facts.modified.value;
      value[3] = number(facts.version);
      value[4] = number(facts.owner);
      if (!CountedByEachServer(znode.path)) {
        value[5] = (number(facts.data_bytes) << 32U) | facts.data_crc;
      }
      break;
    case Aspect::kAcl:
      value[2] = number(facts.aversion);
      value[3] = facts.acl_crc;
      break;
    case Aspect::kChildren:
      value[2] = number(facts.cversion);
      break;
    case Aspect::kAccess:
      value[2] = number(facts.aversion);
      break;
  }
  return value;
}

bool ZnodeCase::Equal(Aspect aspect, const ZnodeViews& views) {
  if (aspect == Aspect::kAccess) {
    return !(Any(Sight::kForbidden, views) && Any(Sight::kPresent, views));
  }
  return std::all_of(views.begin(), views.end(), [&](const auto& view) {
    return ValueOf(aspect, view.second) == ValueOf(aspect, views.begin()->second);
  });
}

bool Agree(const ZnodeViews& views) {
  const auto readable = Without(Sight::kForbidden, views);
  if (!readable.empty() && readable.size() < views.size()) {
    return false;
  }
  return std::all_of(kOfReadable.begin(), kOfReadable.end(), [&readable](auto aspect) {
    return ZnodeCase::Equal(aspect, readable);
  });
}

void ZnodeCase::AddRound(const ZnodeViews& views) {
  const auto there = Without(Sight::kAbsent, views);
  const auto readable = Without(Sight::kForbidden, views);
  // What not all members show can differ, but nobody has seen it equal.
  const bool all_alike = there.empty() || there.size() == views.size();
  const bool all_compared = readable.empty() || readable.size() == views.size();
  Judge(Aspect::kAccess, there, all_alike);
  JudgeConflicts(Aspect::kData, readable);
  JudgeConflicts(Aspect::kAcl, readable);
  Judge(Aspect::kExistence, readable, all_compared);
  const bool all_there = Equal(Aspect::kExistence, readable);
  for (const auto aspect : {Aspect::kData, Aspect::kAcl, Aspect::kChildren}) {
    if (all_there) {
      Judge(aspect, readable, all_compared);
    } else {
      TrackOf(aspect).rounds = 0;
    }
  }
}

void ZnodeCase::Judge(Aspect aspect, const ZnodeViews& compared, bool all) {
  auto& track = TrackOf(aspect);
  if (track.closed) {
    return;
  }
  if (Equal(aspect, compared)) {
    track.closed = all;
    track.rounds = 0;
    return;
  }
  std::map<model::ServerId, Value> shown;
  for (const auto& [id, znode] : compared) {
    shown[id] = ValueOf(aspect, znode);
  }
  track.rounds = track.rounds > 0 && track.shown == shown ? track.rounds + 1 : 1;
  track.shown = std::move(shown);
  if (track.rounds == kRoundsToDiffer) {
    track.closed = true;
    Report(aspect, compared);
  }
}

ZnodeViews ZnodeCase::ConflictIn(Aspect aspect, const ZnodeViews& readable) {
  const auto present = Without(Sight::kAbsent, readable);
  ZnodeViews most;
  for (const auto& [id, znode] : present) {
    const auto anchors = Anchors(aspect, znode);
    for (std::size_t i = 0; i < anchors.size(); ++i) {
      auto same = present;
      std::erase_if(same, [&, created = znode.facts.created](const auto& view) {
        return view.second.facts.created != created ||
               Anchors(aspect, view.second)[i] != anchors[i];
      });
      if (!Equal(aspect, same) && same.size() > most.size()) {
        most = std::move(same);
      }
    }
  }
  return most;
}

void ZnodeCase::JudgeConflicts(Aspect aspect, const ZnodeViews& readable) {
  auto& track = TrackOf(aspect);
  if (track.closed) {
    return;
  }
  const auto conflict = ConflictIn(aspect, readable);
  if (!conflict.empty() && ++track.conflicts == kConflictsToDiffer) {
    track.closed = true;
    Report(aspect, conflict);
  }
}

void ZnodeCase::Report(Aspect aspect, const ZnodeViews& compared) {
  ZnodeDifference difference{.path = path_, .aspect = aspect};
  std::map<std::string, std::vector<model::ServerId>> groups;
  for (const auto& [id, znode] : compared) {
    difference.shown[id] = Shown(aspect, znode);
    groups[difference.shown[id]].push_back(id);
  }
  for (const auto& [shown, servers] : groups) {
    if (2 * servers.size() <= compared.size()) {
      difference.odd.insert(difference.odd.end(), servers.begin(), servers.end());
    }
    difference.text += (difference.text.empty() ? "" : "; ") + Servers(servers) + ": " + shown;
  }
  std::sort(difference.odd.begin(), difference.odd.end());
  difference.text = path_ + ": " + std::string(AspectName(aspect)) + " differs: " + difference.text;
  if (aspect == Aspect::kAccess) {
    difference.text +=
        " (no difference where it has an ACL by address, `ip:`, that only some agents meet)";
  }
  differences_.push_back(std::move(difference));
}

bool ZnodeCase::settled() const {
  // The members do not even have the same to show.
  const bool apart = std::any_of(differences_.begin(), differences_.end(), [](const auto& found) {
    return found.aspect == Aspect::kExistence || found.aspect == Aspect::kAccess;
  });
  return apart || std::all_of(tracks_.begin(), tracks_.end(), [](const Track& track) {
           return track.closed;
         });
}

}  // namespace zoowarden::core
