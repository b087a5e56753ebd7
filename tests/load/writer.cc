#include "tests/load/writer.h"

#include <thread>

namespace zoowarden::load {
namespace {

// Bounds memory and the time that reading everything back takes.
constexpr std::size_t kMostChains = 200;
constexpr unsigned kCreateOneIn = 10;
constexpr std::chrono::milliseconds kReconnectSlice{200};

}  // namespace

bool Writer::Prepare(Session& session, const std::atomic<bool>& stop) const {
  while (!stop) {
    if (!session.WaitConnected(kReconnectSlice)) {
      continue;
    }
    bool ready = true;
    for (auto slash = parent_.find('/', 1); ready && slash != std::string::npos;
         slash = parent_.find('/', slash + 1)) {
      ready = session.EnsureParent(parent_.substr(0, slash));
    }
    if (ready && session.EnsureParent(parent_)) {
      return true;
    }
  }
  return false;
}

Chain& Writer::NextChain() {
  const bool create = chains_.empty() || random_() % kCreateOneIn == 0;
  if (create && chains_.size() < kMostChains) {
    const std::string name = "n" + std::to_string(chains_.size());
    return chains_.emplace_back(parent_ + "/" + name, parent_ + "/" + name);
  }
  return chains_[random_() % chains_.size()];
}

void Writer::Resolve(Session& session, Chain& chain) {
  const auto reading = session.Read(chain.path());
  if (reading) {
    chain.Read(*reading);
  } else {
    ++totals_.failed_operations;
  }
}

void Writer::Step(Session& session, Chain& chain, GapMeter& meter) {
  if (chain.needs_reading()) {
    Resolve(session, chain);
    return;
  }
  const bool resolving = !chain.candidates().empty();
  const auto data = chain.NextData();
  const auto outcome = chain.version() == kAbsent
                           ? session.Create(chain.path(), data)
                           : session.Set(chain.path(), data, chain.version());
  chain.End(data, outcome);
  switch (outcome) {
    case Outcome::kAcknowledged:
      meter.Acknowledge();
      ++totals_.acked;
      writing_ = true;
      break;
    case Outcome::kVersionRefused:
      // After an unknown write this is how its success is learned, and no failure.
      totals_.failed_operations += resolving ? 0 : 1;
      break;
    case Outcome::kFailed:
      ++totals_.failed_operations;
      break;
    case Outcome::kUnknown:
      ++totals_.unknown;
      ++totals_.failed_operations;
      break;
  }
}

void Writer::Run(const std::atomic<bool>& stop, GapMeter& meter) {
  Session session(session_options_);
  if (!Prepare(session, stop)) {
    return;
  }
  while (!stop) {
    if (!session.WaitConnected(kReconnectSlice)) {
      continue;
    }
    Chain& chain = NextChain();
    if (!chain.retired()) {
      Step(session, chain, meter);
    }
    std::this_thread::sleep_for(pause_);
  }
  totals_.connection_losses = session.connection_losses();
  totals_.sessions_expired = session.sessions_expired();
}

}  // namespace zoowarden::load
