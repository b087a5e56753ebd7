// An agent in this process, behind gRPC's in-process channel: no port, no TLS, no thread of ours.
#pragma once

#include "controller/agents/grpc_agents.h"
#include "zoowarden/v1/lease.grpc.pb.h"
#include "zoowarden/v1/observe.grpc.pb.h"
#include "zoowarden/v1/operate.grpc.pb.h"
#include "zoowarden/v1/releases.grpc.pb.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::controller {

template <typename Request, typename Response>
using Handler = std::function<grpc::Status(const Request&, Response&)>;

struct FakeObserve final : v1::ObserveService::CallbackService {
  Handler<v1::GetStatusRequest, v1::Observation> on_status;
  Handler<v1::ObserveRequest, v1::Observation> on_observe;
  Handler<v1::CommitCanaryRequest, v1::CommitCanaryResponse> on_canary;
  // Left for the last Observe when it came.
  std::atomic<std::chrono::milliseconds> observe_time{};
  // Set: GetStatus is never answered; gRPC ends it at its deadline.
  bool silent = false;
  // Set: GetStatus is answered when the test finishes the call that it gets here.
  std::promise<grpc::ServerUnaryReactor*>* late = nullptr;

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::Observation* response) override {
    if (late != nullptr) {
      struct Late final : grpc::ServerUnaryReactor {
        void OnDone() override { delete this; }
      };
      auto* reactor = new Late;
      late->set_value(reactor);
      return reactor;
    }
    if (silent) {
      struct Silent final : grpc::ServerUnaryReactor {
        void OnCancel() override { Finish(grpc::Status::CANCELLED); }
        void OnDone() override { delete this; }
      };
      return new Silent;
    }
    return Reply(context, on_status(*request, *response));
  }
  grpc::ServerUnaryReactor* Observe(grpc::CallbackServerContext* context,
                                    const v1::ObserveRequest* request,
                                    v1::Observation* response) override {
    observe_time = std::chrono::duration_cast<std::chrono::milliseconds>(
        context->deadline() - std::chrono::system_clock::now());
    return Reply(context, on_observe(*request, *response));
  }
  grpc::ServerUnaryReactor* CommitCanary(grpc::CallbackServerContext* context,
                                         const v1::CommitCanaryRequest* request,
                                         v1::CommitCanaryResponse* response) override {
    return Reply(context, on_canary(*request, *response));
  }

  static grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context,
                                         const grpc::Status& status) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }
};

struct FakeOperate final : v1::OperateService::CallbackService {
  Handler<v1::BeginRequest, v1::OperationReply> on_begin;
  Handler<v1::ProceedRequest, v1::OperationReply> on_proceed;
  Handler<v1::RollBackRequest, v1::OperationReply> on_roll_back;
  Handler<v1::RequestPermitRequest, v1::RequestPermitResponse> on_permit;
  // What Watch streams; then it stays open until the client ends it.
  std::vector<v1::OperationEvent> steps;
  std::atomic<int> watches{0};
  std::counting_semaphore<> watched{0};  // one for each
  std::atomic<std::uint64_t> watched_after{0};

  grpc::ServerWriteReactor<v1::OperationEvent>* Watch(grpc::CallbackServerContext* /*context*/,
                                                      const v1::WatchRequest* request) override {
    watched_after = request->after_sequence();
    class Writer final : public grpc::ServerWriteReactor<v1::OperationEvent> {
     public:
      explicit Writer(const std::vector<v1::OperationEvent>& steps) : steps_(steps) { Next(); }
      void OnWriteDone(bool ok) override {
        if (ok) {
          Next();
        }
      }
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }

     private:
      void Next() {
        if (next_ < steps_.size()) {
          StartWrite(&steps_[next_++]);
        }
      }
      const std::vector<v1::OperationEvent>& steps_;
      std::size_t next_ = 0;
    };
    ++watches;
    watched.release();
    return new Writer(steps);
  }

  grpc::ServerUnaryReactor* Begin(grpc::CallbackServerContext* context,
                                  const v1::BeginRequest* request,
                                  v1::OperationReply* response) override {
    return FakeObserve::Reply(context, on_begin(*request, *response));
  }
  grpc::ServerUnaryReactor* Proceed(grpc::CallbackServerContext* context,
                                    const v1::ProceedRequest* request,
                                    v1::OperationReply* response) override {
    return FakeObserve::Reply(context, on_proceed(*request, *response));
  }
  grpc::ServerUnaryReactor* RollBack(grpc::CallbackServerContext* context,
                                     const v1::RollBackRequest* request,
                                     v1::OperationReply* response) override {
    return FakeObserve::Reply(context, on_roll_back(*request, *response));
  }
  grpc::ServerUnaryReactor* RequestPermit(grpc::CallbackServerContext* context,
                                          const v1::RequestPermitRequest* request,
                                          v1::RequestPermitResponse* response) override {
    return FakeObserve::Reply(context, on_permit(*request, *response));
  }
};

struct FakeLease final : v1::LeaseService::CallbackService {
  Handler<v1::AcquireRequest, v1::Lease> on_acquire;

  grpc::ServerUnaryReactor* Acquire(grpc::CallbackServerContext* context,
                                    const v1::AcquireRequest* request,
                                    v1::Lease* response) override {
    return FakeObserve::Reply(context, on_acquire(*request, *response));
  }
};

struct FakeRecord final : v1::RecordService::CallbackService {
  Handler<v1::PutRecordRequest, v1::PutRecordResponse> on_put;
  Handler<v1::ListRecordsRequest, v1::ListRecordsResponse> on_list;

  grpc::ServerUnaryReactor* PutRecord(grpc::CallbackServerContext* context,
                                      const v1::PutRecordRequest* request,
                                      v1::PutRecordResponse* response) override {
    return FakeObserve::Reply(context, on_put(*request, *response));
  }
  grpc::ServerUnaryReactor* ListRecords(grpc::CallbackServerContext* context,
                                        const v1::ListRecordsRequest* request,
                                        v1::ListRecordsResponse* response) override {
    return FakeObserve::Reply(context, on_list(*request, *response));
  }
};

struct FakeRelease final : v1::ReleaseService::CallbackService {
  v1::ReleasesResponse listed;

  grpc::ServerUnaryReactor* ListReleases(grpc::CallbackServerContext* context,
                                         const v1::ListReleasesRequest* /*request*/,
                                         v1::ReleasesResponse* response) override {
    *response = listed;
    return FakeObserve::Reply(context, grpc::Status::OK);
  }
};

// The services are registered at construction; set the handlers before calling.
struct FakeAgent {
  FakeObserve observe;
  FakeOperate operate;
  FakeLease lease;
  FakeRecord record;
  FakeRelease release;
  std::unique_ptr<grpc::Server> server;

  FakeAgent() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&observe);
    builder.RegisterService(&operate);
    builder.RegisterService(&lease);
    builder.RegisterService(&record);
    builder.RegisterService(&release);
    server = builder.BuildAndStart();
  }
};

}  // namespace zoowarden::controller
