// Which records of runs may be forgotten: old ones of which nothing is open any more. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::journal {

struct RunRetention {
  std::size_t most = 100;  // records, those that must stay counted
  // Before the time that half of the ten newest records have reached, not before today: neither an
  // agent whose clock is wrong nor a few control machines make anything old.
  std::chrono::hours age{24 * 180};
  static constexpr std::size_t kLeast{10};  // that stay whatever their age
};

// What matters of a record, as its state says (docs/formats.md).
struct RunFate {
  std::string run_id;
  std::int64_t created_ms = 0;
  bool ended = false;
  std::string outcome;   // "succeeded", ...; whatever is not known counts as open
  bool settles = false;  // it settled one server and brought no order to the ensemble
  bool starts = false;   // nor did it: it started members on what was approved before
};

// `runs` newest first, by epoch. Never the newest, never one that is open, halted or stuck unless a
// later one brought the whole ensemble in order.
[[nodiscard]] std::vector<std::string> RunsToForget(const std::vector<RunFate>& runs,
                                                    const RunRetention& keep);

}  // namespace zoowarden::journal
