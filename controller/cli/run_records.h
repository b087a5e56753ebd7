// Records of runs, from this machine's store and from the agents' copies, as one view: a run that
// another machine began is seen here, and one that this machine lost is found again.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "controller/run/run_file.h"
#include "controller/run/run_journal.h"
#include "journal/run_store.h"

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::controller {

// Of this machine, in the ensemble's state directory.
[[nodiscard]] std::filesystem::path RecordsPath(const std::filesystem::path& state_directory);

// The run loop's journal on top of the SQLite store. Owns the store.
class StoredRunJournal final : public RunJournal {
 public:
  explicit StoredRunJournal(std::unique_ptr<journal::RunStore> store) : store_(std::move(store)) {}

  // Creates the state directory and the store; kFailedPrecondition "journal.in_use" while another
  // zoowarden writes there.
  [[nodiscard]] static base::Result<std::unique_ptr<RunJournal>> OpenToWrite(
      const std::filesystem::path& state_directory);
  // Beside a writer or without one; nothing there yet is an empty journal.
  [[nodiscard]] static base::Result<std::unique_ptr<RunJournal>> OpenToRead(
      const std::filesystem::path& state_directory);

  // For who may not write there: gone with this object.
  [[nodiscard]] static base::Result<std::unique_ptr<RunJournal>> OpenInMemory();

  base::Status Save(const RunRecord& record) override;
  base::Result<std::vector<RunRecord>> List() override;
  base::Result<RunRecord> Load(const std::string& run_id) override;

 private:
  std::unique_ptr<journal::RunStore> store_;
};

struct KnownRun {
  // Of the newest copy whose approved part is as this machine's own record, or most agents, have
  // it. One that says alone that the run is closed does not count beside others.
  RunRecord record;
  RunFile file;                        // the record's state, decoded
  std::vector<std::string> copies;     // "here", "server 2": who has this copy
  std::set<std::string> plan_digests;  // of all copies, whoever has them
  bool agreed = false;  // what was approved is known from this machine or from most agents
  // Not ended, or ended in a way that still needs somebody. A run whose first record reached too
  // few agents to be acted on, and is not here, never began.
  bool open = false;
};

struct RunsProblem {
  model::ServerId server;  // 0 = this machine
  std::string text;
};

struct KnownRuns {
  std::vector<KnownRun> runs;         // newest first, by the fencing epoch of who acted last
  std::vector<RunsProblem> problems;  // copies that could not be read
  std::size_t asked = 0;              // agents
  std::size_t answered = 0;           // of them
};

// kUnavailable "run.no_majority": too few of the agents that were asked say `what` ("what has
// become of run r-1 meanwhile").
[[nodiscard]] base::Status CheckMajority(const std::string& what,
                                         std::size_t answered,
                                         std::size_t asked);

// Both may be absent.
[[nodiscard]] KnownRuns CollectRuns(RunJournal* journal, Agents* agents);

[[nodiscard]] base::Error NoSuchRun(const std::string& run_id);  // kNotFound "run.none"

// One run with the events of all its copies that have the same approved part, in order.
// kNotFound "run.none".
[[nodiscard]] base::Result<KnownRun> FindRun(RunJournal* journal,
                                             Agents* agents,
                                             const std::string& run_id);

struct AgreedRun {
  KnownRun run;
  std::vector<std::string> differing;  // a sentence for each copy that was left out
  std::size_t asked = 0;               // agents
  std::size_t answered = 0;            // of them; one that has no copy answers too
};

// The run as it may be gone on with: one agent may be in other hands, so what was approved must be
// as this machine's own record has it, or, without one, as a majority of the agents has it. Copies
// that differ are left out; of the others all events count and, unlike in FindRun, the newest
// state, on however few agents. kFailedPrecondition "run.no_agreement" names every agent that is
// missing.
[[nodiscard]] base::Result<AgreedRun> FindAgreedRun(RunJournal& journal,
                                                    Agents& agents,
                                                    const std::string& run_id);

// For the time after AcquireRun: `confirmed` was read before the epoch was this controller's, and
// until then another one could roll the run on or back and close it. The run as a majority of
// agents has it now, then saved here too. kFailedPrecondition "run.moved" when it stands elsewhere
// than it was confirmed or is closed; with `take_over` its controller may have gone on in the same
// direction. kUnavailable "run.no_majority" when too few agents say.
[[nodiscard]] base::Result<KnownRun> ReadAgain(RunJournal& journal,
                                               Agents& agents,
                                               const KnownRun& confirmed,
                                               bool take_over);

// Who began to carry it out last: "zoowarden://lab/operator r-1 0badcafe, epoch 4". Empty when no
// event says so.
[[nodiscard]] std::string LastControllerOf(const RunRecord& record);

// Merges a copy into a record: the newer state by (epoch, sequence), the union of the events.
void MergeCopy(RunRecord& into, const RunRecord& copy);
// The union of the events alone.
void MergeEvents(RunRecord& into, const RunRecord& copy);

}  // namespace zoowarden::controller
