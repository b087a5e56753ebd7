#include "tests/load/chain.h"

#include <algorithm>

namespace zoowarden::load {
namespace {

constexpr std::size_t kMostCandidates = 16;

}  // namespace

std::string Chain::NextData() {
  constexpr std::size_t kBytes = 64;
  ++sent_;
  std::string data = prefix_ + "#" + std::to_string(sent_) + " ";
  data.resize(std::max(kBytes, data.size()), '.');
  return data;
}

void Chain::Retire() {
  retired_ = true;
  needs_reading_ = false;
}

void Chain::End(const std::string& data, Outcome outcome) {
  switch (outcome) {
    case Outcome::kAcknowledged:
      // The candidates expected the version that this write has just replaced: they are dead.
      ++version_;
      data_ = data;
      candidates_.clear();
      return;
    case Outcome::kVersionRefused:
      if (candidates_.empty()) {
        Retire();  // nobody else writes here: acknowledged writes are gone, or a foreign one is
                   // there
      } else {
        needs_reading_ = true;
      }
      return;
    case Outcome::kFailed:
      return;
    case Outcome::kUnknown:
      candidates_.push_back(data);
      if (candidates_.size() >= kMostCandidates) {
        Retire();
      }
      return;
  }
}

void Chain::Read(const Reading& reading) {
  const bool known =
      std::find(candidates_.begin(), candidates_.end(), reading.data) != candidates_.end();
  if (reading.version != version_ + 1 || !known) {
    Retire();
    return;
  }
  version_ = reading.version;
  data_ = reading.data;
  candidates_.clear();
  needs_reading_ = false;
}

}  // namespace zoowarden::load
