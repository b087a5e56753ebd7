// Records of runs: what a run is (its newest state) and what happened in it (its events).
//
// Used twice: the controller's own store, and the copies that every agent keeps, from which a run
// is continued when the control machine is lost. Records are merged by (epoch, sequence), so copies
// may be put in any order and any number of times. Thread-safe; writes are durable when they
// return.
#pragma once

#include "base/error.h"
#include "journal/database.h"
#include "journal/run_retention.h"

#include <compare>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::journal {

// How new a record is: by fencing epoch first.
struct RunPosition {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const RunPosition&) const = default;
};

struct RunRow {
  std::string run_id;
  std::string ensemble;
  std::int64_t created_ms = 0;  // wall clock, Unix milliseconds
  RunPosition position;
  std::string outcome;  // empty while the run goes on
  std::string state_json;
  bool operator==(const RunRow&) const = default;
};

struct RunEventRow {
  RunPosition position;      // unique within a run
  std::int64_t time_ms = 0;  // wall clock, Unix milliseconds
  std::string kind;
  std::uint32_t server = 0;  // 0 = the whole run
  std::string text;
  std::string json;
  bool operator==(const RunEventRow&) const = default;
};

class RunStore {
 public:
  RunStore() = default;
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;
  virtual ~RunStore() = default;

  // Stores the row unless a newer one is there (an equal position replaces it), and the events that
  // are not there yet, together. Returns the position of the newest row. Idempotent.
  [[nodiscard]] virtual base::Result<RunPosition> Put(const RunRow& run,
                                                      const std::vector<RunEventRow>& events) = 0;
  [[nodiscard]] virtual base::Result<std::optional<RunRow>> Find(const std::string& run_id) = 0;
  // Newest first, by position and then by creation: epochs only grow, and clocks may be wrong.
  [[nodiscard]] virtual base::Result<std::vector<RunRow>> List() = 0;
  // Oldest first.
  [[nodiscard]] virtual base::Result<std::vector<RunEventRow>> ListEvents(
      const std::string& run_id) = 0;
  // What `keep` does not keep (run_retention.h), newest first.
  [[nodiscard]] virtual base::Result<std::vector<std::string>> ListOld(
      const RunRetention& keep) = 0;
  // Together, each with its events; what is not there is forgotten. Idempotent.
  [[nodiscard]] virtual base::Status Forget(const std::vector<std::string>& run_ids) = 0;
};

// The controller's store. Access::kRead serves `runs list` and `runs show` beside a running one.
[[nodiscard]] base::Result<std::unique_ptr<RunStore>> OpenRunStore(
    const std::filesystem::path& path, Access access);
[[nodiscard]] base::Result<std::unique_ptr<RunStore>> OpenRunStoreInMemory();

}  // namespace zoowarden::journal
