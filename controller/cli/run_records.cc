#include "controller/cli/run_records.h"

#include "base/text.h"
#include "sys/files.h"

#include <algorithm>
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

}  // namespace

base::Error NoSuchRun(const std::string& run_id) {
  return {base::ErrorCode::kNotFound,
          "run.none",
          "there is no run '" + base::Printable(run_id) + "' here or on the agents that answer"};
}

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

std::string LastControllerOf(const RunRecord& record) {
  constexpr std::string_view kBy = " by ";
  const auto begun = std::find_if(record.events.rbegin(),
                                  record.events.rend(),
                                  [](const RunEvent& e) { return e.kind == "run_started"; });
  const auto at = begun == record.events.rend() ? std::string::npos : begun->text.rfind(kBy);
  return at == std::string::npos ? "" : base::Printable(begun->text.substr(at + kBy.size()));
}

void MergeCopy(RunRecord& into, const RunRecord& copy) {
  if (Position(into) < Position(copy)) {
    into.epoch = copy.epoch;
    into.sequence = copy.sequence;
    into.state_json = copy.state_json;
    into.ensemble = copy.ensemble;
  }
  MergeEvents(into, copy);
}

void MergeEvents(RunRecord& into, const RunRecord& copy) {
  into.events.insert(into.events.end(), copy.events.begin(), copy.events.end());
  const auto before = [](const RunEvent& a, const RunEvent& b) {
    return Position(a) < Position(b);
  };
  std::stable_sort(into.events.begin(), into.events.end(), before);
  const auto same = [](const RunEvent& a, const RunEvent& b) { return Position(a) == Position(b); };
  into.events.erase(std::unique(into.events.begin(), into.events.end(), same), into.events.end());
}

}  // namespace zoowarden::controller
