// The steps of running operations as their agents stream them: for people who watch, never for
// gates. One begins as soon as its agent can be reached; one that breaks is not mended, and the
// rounds of observation tell the rest.
#pragma once

#include "controller/run/agents.h"
#include "model/operation.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Channel;
}  // namespace grpc

namespace zoowarden::controller {

struct StepEvent {
  model::ServerId server;
  model::OperationState state = model::OperationState::kIdle;
  std::string detail;     // printable, may be empty
  bool permitted = true;  // false: asked for without a permit, so nothing that runs is stopped
};

struct WatchTarget {
  std::string ensemble;
  RunIdentity run;
  model::ServerId server;
  std::string operation_id;
  std::uint64_t after_sequence = 0;  // only what comes after this change
};

// One caller; events arrive on gRPC's threads and wait here until they are taken.
class StepWatches {
 public:
  StepWatches();
  ~StepWatches();  // ends all streams

  // Does nothing when this operation is watched already.
  void Start(const std::shared_ptr<grpc::Channel>& channel, const WatchTarget& target);
  // Whether the call that moves this operation has a permit; said before it is made.
  void NotePermit(const std::string& operation_id, bool permitted);
  // The last change of this operation that an answer or an event has named; 0 = none. Any thread.
  void NoteChange(const std::string& operation_id, std::uint64_t sequence);
  [[nodiscard]] std::uint64_t LastChange(const std::string& operation_id) const;
  // What came since the last call, oldest first.
  [[nodiscard]] std::vector<StepEvent> Take();

 private:
  class Stream;
  struct Inbox;
  std::unique_ptr<Inbox> inbox_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace zoowarden::controller
