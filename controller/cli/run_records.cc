#include "controller/cli/run_records.h"

#include "base/text.h"
#include "controller/run/lease.h"
#include "sys/files.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace zoowarden::controller {

namespace {

RunRecord RecordOf(const journal::RunRow& row) {
  return {.run_id = row.run_id,
          .ensemble = row.ensemble,
          .epoch = row.position.epoch,
          .sequence = row.position.sequence,
          .state_json = row.state_json,
          .events = {}};
}

RunEvent EventOf(const journal::RunEventRow& row) {
  return {.epoch = row.position.epoch,
          .sequence = row.position.sequence,
          .time_ms = row.time_ms,
          .kind = row.kind,
          .server = {row.server},
          .text = row.text,
          .json = row.json};
}

auto Position(const RunRecord& record) { return std::tuple(record.epoch, record.sequence); }
auto Position(const RunEvent& event) { return std::tuple(event.epoch, event.sequence); }

base::Error NoSuchRun(const std::string& run_id) {
  return {base::ErrorCode::kNotFound,
          "run.none",
          "there is no run '" + base::Printable(run_id) + "' here or on the agents that answer"};
}

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
  return started.empty() || (!wanted.empty() && std::includes(started.begin(),
                                                              started.end(),
                                                              wanted.begin(),
                                                              wanted.end()));
}

// A halted or stuck run stays open until it, or a later run, has brought order (Closes). One that settles a
// server is never gone on with: its command is given again.
bool IsOpen(const KnownRun& run) {
  if (run.file.state.settlement) {
    return false;
  }
  return run.file.state.phase != core::RunPhase::kEnded || NeedsSomebody(run.file.state.outcome);
}

struct Copy {
  model::ServerId server;  // 0 = this machine
  std::string where;
  RunRecord record;
};

struct Copies {
  std::vector<Copy> found;
  std::size_t asked = 0;   // agents
  std::size_t silent = 0;  // of them
};

Copies ListCopies(RunJournal* journal, Agents* agents, std::vector<RunsProblem>& problems) {
  Copies copies;
  if (journal != nullptr) {
    if (auto records = journal->List()) {
      for (auto& record : *records) {
        copies.found.push_back({{}, "here", std::move(record)});
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
      copies.found.push_back(
          {answer.server, "server " + ToString(answer.server), std::move(record)});
    }
  }
  return copies;
}

// Keeps the newest copy and who has it.
void Take(KnownRun& run, Copy copy) {
  if (run.copies.empty() || Position(run.record) < Position(copy.record)) {
    run.copies.clear();
    run.record = std::move(copy.record);
  } else if (Position(copy.record) < Position(run.record)) {
    return;
  }
  run.copies.push_back(std::move(copy.where));
}

struct Holders {
  bool here = false;
  std::size_t agents = 0;
};

bool Began(const Holders& holders, const Copies& copies) {
  return holders.here || holders.agents + copies.silent >= MajorityOf(copies.asked);
}

}  // namespace

std::filesystem::path RecordsPath(const std::filesystem::path& state_directory) {
  return state_directory / "runs.db";
}

base::Result<std::unique_ptr<RunJournal>> StoredRunJournal::OpenToWrite(
    const std::filesystem::path& state_directory) {
  ZW_TRY(sys::EnsureDirectory(state_directory, 0700));
  ZW_ASSIGN(auto store, journal::OpenRunStore(RecordsPath(state_directory), journal::Access::kOwn));
  return std::make_unique<StoredRunJournal>(std::move(store));
}

base::Result<std::unique_ptr<RunJournal>> StoredRunJournal::OpenToRead(
    const std::filesystem::path& state_directory) {
  auto store = journal::OpenRunStore(RecordsPath(state_directory), journal::Access::kRead);
  if (!store && store.error().Is(base::ErrorCode::kNotFound)) {
    store = journal::OpenRunStoreInMemory();
  }
  if (!store) {
    return base::Fail(store.error());
  }
  return std::make_unique<StoredRunJournal>(std::move(*store));
}

base::Result<std::unique_ptr<RunJournal>> StoredRunJournal::OpenInMemory() {
  ZW_ASSIGN(auto store, journal::OpenRunStoreInMemory());
  return std::make_unique<StoredRunJournal>(std::move(store));
}

base::Status StoredRunJournal::Save(const RunRecord& record) {
  ZW_ASSIGN(const auto file, DecodeRun(record.state_json));
  const journal::RunRow row{.run_id = record.run_id,
                            .ensemble = record.ensemble,
                            .created_ms = file.created_ms,
                            .position = {.epoch = record.epoch, .sequence = record.sequence},
                            .outcome = file.state.phase == core::RunPhase::kEnded
                                           ? std::string(RunOutcomeName(file.state.outcome))
                                           : std::string(),
                            .state_json = record.state_json};
  std::vector<journal::RunEventRow> events;
  for (const auto& event : record.events) {
    events.push_back({.position = {.epoch = event.epoch, .sequence = event.sequence},
                      .time_ms = event.time_ms,
                      .kind = event.kind,
                      .server = event.server.value,
                      .text = event.text,
                      .json = event.json});
  }
  ZW_TRY(store_->Put(row, events));
  return base::Ok();
}

base::Result<std::vector<RunRecord>> StoredRunJournal::List() {
  ZW_ASSIGN(const auto rows, store_->List());
  std::vector<RunRecord> records;
  records.reserve(rows.size());
  for (const auto& row : rows) {
    records.push_back(RecordOf(row));
  }
  return records;
}

base::Result<RunRecord> StoredRunJournal::Load(const std::string& run_id) {
  ZW_ASSIGN(const auto row, store_->Find(run_id));
  if (!row) {
    return base::Fail(NoSuchRun(run_id));
  }
  auto record = RecordOf(*row);
  ZW_ASSIGN(const auto events, store_->ListEvents(run_id));
  for (const auto& event : events) {
    record.events.push_back(EventOf(event));
  }
  return record;
}

KnownRuns CollectRuns(RunJournal* journal, Agents* agents) {
  KnownRuns known;
  std::map<std::string, KnownRun> by_id;
  std::map<std::string, Holders> holders;
  auto copies = ListCopies(journal, agents, known.problems);
  known.asked = copies.asked;
  known.answered = copies.asked - copies.silent;
  for (auto& copy : copies.found) {
    auto decoded = DecodeRun(copy.record.state_json);
    if (!decoded) {
      known.problems.push_back({copy.server,
                                "the copy of run " + copy.record.run_id + " (" + copy.where +
                                    "): " + decoded.error().message()});
      continue;
    }
    auto& held = holders[copy.record.run_id];
    held.here = held.here || copy.server.value == 0;
    held.agents += copy.server.value == 0 ? 0U : 1U;
    auto& run = by_id[copy.record.run_id];
    Take(run, std::move(copy));
  }
  for (auto& [id, run] : by_id) {
    // Each copy was decoded above.
    run.file = *DecodeRun(run.record.state_json);
    run.open = Began(holders[id], copies) && IsOpen(run);
    known.runs.push_back(std::move(run));
  }
  std::sort(known.runs.begin(), known.runs.end(), [](const KnownRun& a, const KnownRun& b) {
    return std::tuple(a.file.created_ms, a.record.run_id) >
           std::tuple(b.file.created_ms, b.record.run_id);
  });
  for (std::size_t i = 0; i < known.runs.size(); ++i) {
    for (std::size_t later = 0; later < i && known.runs[i].open; ++later) {
      known.runs[i].open = !Closes(known.runs[later].file.state, known.runs[i].file.state);
    }
  }
  return known;
}

void MergeCopy(RunRecord& into, const RunRecord& copy) {
  if (Position(into) < Position(copy)) {
    into.epoch = copy.epoch;
    into.sequence = copy.sequence;
    into.state_json = copy.state_json;
    into.ensemble = copy.ensemble;
  }
  into.events.insert(into.events.end(), copy.events.begin(), copy.events.end());
  const auto before = [](const RunEvent& a, const RunEvent& b) {
    return Position(a) < Position(b);
  };
  std::stable_sort(into.events.begin(), into.events.end(), before);
  const auto same = [](const RunEvent& a, const RunEvent& b) { return Position(a) == Position(b); };
  into.events.erase(std::unique(into.events.begin(), into.events.end(), same), into.events.end());
}

base::Result<KnownRun> FindRun(RunJournal* journal, Agents* agents, const std::string& run_id) {
  auto known = CollectRuns(journal, agents);
  const auto found = std::find_if(known.runs.begin(), known.runs.end(), [&](const KnownRun& run) {
    return run.record.run_id == run_id;
  });
  if (found == known.runs.end()) {
    return base::Fail(NoSuchRun(run_id));
  }
  if (journal != nullptr) {
    if (const auto local = journal->Load(run_id)) {
      MergeCopy(found->record, *local);
    }
  }
  if (agents != nullptr) {
    for (const auto& answer : agents->GetRecord(run_id)) {
      if (answer.result) {
        MergeCopy(found->record, *answer.result);
      }
    }
  }
  ZW_ASSIGN(found->file, DecodeRun(found->record.state_json));
  return std::move(*found);
}

}  // namespace zoowarden::controller
