// What all copies say, as one view. One agent may be in other hands: what it says alone closes no
// run, makes none newer, and replaces nothing that was approved.
#include "controller/cli/run_records.h"
#include "controller/run/lease.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace zoowarden::controller {

namespace {

auto Position(const RunRecord& record) { return std::tuple(record.epoch, record.sequence); }

bool NeedsSomebody(core::RunOutcome outcome) {
  return outcome == core::RunOutcome::kHalted || outcome == core::RunOutcome::kStuck;
}

// The servers that a run starts on what was approved before; empty for one that rolls.
std::set<model::ServerId> StartedBy(const core::RunState& state) {
  std::set<model::ServerId> started;
  for (const auto& server : state.servers) {
    if (server.restart || server.repair) {
      started.insert(server.id);
    }
  }
  return started;
}

// Whether nothing is left to do of `earlier` because of a later run. One server that was settled is
// not yet an ensemble in order; and what was half rolled still is after members were started,
// so that ends only what was to start the same ones.
bool Closes(const core::RunState& later, const core::RunState& earlier) {
  const bool reached = later.outcome == core::RunOutcome::kSucceeded ||
                       later.outcome == core::RunOutcome::kRolledBack;
  if (!reached || later.settlement) {
    return false;
  }
  const auto started = StartedBy(later);
  const auto wanted = StartedBy(earlier);
  return started.empty() ||
         (!wanted.empty() &&
          std::includes(started.begin(), started.end(), wanted.begin(), wanted.end()));
}

// A halted or stuck run stays open until it, or a later run, has brought order (Closes). One that
// settles a server is never gone on with: its command is given again.
bool IsOpen(const core::RunState& state) {
  if (state.settlement) {
    return false;
  }
  return state.phase != core::RunPhase::kEnded || NeedsSomebody(state.outcome);
}

struct Copy {
  model::ServerId server;  // 0 = this machine
  std::string where;
  RunRecord record;
  RunFile file;
  std::string approved;
};

struct Copies {
  std::map<std::string, std::vector<Copy>> of_run;
  std::size_t asked = 0;   // agents
  std::size_t silent = 0;  // of them
};

void Add(Copies& copies, Copy copy, std::vector<RunsProblem>& problems) {
  auto decoded = DecodeRun(copy.record.state_json);
  if (!decoded) {
    problems.push_back({copy.server,
                        "the copy of run " + copy.record.run_id + " (" + copy.where +
                            "): " + decoded.error().message()});
    return;
  }
  copy.file = std::move(*decoded);
  copy.approved = ApprovedPart(copy.file);
  copies.of_run[copy.record.run_id].push_back(std::move(copy));
}

Copies ListCopies(RunJournal* journal, Agents* agents, std::vector<RunsProblem>& problems) {
  Copies copies;
  if (journal != nullptr) {
    if (auto records = journal->List()) {
      for (auto& record : *records) {
        Add(copies, {.where = "here", .record = std::move(record)}, problems);
      }
    } else {
      problems.push_back({{}, records.error().message()});
    }
  }
  if (agents == nullptr) {
    return copies;
  }
  for (auto& answer : agents->ListRecords()) {
    ++copies.asked;
    if (!answer.result) {
      ++copies.silent;
      // Records are not for viewers, who do without.
      if (!answer.result.error().Is(base::ErrorCode::kPermissionDenied)) {
        problems.push_back({answer.server, answer.result.error().message()});
      }
      continue;
    }
    for (auto& record : *answer.result) {
      Add(copies,
          {.server = answer.server,
           .where = "server " + ToString(answer.server),
           .record = std::move(record)},
          problems);
    }
  }
  return copies;
}

bool IsHere(const Copy& copy) { return copy.server.value == 0; }

std::size_t OnAgents(const std::vector<Copy>& copies) {
  return static_cast<std::size_t>(
      std::count_if(copies.begin(), copies.end(), [](const Copy& copy) { return !IsHere(copy); }));
}

// What was approved, as this machine has it or most agents have it; empty when neither is known.
std::string ApprovedOf(const std::vector<Copy>& copies, std::size_t majority) {
  const auto here = std::find_if(copies.begin(), copies.end(), IsHere);
  if (here != copies.end()) {
    return here->approved;
  }
  std::map<std::string, std::size_t> having;
  for (const auto& copy : copies) {
    if (++having[copy.approved] >= majority) {
      return copy.approved;
    }
  }
  return "";
}

// The newest of them, newest first, that this machine or most agents have got to.
std::vector<Copy>::const_iterator FindVouchedFor(const std::vector<Copy>& copies,
                                                 std::size_t majority) {
  std::size_t agents = 0;
  return std::find_if(copies.begin(), copies.end(), [&](const Copy& copy) {
    agents += IsHere(copy) ? 0 : 1;
    return IsHere(copy) || agents >= majority;
  });
}

struct Weighed {
  KnownRun run;
  std::uint64_t epoch = 0;              // fences are raised by whoever acts: the order of runs
  std::optional<core::RunState> proof;  // what it has come to, as more than one agent says
};

Weighed Weigh(std::vector<Copy> copies, const Copies& all) {
  const auto majority = MajorityOf(all.asked);
  Weighed weighed;
  auto& run = weighed.run;
  for (const auto& copy : copies) {
    run.plan_digests.insert(copy.file.plan_digest);
  }
  const bool here = std::any_of(copies.begin(), copies.end(), IsHere);
  const bool began = here || OnAgents(copies) + all.silent >= majority;
  const auto approved = ApprovedOf(copies, majority);
  run.agreed = !approved.empty();
  std::erase_if(copies, [&](const Copy& copy) { return run.agreed && copy.approved != approved; });
  std::sort(copies.begin(), copies.end(), [](const Copy& a, const Copy& b) {
    return std::tuple(Position(b.record), a.server) < std::tuple(Position(a.record), b.server);
  });
  const auto vouched = FindVouchedFor(copies, majority);
  auto shown = copies.cbegin();
  if (vouched == copies.end() || Position(vouched->record) != Position(shown->record)) {
    const auto open = std::find_if(
        copies.cbegin(), copies.cend(), [](const Copy& copy) { return IsOpen(copy.file.state); });
    shown = open == copies.cend() ? shown : open;
  }
  for (const auto& copy : copies) {
    if (Position(copy.record) == Position(shown->record)) {
      run.copies.push_back(copy.where);
    }
  }
  weighed.epoch = vouched == copies.end() ? copies.back().record.epoch : vouched->record.epoch;
  if (vouched != copies.end()) {
    weighed.proof = vouched->file.state;
  }
  run.record = shown->record;
  run.file = shown->file;
  run.open = began && IsOpen(run.file.state);
  return weighed;
}

}  // namespace

KnownRuns CollectRuns(RunJournal* journal, Agents* agents) {
  KnownRuns known;
  auto copies = ListCopies(journal, agents, known.problems);
  known.asked = copies.asked;
  known.answered = copies.asked - copies.silent;
  std::vector<Weighed> runs;
  for (auto& [id, of_run] : copies.of_run) {
    runs.push_back(Weigh(std::move(of_run), copies));
  }
  std::sort(runs.begin(), runs.end(), [](const Weighed& a, const Weighed& b) {
    return std::tuple(a.epoch, a.run.file.created_ms, a.run.record.run_id) >
           std::tuple(b.epoch, b.run.file.created_ms, b.run.record.run_id);
  });
  for (auto run = runs.begin(); run != runs.end(); ++run) {
    run->run.open = run->run.open && std::none_of(runs.begin(), run, [&](const Weighed& later) {
                      return later.proof && Closes(*later.proof, run->run.file.state);
                    });
    known.runs.push_back(run->run);
  }
  return known;
}

base::Result<KnownRun> FindRun(RunJournal* journal, Agents* agents, const std::string& run_id) {
  auto known = CollectRuns(journal, agents);
  const auto found = std::find_if(known.runs.begin(), known.runs.end(), [&](const KnownRun& run) {
    return run.record.run_id == run_id;
  });
  if (found == known.runs.end()) {
    return base::Fail(NoSuchRun(run_id));
  }
  const auto approved = ApprovedPart(found->file);
  const auto merge = [&](const RunRecord& copy) {
    const auto file = DecodeRun(copy.state_json);
    if (file && ApprovedPart(*file) == approved) {
      MergeEvents(found->record, copy);  // where it stands has been weighed
    }
  };
  if (journal != nullptr) {
    if (const auto local = journal->Load(run_id)) {
      merge(*local);
    }
  }
  if (agents != nullptr) {
    for (const auto& answer : agents->GetRecord(run_id)) {
      if (answer.result) {
        merge(*answer.result);
      }
    }
  }
  return std::move(*found);
}

}  // namespace zoowarden::controller
