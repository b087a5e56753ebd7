// Which copies of a run may be gone on with.
#include "controller/cli/run_records.h"
#include "controller/run/lease.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace zoowarden::controller {
namespace {

struct Copy {
  model::ServerId server;
  RunRecord record;
  std::string approved;
};

struct Copies {
  std::vector<Copy> found;
  std::vector<std::string> missing;  // "server 3: connection refused"
  std::size_t asked = 0;
  std::size_t answered = 0;
};

// Most copies are the same text: each text is read once.
base::Result<std::string> ApprovedPartOf(const Copies& copies, const std::string& state_json) {
  const auto same = std::find_if(copies.found.begin(), copies.found.end(), [&](const Copy& copy) {
    return copy.record.state_json == state_json;
  });
  if (same != copies.found.end()) {
    return same->approved;
  }
  ZW_ASSIGN(const auto file, DecodeRun(state_json));
  return ApprovedPart(file);
}

Copies AskForCopies(Agents& agents, const std::string& run_id) {
  Copies copies;
  for (auto& answer : agents.GetRecord(run_id)) {
    ++copies.asked;
    const auto miss = [&](const base::Error& error) {
      copies.missing.push_back("server " + ToString(answer.server) + ": " + error.message());
    };
    if (!answer.result) {
      copies.answered += answer.result.error().Is(base::ErrorCode::kNotFound) ? 1U : 0U;
      miss(answer.result.error());
    } else if (auto approved = ApprovedPartOf(copies, answer.result->state_json); !approved) {
      miss(approved.error());
    } else {
      ++copies.answered;
      copies.found.push_back({answer.server, std::move(*answer.result), std::move(*approved)});
    }
  }
  return copies;
}

// What a majority of all agents has, or empty.
std::string OfTheMajority(const Copies& copies) {
  std::map<std::string, std::size_t> having;
  for (const auto& copy : copies.found) {
    if (++having[copy.approved] >= MajorityOf(copies.asked)) {
      return copy.approved;
    }
  }
  return "";
}

base::Error NoAgreement(const Copies& copies, const std::string& run_id) {
  std::string text = "run " + run_id + " was begun elsewhere and " +
                     std::to_string(MajorityOf(copies.asked)) + " of " +
                     std::to_string(copies.asked) +
                     " agents must have the same desired state and plan of it";
  for (const auto& missing : copies.missing) {
    text += "; " + missing;
  }
  for (const auto& copy : copies.found) {
    const auto same =
        std::count_if(copies.found.begin(), copies.found.end(), [&](const Copy& other) {
          return other.approved == copy.approved;
        });
    text += "; server " + ToString(copy.server) + " has one that " + std::to_string(same) +
            (same == 1 ? " agent has" : " agents have");
  }
  return {base::ErrorCode::kFailedPrecondition,
          "run.no_agreement",
          text + "; start or reach the others, or go on where the run was begun"};
}

}  // namespace

base::Result<AgreedRun> FindAgreedRun(RunJournal& journal,
                                      Agents& agents,
                                      const std::string& run_id) {
  const auto copies = AskForCopies(agents, run_id);
  AgreedRun agreed{.asked = copies.asked, .answered = copies.answered};
  auto& record = agreed.run.record;
  std::string approved;
  if (auto local = journal.Load(run_id)) {
    ZW_ASSIGN(const auto file, DecodeRun(local->state_json));
    approved = ApprovedPart(file);
    record = std::move(*local);
  } else {
    approved = OfTheMajority(copies);
    if (approved.empty()) {
      return base::Fail(NoAgreement(copies, run_id));
    }
  }
  const std::string whose = record.run_id.empty() ? "the majority of agents" : "this machine";
  for (const auto& copy : copies.found) {
    if (copy.approved != approved) {
      agreed.differing.push_back(fmt::format(
          "server {} has another plan or desired state of run {} than {}; its copy is not "
          "used, look who wrote it",
          ToString(copy.server),
          run_id,
          whose));
    } else if (record.run_id.empty()) {
      record = copy.record;
    } else {
      MergeCopy(record, copy.record);
    }
  }
  ZW_ASSIGN(agreed.run.file, DecodeRun(record.state_json));
  return agreed;
}

}  // namespace zoowarden::controller
