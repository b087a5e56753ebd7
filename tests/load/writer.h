// One client of the load: writes to its own znodes until told to stop, as an application with a
// retry loop would, and knows of each what was acknowledged.
#pragma once

#include "tests/load/chain.h"
#include "tests/load/gap_meter.h"
#include "tests/load/session.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace zoowarden::load {

struct WriterTotals {
  std::uint64_t acked = 0;
  std::uint64_t unknown = 0;            // the connection was lost before the answer
  std::uint64_t failed_operations = 0;  // every operation that ended in an error, unknown included
  std::uint64_t connection_losses = 0;
  std::uint64_t sessions_expired = 0;
};

class Writer {
 public:
  // Writes below `parent`; `pause` between operations keeps the machine usable for the servers.
  Writer(SessionOptions session, std::string parent, std::chrono::milliseconds pause)
      : session_options_(std::move(session)), parent_(std::move(parent)), pause_(pause) {}

  // Runs until `stop`; for a thread of its own.
  void Run(const std::atomic<bool>& stop, GapMeter& meter);

  // True after the first acknowledged write; any thread may ask.
  [[nodiscard]] bool writing() const { return writing_; }

  // After Run has returned.
  [[nodiscard]] const std::string& parent() const { return parent_; }
  [[nodiscard]] const std::vector<Chain>& chains() const { return chains_; }
  [[nodiscard]] const WriterTotals& totals() const { return totals_; }

 private:
  [[nodiscard]] bool Prepare(Session& session, const std::atomic<bool>& stop) const;
  [[nodiscard]] Chain& NextChain();
  void Step(Session& session, Chain& chain, GapMeter& meter);
  void Resolve(Session& session, Chain& chain);

  SessionOptions session_options_;
  std::string parent_;
  std::chrono::milliseconds pause_;
  std::minstd_rand random_;  // repeatable: the same choices in every run
  std::vector<Chain> chains_;
  WriterTotals totals_;
  std::atomic<bool> writing_ = false;
};

}  // namespace zoowarden::load
