#include "controller/agents/lease_renewal.h"

#include "controller/agents/grpc_agents_impl.h"

namespace zoowarden::controller {

RenewingThread::RenewingThread(const std::vector<std::shared_ptr<grpc::Channel>>& channels,
                               v1::ReadZnodesRequest request,
                               milliseconds every)
    : request_(std::move(request)), every_(every) {
  for (const auto& channel : channels) {
    stubs_.push_back(v1::TreeService::NewStub(channel));
  }
  worker_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
}

void RenewingThread::Work(const std::stop_token& stop) {
  for (auto next = std::chrono::steady_clock::now(); !stop.stop_requested(); next += every_) {
    RenewOnce();
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, next + every_, [] { return false; });
  }
}

void RenewingThread::RenewOnce() {
  std::vector<std::unique_ptr<UnaryCall<v1::ZnodeBatch>>> calls;
  Countdown countdown(stubs_.size());
  const auto ends = std::chrono::system_clock::now() + every_;
  for (const auto& stub : stubs_) {
    auto& call = *calls.emplace_back(std::make_unique<UnaryCall<v1::ZnodeBatch>>());
    call.context.set_deadline(ends);
    stub->async()->ReadZnodes(
        &call.context, &request_, &call.response, [&countdown](const grpc::Status& /*status*/) {
          countdown.Done();
        });
  }
  countdown.Wait();
}

}  // namespace zoowarden::controller
