// Records of runs, made by hand, on this machine and on agents.
#pragma once

#include "controller/cli/run_records.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

inline model::Generation Generation(const std::string& digest, model::Version version) {
  return {.digest = digest, .version = version};
}

inline RunFile File(const std::string& id, std::int64_t created_ms) {
  RunFile file{.kind = "upgrade", .created_ms = created_ms, .holder = "zoowarden://lab/operator"};
  file.spec.name = "lab";
  file.spec.release.version = {3, 9, 4};
  file.state.run_id = id;
  for (std::uint32_t server = 1; server <= 2; ++server) {
    file.spec.servers.push_back({.id = {server}, .host = "h", .agent = "h:1"});
    file.state.servers.push_back({.id = {server},
                                  .origin = Generation("old" + std::to_string(server), {3, 8, 4}),
                                  .target = Generation("new" + std::to_string(server), {3, 9, 4}),
                                  .changed = server == 1});
  }
  return file;
}

inline RunRecord Record(const RunFile& file, std::uint64_t epoch, std::uint64_t sequence) {
  return {.run_id = file.state.run_id,
          .ensemble = "lab",
          .epoch = epoch,
          .sequence = sequence,
          .state_json = EncodeRun(file),
          .events = {}};
}

inline RunFile Ended(RunFile file, core::RunOutcome outcome) {
  file.state.phase = core::RunPhase::kEnded;
  file.state.outcome = outcome;
  return file;
}

class RunsTest : public CommandLineTest {
 protected:
  // Bound to this machine's store, as the run loop writes it.
  void Store(const RunRecord& record) {
    auto journal = StoredRunJournal::OpenToWrite(Path("state/lab"));
    ASSERT_TRUE(journal) << journal.error().message();
    ASSERT_TRUE((*journal)->Save(record));
  }
  void AgentsHave(const std::vector<RunRecord>& records) {
    words_.records.push_back({{1}, records});
    words_.record.push_back({{1}, records.front()});
  }
  void SomebodyCarriesOut(const std::string& run_id) {
    for (const std::uint32_t server : {1U, 2U}) {
      words_.leases.push_back({{server},
                               Lease{.epoch = {2},
                                     .holder = "zoowarden://lab/operator " + run_id + " 0badcafe",
                                     .run_id = run_id,
                                     .left = std::chrono::milliseconds(900)}});
    }
  }
};

}  // namespace zoowarden::controller
