// How many transactions a journal has seen, kept beside it: whether it was lost, put back to an
// older copy, or robbed of its last transactions, which SQLite itself takes for a torn tail.
//
// Written in place after each commit and not synced: after a power cut it may lag behind, never
// lead.
#pragma once

#include "base/error.h"
#include "sys/fd.h"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace zoowarden::journal {

class CommitMark {
 public:
  // What is beside the journal at `journal`; nullopt when there is none. kDataLoss
  // `journal.mark_damaged`.
  [[nodiscard]] static base::Result<std::optional<std::uint64_t>> Read(
      const std::filesystem::path& journal);
  // Creates or replaces it, durably.
  [[nodiscard]] static base::Result<CommitMark> Create(const std::filesystem::path& journal,
                                                       std::uint64_t count);

  // Best effort: the transaction is durable already.
  void Note(std::uint64_t count) const;

 private:
  explicit CommitMark(sys::UniqueFd file) : file_(std::move(file)) {}
  sys::UniqueFd file_;
};

}  // namespace zoowarden::journal
