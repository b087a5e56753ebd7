// What a look at an ensemble can find wrong, and whether its members agree on who they are. Pure.
#pragma once

#include "core/conclusions.h"
#include "model/observation.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::core {

struct Problem {
  std::string reason;                     // stable: docs/json.md lists them
  std::optional<model::ServerId> server;  // none = the whole ensemble
  std::string text;                       // a sentence that names the server
};

// Every proved member must see the declared membership; the text names where it was read. Reasons:
// membership_unreadable, membership_differs.
[[nodiscard]] std::vector<Problem> MembershipProblems(const std::vector<model::Member>& declared,
                                                      const model::Round& round,
                                                      const Conclusions& conclusions);

// Members whose committed configurations are of different versions, although each of them lists the
// declared members: one has missed a reconfiguration, or was given another. Only what was read as
// the committed configuration has a version. Reason: membership_versions.
[[nodiscard]] std::optional<Problem> ConfigurationVersionProblem(const model::Round& round,
                                                                 const Conclusions& conclusions);

}  // namespace zoowarden::core
