// Keeps a lease alive while the controller waits for something else. Private to this folder.
#pragma once

#include "controller/run/tree_agents.h"
#include "zoowarden/v1/tree.grpc.pb.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace zoowarden::controller {

// Asks every agent again and again, from a thread of its own and at once when it is made; each has
// until the next time to answer, and what it answers is nobody's concern. Goes on over the
// connections that it was given. Its destructor waits for the calls under way, at most `every`.
class RenewingThread final : public LeaseRenewal {
 public:
  // `request` names the run and no paths: it renews the lease and reads nothing.
  RenewingThread(const std::vector<std::shared_ptr<grpc::Channel>>& channels,
                 v1::ReadZnodesRequest request,
                 std::chrono::milliseconds every);

 private:
  void Work(const std::stop_token& stop);
  void RenewOnce();

  std::vector<std::unique_ptr<v1::TreeService::Stub>> stubs_;
  const v1::ReadZnodesRequest request_;
  const std::chrono::milliseconds every_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread worker_;  // last: it ends before what it uses
};

}  // namespace zoowarden::controller
