// The cheap form of `verify`: does the whole ensemble serve, agree and run what ensemble.yaml says?
// Pure; it ends every run, and a person may ask for it at any time.
#pragma once

#include "core/agreement.h"
#include "core/conclusions.h"
#include "model/observation.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::core {

struct VerifyQuestion {
  const std::vector<model::Member>& declared;
  const std::map<model::ServerId, model::Generation>& wanted;  // one a declared server
  const model::Round& round;
  const Conclusions& conclusions;
  std::string_view asked_by = "ensemble.yaml asks for";  // what is wanted, in a sentence
};

// Empty when all is well. Reasons: those of MemberConclusion (a member that is not proved), of
// agreement.h, and no_leader, no_generation, release_differs, configuration_differs,
// generation_differs, version_differs, version_unreadable, current_differs.
[[nodiscard]] std::vector<Problem> FindProblems(const VerifyQuestion& question);

// The sentences, for one line.
[[nodiscard]] std::string TextOf(const std::vector<Problem>& problems);

// What ZooKeeper's own digests of the whole tree say (3.6 on). A member logs one at each zxid that
// is a multiple of 128, and after a start it may log false ones for what its snapshot had caught in
// mid-change: so only those above `floor`, a canary that all members were proved with, are
// compared, at the newest zxid that all members whose logs could be
// read have.
struct DigestComparison {
  std::optional<model::Zxid> at;   // none = nothing to compare
  std::size_t members = 0;         // that were compared
  std::optional<Problem> problem;  // digests_differ
  std::string why_not;             // nothing was compared
};
[[nodiscard]] DigestComparison CompareTreeDigests(const model::Round& round, model::Zxid floor);

}  // namespace zoowarden::core
