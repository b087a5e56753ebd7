// The running agent behind its handlers: one owner of the operation, the lease, the releases and
// the probes, each behind its own lock, and the worker thread that steps the operation.
//
// Handlers run on any thread. A call that changes the operation waits for the step that is under
// way; observations never wait for the operation.
#pragma once

#include "agent/adopt/adoption.h"
#include "agent/install/downloads.h"
#include "agent/lifecycle/process_finder.h"
#include "agent/observe/prober.h"
#include "agent/operation/audited_call.h"
#include "agent/operation/calls.h"
#include "agent/operation/durable_journal.h"
#include "agent/operation/lease_keeper.h"
#include "agent/operation/runner.h"
#include "agent/service/audit_trail.h"
#include "agent/service/call_limits.h"
#include "agent/service/faulty_host.h"
#include "agent/service/instance.h"
#include "agent/service/instance_host.h"
#include "agent/service/release_keeper.h"
#include "agent/service/tree_remover.h"
#include "base/error.h"
#include "config/agent_file.h"
#include "journal/run_store.h"
#include "model/discovery.h"
#include "model/observation.h"
#include "sys/clock.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace zoowarden::journal {
class AgentJournal;
}  // namespace zoowarden::journal

namespace zoowarden::agent {

// What a person says of this server at the agent's start.
struct Accepted {
  bool lost_journal = false;  // gone for good, and nothing was under way
  bool moved_data = false;    // the data was moved to the file system that it is on now
};

class AgentCore {
 public:
  // Opens journal and instance (one agent a state directory) and takes up the stored operation. The
  // clock must outlive it.
  [[nodiscard]] static base::Result<std::unique_ptr<AgentCore>> Open(config::AgentConfig config,
                                                                     sys::Clock& clock,
                                                                     const Accepted& accepted = {});
  // Ends the worker after the step that is under way. The server is left as it is.
  ~AgentCore();
  AgentCore(const AgentCore&) = delete;
  AgentCore& operator=(const AgentCore&) = delete;

  [[nodiscard]] const std::string& ensemble() const { return instance_->config().ensemble; }

  template <typename F>
  auto WithRunner(F use) {
    const std::lock_guard lock(runner_mutex_);
    // Nobody acquires a higher epoch between the fence check of a call and its record.
    const std::lock_guard fence(lease_mutex_);
    auto result = use(*runner_);
    Publish();
    work_ = true;
    wake_.notify_all();
    return result;
  }
  // For what neither moves the operation nor records a call: no operation begins meanwhile, and the
  // lease goes on.
  template <typename F>
  auto WithRunnerAlone(F use) {
    const std::lock_guard lock(runner_mutex_);
    return use(*runner_);
  }
  // The call's row in the audit is committed with its outcome, where one is committed.
  template <typename F>
  auto WithRunner(AuditedCall& audited, F use) {
    return WithRunner([&](OperationRunner& runner) {
      const Audited guard(operations_, audited);
      return use(runner);
    });
  }

  template <typename F>
  auto WithLease(AuditedCall& audited, F use) {
    const std::lock_guard lock(lease_mutex_);
    const Audited guard(operations_, audited);
    return use(*lease_);
  }

  template <typename F>
  auto WithLease(F use) {
    const std::lock_guard lock(lease_mutex_);
    return use(*lease_);
  }

  template <typename F>
  auto WithReleases(F use) {
    return instance_->WithReleases(std::move(use));
  }

  // A whole observation of this server.
  [[nodiscard]] model::MemberObservation Look(const ProbeRequest& request);
  [[nodiscard]] base::Result<Prober::Canary> CommitCanary(const std::string& path,
                                                          std::chrono::milliseconds timeout);
  // Where clients of this machine reach the member. `tree.no_process`, `tree.two_processes`,
  // `tree.no_client_port`.
  [[nodiscard]] base::Result<zknet::Endpoint> LocalMember();
  [[nodiscard]] sys::Clock& clock() { return *clock_; }

  // What runs here, whoever installed it. Reads only.
  [[nodiscard]] model::Discovery Discover();
  // Makes it generation 0. The caller is behind the fence. kFailedPrecondition `adopt.busy` while
  // an operation is under way; adoption.h's.
  [[nodiscard]] base::Result<model::Generation> Adopt(const RunIdentity& run,
                                                      const ApprovedAdoption& approved);

  // Changes of this operation after the given one, oldest first; waits for one up to `timeout`.
  // What happened before the agent started is told as its present state only.
  [[nodiscard]] std::vector<StateChange> WaitChanges(const std::string& operation_id,
                                                     std::uint64_t after_sequence,
                                                     std::chrono::milliseconds timeout);

  [[nodiscard]] journal::RunStore& runs();
  // Stores a copy of a run's record, with the call's row in the audit.
  [[nodiscard]] base::Result<journal::RunPosition> PutRun(
      const journal::RunRow& run,
      const std::vector<journal::RunEventRow>& events,
      AuditedCall& audited);
  [[nodiscard]] AuditTrail& audit() { return audit_; }
  [[nodiscard]] CallLimits& limits() { return limits_; }
  [[nodiscard]] std::chrono::milliseconds WallTime() { return clock_->WallTime(); }

  // How the loop that does the work is doing, told without waiting for it.
  struct Pulse {
    std::chrono::milliseconds step_runs{0};  // of the step under way so far; zero = none is
    model::OperationStatus operation;
  };
  [[nodiscard]] Pulse TakePulse() const;

  [[nodiscard]] ReleaseKeeper& release_keeper() { return *release_keeper_; }
  [[nodiscard]] Downloads& downloads() { return *downloads_; }
  // Of the operation that is open, and of the process that runs.
  [[nodiscard]] std::set<std::string> NeededGenerations();
  // No operation begins until it is chosen and renamed aside; what was renamed goes from the disk
  // afterwards, and nobody waits for that. The digests of the generations that went with it, or
  // ReleaseKeeper's errors and `fence.*`.
  [[nodiscard]] base::Result<std::vector<std::string>> RemoveRelease(const RunIdentity& run,
                                                                     const std::string& name);
  // The same after an operation was closed: old releases go, by the policy of agent.yaml.
  void CollectReleases();

 private:
  // With lease_mutex_ held, as the steps of the operation save neither outcomes nor fences.
  class Audited {
   public:
    Audited(DurableOperationJournal& journal, AuditedCall& call) : journal_(journal) {
      journal_.SetAudited(&call);
    }
    ~Audited() { journal_.SetAudited(nullptr); }
    Audited(const Audited&) = delete;
    Audited& operator=(const Audited&) = delete;

   private:
    DurableOperationJournal& journal_;
  };

  // What observations need of the operation, so that they never wait for a step.
  struct Snapshot {
    model::OperationStatus status;
    ProcessIdentity started;
    std::string started_by;
    std::chrono::milliseconds taken{0};
  };

  AgentCore(std::unique_ptr<Instance> instance,
            std::unique_ptr<journal::AgentJournal> journal,
            sys::Clock& clock);
  [[nodiscard]] base::Status Start(const Accepted& accepted);
  void Work(const std::stop_token& stop);
  // With runner_mutex_ held.
  void Publish();
  [[nodiscard]] Snapshot TakeSnapshot() const;
  void DescribeOperation(const Snapshot& snapshot, model::MemberObservation& seen) const;
  void DescribeInstance(model::MemberObservation& seen);
  // What this agent will not do until a person has mended something, of which no gate asks; or
  // empty.
  [[nodiscard]] std::string WhatItWillNotDo();
  [[nodiscard]] std::set<std::string> NeededBy(const model::OperationStatus& operation);
  [[nodiscard]] FinderAnswer FindProcess();
  // The one process of this server; kUnavailable `PURPOSE.no_process`, kFailedPrecondition
  // `PURPOSE.two_processes`.
  [[nodiscard]] base::Result<FoundProcess> SoleProcess(const std::string& purpose);
  [[nodiscard]] FinderAnswer FindProcessAt(Snapshot& snapshot);
  // A fresh look at processes and member, for `use`.
  template <typename F>
  auto WithDiscoverInputs(F use);
  void RememberProved(const ProbeRequest& request, const model::MemberObservation& seen);
  // With the file system that the data is on now.
  [[nodiscard]] base::Status SaveProved(std::uint64_t zxid);
  [[nodiscard]] base::Status LeaveStartConditions();
  [[nodiscard]] base::Status AcceptMovedData();

  std::unique_ptr<Instance> instance_;
  std::unique_ptr<journal::AgentJournal> journal_;
  sys::Clock* clock_;
  DurableOperationJournal operations_;
  AuditTrail audit_;
  CallLimits limits_;

  std::mutex runner_mutex_;
  std::condition_variable_any wake_;
  bool work_ = true;
  std::atomic<std::chrono::milliseconds> step_began_{};  // CLOCK_BOOTTIME; zero = none runs
  std::unique_ptr<InstanceHost> host_;
#ifdef ZOOWARDEN_FAULTS
  std::unique_ptr<FaultyHost> faulty_host_;  // between the runner and host_
#endif
  std::unique_ptr<OperationRunner> runner_;

  std::mutex lease_mutex_;
  std::unique_ptr<LeaseKeeper> lease_;

  mutable std::mutex snapshot_mutex_;
  std::condition_variable changed_;
  Snapshot snapshot_;
  std::deque<StateChange> changes_;

  std::mutex look_mutex_;
  std::unique_ptr<Generations> generations_;
  std::unique_ptr<ProcessFinder> finder_;
  TreeRemover tree_remover_;
  std::unique_ptr<ReleaseKeeper> release_keeper_;  // has a lock of its own
  std::uint64_t remembered_zxid_ = 0;
  std::chrono::milliseconds remembered_at_{0};
  // A gate may wait for a canary; who only asks for the status does not wait behind it.
  Prober gate_prober_;
  Prober status_prober_;

  std::unique_ptr<Downloads> downloads_;

  std::jthread worker_;  // last: it ends before anything that it uses
};

}  // namespace zoowarden::agent
