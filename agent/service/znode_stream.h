// The messages of a walk: znodes are collected, and sent when a message is full or a second has
// passed. Private to this folder.
#pragma once

#include "base/error.h"
#include "model/znode.h"
#include "sys/clock.h"
#include "zoowarden/v1/tree.pb.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace zoowarden::agent {

void ToWire(const model::Znode& znode, v1::Znode& wire);

struct ZnodeStreamOptions {
  std::uint64_t expected = 0;  // told in the first message
  bool empty_batches = false;  // the caller takes messages without znodes
};

// One owner thread.
class ZnodeStream {
 public:
  // Waits until the message is on its way; false: nobody takes it.
  using Send = std::function<bool(const v1::ZnodeBatch&)>;

  // `renew` checks the fence and renews the lease. The clock must outlive it.
  ZnodeStream(const ZnodeStreamOptions& options,
              sys::Clock& clock,
              std::function<base::Status()> renew,
              Send send);

  [[nodiscard]] base::Status Add(const model::Znode& znode);
  // To be called often, whether or not there are znodes: once a second it renews and sends what
  // there is, so that a caller knows a slow walk from one that hangs. kCancelled tree.not_taken,
  // and the errors of `renew`.
  [[nodiscard]] base::Status Tick();
  // Sends what there is.
  [[nodiscard]] base::Status Flush();

 private:
  [[nodiscard]] base::Status SendBatch();

  bool empty_batches_;
  sys::Clock* clock_;
  std::function<base::Status()> renew_;
  Send send_;
  v1::ZnodeBatch batch_;
  std::size_t bytes_ = 0;
  std::chrono::milliseconds told_;
};

// Sends to this caller, and ends the call when a message is not taken within `limit`. Context and
// writer must outlive it.
[[nodiscard]] ZnodeStream::Send TakenWithin(std::chrono::milliseconds limit,
                                            grpc::ServerContext& context,
                                            grpc::ServerWriter<v1::ZnodeBatch>& batches);

}  // namespace zoowarden::agent
