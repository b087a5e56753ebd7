#include "core/tree_comparison.h"

#include <algorithm>
#include <charconv>

namespace zoowarden::core {
namespace {

using model::Sight;
using model::Znode;

constexpr int kRoundsToDiffer = 3;
constexpr std::string_view kQuota = "/zookeeper/quota/";
constexpr std::string_view kQuotaStats = "/zookeeper_stats";

constexpr std::array kAll = {Aspect::kExistence, Aspect::kData, Aspect::kAcl, Aspect::kChildren};

// How much a quota's subtree holds: each server counts that by itself, outside of transactions.
bool CountedByEachServer(std::string_view path) {
  return path.starts_with(kQuota) && path.ends_with(kQuotaStats);
}

ZnodeViews Readable(const ZnodeViews& views) {
  ZnodeViews readable;
  for (const auto& [id, znode] : views) {
    if (znode.sight != Sight::kForbidden) {
      readable.emplace(id, znode);
    }
  }
  return readable;
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
  }
  return value;
}

bool Agree(const ZnodeViews& views) {
  const Znode* first = nullptr;
  for (const auto& [id, znode] : views) {
    if (znode.sight == Sight::kForbidden) {
      continue;
    }
    if (first == nullptr) {
      first = &znode;
    }
    for (const auto aspect : kAll) {
      if (ZnodeCase::ValueOf(aspect, znode) != ZnodeCase::ValueOf(aspect, *first)) {
        return false;
      }
    }
  }
  return true;
}

void ZnodeCase::AddRound(const ZnodeViews& views) {
  const auto readable = Readable(views);
  Judge(Aspect::kExistence, readable);
  const bool all_there = std::all_of(readable.begin(), readable.end(), [&](const auto& view) {
    return ValueOf(Aspect::kExistence, view.second) ==
           ValueOf(Aspect::kExistence, readable.begin()->second);
  });
  for (const auto aspect : {Aspect::kData, Aspect::kAcl, Aspect::kChildren}) {
    if (all_there) {
      Judge(aspect, readable);
    } else {
      tracks_[static_cast<std::size_t>(aspect)].rounds = 0;
    }
  }
}

void ZnodeCase::Judge(Aspect aspect, const ZnodeViews& readable) {
  auto& track = tracks_[static_cast<std::size_t>(aspect)];
  if (track.closed) {
    return;
  }
  std::map<model::ServerId, Value> shown;
  for (const auto& [id, znode] : readable) {
    shown[id] = ValueOf(aspect, znode);
  }
  if (std::all_of(shown.begin(), shown.end(), [&shown](const auto& one) {
        return one.second == shown.begin()->second;
      })) {
    track.closed = true;
    return;
  }
  track.rounds = track.rounds > 0 && track.shown == shown ? track.rounds + 1 : 1;
  track.shown = std::move(shown);
  if (track.rounds == kRoundsToDiffer) {
    track.closed = true;
    Report(aspect, readable);
  }
}

void ZnodeCase::Report(Aspect aspect, const ZnodeViews& readable) {
  ZnodeDifference difference{.path = path_, .aspect = aspect};
  std::map<std::string, std::vector<model::ServerId>> groups;
  for (const auto& [id, znode] : readable) {
    difference.shown[id] = Shown(aspect, znode);
    groups[difference.shown[id]].push_back(id);
  }
  for (const auto& [shown, servers] : groups) {
    if (2 * servers.size() <= readable.size()) {
      difference.odd.insert(difference.odd.end(), servers.begin(), servers.end());
    }
    difference.text += (difference.text.empty() ? "" : "; ") + Servers(servers) + ": " + shown;
  }
  std::sort(difference.odd.begin(), difference.odd.end());
  difference.text = path_ + ": " + std::string(AspectName(aspect)) + " differs: " + difference.text;
  differences_.push_back(std::move(difference));
}

bool ZnodeCase::settled() const {
  const auto& existence = tracks_[static_cast<std::size_t>(Aspect::kExistence)];
  if (existence.closed && !differences_.empty() &&
      differences_.front().aspect == Aspect::kExistence) {
    return true;
  }
  return std::all_of(
      tracks_.begin(), tracks_.end(), [](const Track& track) { return track.closed; });
}

}  // namespace zoowarden::core
