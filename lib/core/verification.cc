#include "core/verification.h"

#include <algorithm>
#include <set>

namespace zoowarden::core {
namespace {

using model::MemberObservation;

std::string Named(model::ServerId id) { return "server " + model::ToString(id); }

// One that runs another generation than it should: what of it differs, as far as that is known.
void FindDrift(const MemberObservation& seen,
               const model::Generation& wanted,
               std::string_view asked_by,
               std::vector<Problem>& problems) {
  const auto& running = seen.process->generation;
  const auto by = ", " + std::string(asked_by) + " ";
  const auto add = [&](std::string reason, const std::string& text) {
    problems.push_back({std::move(reason), seen.id, Named(seen.id) + " " + text});
  };
  if (running.empty()) {
    add("no_generation", "runs something that Zoowarden did not install");
    return;
  }
  const auto before = problems.size();
  if (seen.current && seen.current->digest == running) {
    const bool same_version = seen.current->version == wanted.version;
    if (!same_version || seen.current->release_sha512 != wanted.release_sha512) {
      add("release_differs",
          "runs release " + seen.current->version.ToString() + by + wanted.version.ToString() +
              (same_version ? " of another archive" : ""));
    }
    if (seen.current->configuration_digest != wanted.configuration_digest) {
      add("configuration_differs",
          "runs configuration " + seen.current->configuration_digest + by +
              wanted.configuration_digest);
    }
  }
  if (problems.size() == before) {
    add("generation_differs", "runs generation " + running + by + wanted.digest);
  }
}

void FindWrong(const MemberObservation& seen,
               const model::Generation& wanted,
               std::string_view asked_by,
               std::vector<Problem>& problems) {
  if (!seen.answered || !seen.process) {
    return;  // said by its standing
  }
  if (seen.process->generation != wanted.digest) {
    FindDrift(seen, wanted, asked_by, problems);
    return;
  }
  if (!seen.version) {
    problems.push_back(
        {"version_unreadable", seen.id, Named(seen.id) + ": its version cannot be read"});
  } else if (*seen.version != wanted.version) {
    problems.push_back({"version_differs",
                        seen.id,
                        Named(seen.id) + " says version " + seen.version->ToString() + " (" +
                            seen.version_source + ") instead of " + wanted.version.ToString()});
  }
  if (!seen.current || seen.current->digest != wanted.digest) {
    problems.push_back(
        {"current_differs",
         seen.id,
         Named(seen.id) + " runs what it should, but its next start would " +
             (seen.current ? "take generation " + seen.current->digest
                           : "fail: generations/current names no generation that is whole")});
  }
}

}  // namespace

std::vector<Problem> FindProblems(const VerifyQuestion& question) {
  std::vector<Problem> problems;
  for (const auto& member : question.conclusions.members) {
    if (member.standing != Standing::kProved) {
      problems.push_back({member.reason, member.id, Named(member.id) + ": " + member.why});
    }
  }
  if (problems.empty() && !question.conclusions.leader) {
    problems.push_back({"no_leader", std::nullopt, "no leader is known"});
  }
  auto memberships = MembershipProblems(question.declared, question.round, question.conclusions);
  if (memberships.empty()) {
    if (auto versions = ConfigurationVersionProblem(question.round, question.conclusions)) {
      memberships.push_back(*std::move(versions));
    }
  }
  std::move(memberships.begin(), memberships.end(), std::back_inserter(problems));
  for (const auto& seen : question.round.members) {
    if (const auto wanted = question.wanted.find(seen.id); wanted != question.wanted.end()) {
      FindWrong(seen, wanted->second, question.asked_by, problems);
    }
  }
  return problems;
}

std::string TextOf(const std::vector<Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) {
    text += (text.empty() ? "" : "; ") + problem.text;
  }
  return text;
}

DigestComparison CompareTreeDigests(const model::Round& round, model::Zxid floor) {
  // By zxid, who says what: a version of the digest counts as part of it.
  using Said = std::map<std::pair<std::uint32_t, std::uint64_t>, std::set<model::ServerId>>;
  std::map<model::Zxid, Said> by_zxid;
  std::size_t loggers = 0;
  for (const auto& seen : round.members) {
    loggers += seen.tree_digests_read ? 1 : 0;
    for (const auto& digest : seen.tree_digests) {
      if (digest.zxid > floor) {
        by_zxid[digest.zxid][{digest.version, digest.value}].insert(seen.id);
      }
    }
  }
  const auto newest = std::find_if(by_zxid.rbegin(), by_zxid.rend(), [loggers](const auto& entry) {
    std::set<model::ServerId> all;
    std::set<std::uint32_t> versions;
    for (const auto& [digest, servers] : entry.second) {
      all.insert(servers.begin(), servers.end());
      versions.insert(digest.first);
    }
    return loggers >= 2 && all.size() == loggers && versions.size() == 1;
  });
  if (newest == by_zxid.rend()) {
    return {.why_not = loggers < 2 ? "they could be read of fewer than two proved members"
                                   : "no zxid since the last canary has one of every member that "
                                     "tells them, all made in the same way"};
  }
  DigestComparison compared{.at = newest->first, .members = loggers};
  if (newest->second.size() > 1) {
    std::string text;
    for (const auto& [digest, servers] : newest->second) {
      for (const auto id : servers) {
        text += (text.empty() ? "" : ", ") + Named(id) + " " + std::to_string(digest.second);
      }
    }
    compared.problem = Problem{.reason = "digests_differ",
                               .server = std::nullopt,
                               .text = "the members' data differs: at zxid " +
                                       newest->first.ToString() + " their own digests are " + text};
  }
  return compared;
}

}  // namespace zoowarden::core
