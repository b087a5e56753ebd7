// What a round of observation may conclude about each member. Pure.
//
// Proved and down are the only two conclusions that allow anything; everything else is unknown, and
// an unknown member is neither counted nor stopped.
#pragma once

#include "model/observation.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::core {

enum class Standing { kProved, kDown, kUnknown };
[[nodiscard]] std::string_view StandingName(Standing standing);  // "proved", "down", "unknown"

struct MemberConclusion {
  model::ServerId id;
  Standing standing = Standing::kUnknown;
  std::string reason;    // for unknown and down: stable name of the first thing that is missing
  std::string why;       // the same as a sentence
  std::string evidence;  // for proved: what was seen and where it was read
};

struct Conclusions {
  std::vector<MemberConclusion> members;  // sorted by id
  std::optional<model::ServerId> leader;  // exactly one proved member says so

  [[nodiscard]] const MemberConclusion& Of(model::ServerId id) const;  // id must be declared
  [[nodiscard]] bool IsProved(model::ServerId id) const;
  [[nodiscard]] std::set<model::ServerId> Proved() const;
  // "server 2: its agent does not answer; server 3: ..." for all that are not proved, except `but`.
  [[nodiscard]] std::string NotProved(std::optional<model::ServerId> but = std::nullopt) const;
};

// The process of each server in the round before; a change between two rounds means that somebody
// restarted it, and one more round must see it unchanged.
using KnownProcesses = std::map<model::ServerId, model::Process>;

[[nodiscard]] Conclusions Conclude(const std::vector<model::Member>& declared,
                                   const model::Round& round,
                                   const KnownProcesses& before);

// "Down" alone: no ZooKeeper process on the data directory, or one that the operation started, that
// was never proved since, is past its deadline and was seen without an established quorum
// connection.
[[nodiscard]] bool IsDown(const model::MemberObservation& seen);

}  // namespace zoowarden::core
