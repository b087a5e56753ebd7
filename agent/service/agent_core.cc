#include "agent/service/agent_core.h"

#include "agent/service/agent_version.h"
#include "agent/service/own_directories.h"
#include "agent/service/serving_journal.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/agent_journal.h"
#include "sys/resident.h"

#include <unistd.h>

#include <algorithm>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using model::MemberObservation;
using model::OperationState;
using std::chrono::milliseconds;

constexpr std::size_t kKeptChanges = 256;
// So long without an operation or a call for one, the memory of the last one is given back.
constexpr milliseconds kQuiet{30'000};
// So long a want of space waits for what was removed; calls that change something wait behind it.
constexpr milliseconds kRemovalPatience{10'000};

// How long until reality may have changed. Short where a server is down because of us.
milliseconds PauseIn(OperationState state, bool proved) {
  switch (state) {
    case OperationState::kVerifying:
      return milliseconds(proved ? 500 : 50);
    case OperationState::kVerifyingOld:
      return milliseconds(50);
    case OperationState::kUnconfirmed:
      return milliseconds(1'000);
    case OperationState::kIdle:
    case OperationState::kStaging:
    case OperationState::kStaged:
    case OperationState::kStopping:
    case OperationState::kSwitching:
    case OperationState::kStarting:
    case OperationState::kCommitted:
    case OperationState::kRollingBack:
    case OperationState::kRestartingOld:
    case OperationState::kRolledBack:
    case OperationState::kNeedsOperator:
      return milliseconds(10);
  }
  return milliseconds(50);
}

}  // namespace

base::Result<std::unique_ptr<AgentCore>> AgentCore::Open(config::AgentConfig config,
                                                         sys::Clock& clock,
                                                         const Accepted& accepted) {
  ZW_ASSIGN(auto journal, OpenServingJournal(config, accepted.lost_journal));
  ZW_ASSIGN(auto instance, Instance::Open(std::move(config)));
  std::unique_ptr<AgentCore> core(new AgentCore(std::move(instance), std::move(journal), clock));
  ZW_TRY(core->Start(accepted));
  return core;
}

AgentCore::AgentCore(std::unique_ptr<Instance> instance,
                     std::unique_ptr<journal::AgentJournal> journal,
                     sys::Clock& clock)
    : instance_(std::move(instance)),
      journal_(std::move(journal)),
      clock_(&clock),
      operations_(*journal_),
      audit_(*journal_, clock),
      gate_prober_(instance_->prober_settings(), clock),
      status_prober_(instance_->prober_settings(), clock) {}

// No tree that waits is begun while the step under way ends, which may be waiting for them.
AgentCore::~AgentCore() { tree_remover_.Stop(); }

base::Status AgentCore::Start(const Accepted& accepted) {
  Generations for_host = instance_->generations();
  Generations for_looks = instance_->generations();
  Generations for_releases = instance_->generations();
  release_keeper_ = std::make_unique<ReleaseKeeper>(
      *instance_, std::move(for_releases), [this](sys::TempDir tree) {
        tree_remover_.Take(std::move(tree));
      });
  WithReleases([this](Releases& releases) {
    releases.AwaitRemovals([this] { return tree_remover_.Wait(kRemovalPatience); });
  });
  generations_ = std::make_unique<Generations>(std::move(for_looks));
  std::error_code ignored;
  config::DownloadConfig download = instance_->config().download;
  download.most_bytes =
      std::min(download.most_bytes, instance_->config().releases.most_upload_bytes);
  downloads_ = std::make_unique<Downloads>(
      fs::read_symlink("/proc/self/exe", ignored).parent_path() / "zoowarden-fetch",
      std::move(download),
      fs::path(instance_->config().state_directory) / "uploads",
      [this](const std::string& sha512) {
        return WithReleases([&](Releases& all) { return all.FinishFetch(sha512); });
      },
      *clock_);
  finder_ = std::make_unique<ProcessFinder>(instance_->finder_settings());
  host_ = std::make_unique<InstanceHost>(*instance_, std::move(for_host), *journal_, *clock_);
  if (accepted.moved_data) {
    ZW_TRY(AcceptMovedData());
  }
  ZW_ASSIGN(LeaseKeeper lease,
            LeaseKeeper::Open(operations_, *clock_, instance_->config().lease_lapse));
  lease_ = std::make_unique<LeaseKeeper>(std::move(lease));
#ifdef ZOOWARDEN_FAULTS
  faulty_host_ = std::make_unique<FaultyHost>(*host_);
  ServerHost& host = *faulty_host_;
#else
  ServerHost& host = *host_;
#endif
  ZW_ASSIGN(OperationRunner runner, OperationRunner::Open(host, operations_, *clock_));
  runner_ = std::make_unique<OperationRunner>(std::move(runner));
  changes_.push_back(runner_->Present());
  Publish();
  if (const auto left = LeaveStartConditions(); !left) {
    base::LogWarn("not_recorded=start_conditions " + left.error().message());
  }
  worker_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
  return base::Ok();
}

void AgentCore::Work(const std::stop_token& stop) {
  std::unique_lock lock(runner_mutex_);
  while (!stop.stop_requested()) {
    work_ = false;
    const OperationState before = runner_->state();
    step_began_ = clock_->BootTime();
    const bool in_flight = runner_->Step();
    step_began_ = milliseconds(0);
    Publish();
    if (in_flight && runner_->state() != before) {
      lock.unlock();  // a waiting call comes first
      std::this_thread::yield();
      lock.lock();
      continue;
    }
    const auto woken = [this] { return work_; };
    if (in_flight) {
      wake_.wait_for(lock, stop, PauseIn(runner_->state(), runner_->Status().proved), woken);
    } else if (!wake_.wait_for(lock, stop, kQuiet, woken) && !stop.stop_requested()) {
      sys::ReturnIdleMemory();
      wake_.wait(lock, stop, woken);
    }
  }
}

void AgentCore::Publish() {
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = {.status = runner_->Status(),
               .started = runner_->stored().started,
               .started_by = runner_->stored().started_by,
               .taken = clock_->BootTime()};
  for (StateChange& change : runner_->TakeChanges()) {
    changes_.push_back(std::move(change));
    if (changes_.size() > kKeptChanges) {
      changes_.pop_front();
    }
    changed_.notify_all();
  }
}

std::vector<StateChange> AgentCore::WaitChanges(const std::string& operation_id,
                                                std::uint64_t after_sequence,
                                                milliseconds timeout) {
  std::unique_lock lock(snapshot_mutex_);
  std::vector<StateChange> wanted;
  changed_.wait_for(lock, timeout, [&] {
    std::copy_if(changes_.begin(),
                 changes_.end(),
                 std::back_inserter(wanted),
                 [&](const StateChange& change) {
                   return change.operation_id == operation_id && change.sequence > after_sequence;
                 });
    return !wanted.empty();
  });
  return wanted;
}

MemberObservation AgentCore::Look(const ProbeRequest& request) {
  MemberObservation seen{.id = instance_->config().server, .answered = true};
  seen.agent_version = kAgentVersion;
  Snapshot snapshot;
  const FinderAnswer processes = FindProcessAt(snapshot);
  seen.processes_visible = processes.visible;
  seen.problem = processes.problem;
  Prober& prober = request.canary ? gate_prober_ : status_prober_;
  if (processes.several) {
    // What answers as the member is not known to be this one: nothing is said of it.
    seen.process = processes.found->process;
    seen.processes_visible = false;
  } else if (processes.found) {
    seen.process = processes.found->process;
    prober.Observe(*processes.found, request, seen);
    RememberProved(request, seen);
  } else {
    prober.ObserveFiles(seen);
  }
  seen.epoch = WithLease([](LeaseKeeper& lease) { return lease.Get().owner.epoch; });
  DescribeOperation(snapshot, seen);
  DescribeInstance(seen);
  // A round of a gate has no use for it, and comes several times a second.
  if (!request.canary && seen.problem.empty()) {
    seen.problem = WhatItWillNotDo();
  }
  return seen;
}

std::string AgentCore::WhatItWillNotDo() {
  std::vector<std::string> all;
  if (const auto own = LookAtOwnDirectories(instance_->config(), ::geteuid()).sound; !own) {
    all.push_back("begins no new operation: " + own.error().message());
  }
  if (const auto uses = release_keeper_->CheckUses(); !uses) {
    all.push_back(uses.error().message());
  }
  return base::Join(all, "; ");
}

FinderAnswer AgentCore::FindProcess() {
  const std::lock_guard lock(look_mutex_);
  return finder_->FindAgain();
}

AgentCore::Snapshot AgentCore::TakeSnapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

// The process and the operation of one moment: "verifying" together with the absence that was seen
// before the start would take a good server back.
FinderAnswer AgentCore::FindProcessAt(Snapshot& snapshot) {
  constexpr int kTries = 5;
  FinderAnswer answer;
  for (int i = 0; i < kTries; ++i) {
    snapshot = TakeSnapshot();
    answer = FindProcess();
    const Snapshot after = TakeSnapshot();
    if (after.status.operation_id == snapshot.status.operation_id &&
        after.status.state == snapshot.status.state) {
      break;
    }
  }
  return answer;
}

void AgentCore::DescribeOperation(const Snapshot& snapshot, MemberObservation& seen) const {
  seen.operation = snapshot.status;
  const auto passed = clock_->BootTime() - snapshot.taken;
  seen.operation.deadline_left = std::max(milliseconds(0), seen.operation.deadline_left - passed);
  if (seen.process && snapshot.started.Names(*seen.process)) {
    seen.process->started_by_operation = snapshot.started_by;
  }
}

void AgentCore::DescribeInstance(MemberObservation& seen) {
  const std::lock_guard lock(look_mutex_);
  const auto current = generations_->Current();
  if (!current) {
    seen.problem += (seen.problem.empty() ? "" : "; ") + current.error().message();
  } else if (*current) {
    seen.current = (*current)->generation;
    seen.settings = (*current)->settings;
  }
  if (const auto all = generations_->List()) {
    for (const model::Generation& generation : *all) {
      seen.generations.push_back(generation.digest);
    }
  }
}

template <typename F>
auto AgentCore::WithDiscoverInputs(F use) {
  FinderAnswer processes;
  {
    const std::lock_guard lock(look_mutex_);
    finder_->Forget();
    processes = finder_->Find();
  }
  MemberObservation seen{.id = instance_->config().server};
  if (processes.sole() != nullptr) {
    status_prober_.Observe(*processes.found, {}, seen);
  }
  return use(
      DiscoverInputs{.config = instance_->config(), .processes = processes, .observed = seen});
}

model::Discovery AgentCore::Discover() {
  return WithDiscoverInputs(
      [](const DiscoverInputs& inputs) { return agent::Discover(inputs).facts; });
}

base::Result<model::Generation> AgentCore::Adopt(const RunIdentity& run,
                                                 const ApprovedAdoption& approved) {
  return WithRunner([&](OperationRunner& runner) -> base::Result<model::Generation> {
    ZW_TRY(lease_->Renew(run));  // nobody took over while this one waited for the runner
    if (!model::IsFinished(runner.state())) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "adopt.busy",
                        "operation " + runner.stored().operation_id +
                            " is under way on this server; commit, roll back or close it first");
    }
    ZW_TRY(host_->CheckMayBegin());
    auto adopted = WithDiscoverInputs([&](const DiscoverInputs& inputs) {
      const std::lock_guard lock(look_mutex_);
      return agent::Adopt(inputs, approved, *generations_);
    });
    const std::lock_guard lock(look_mutex_);
    finder_->Forget();
    host_->Forget();
    return adopted;
  });
}

std::set<std::string> AgentCore::NeededBy(const model::OperationStatus& operation) {
  std::set<std::string> needed;
  if (operation.state != OperationState::kIdle) {
    needed = {operation.from_generation, operation.to_generation};
  }
  if (const FinderAnswer processes = FindProcess(); processes.found) {
    needed.insert(processes.found->process.generation);
  }
  return needed;
}

std::set<std::string> AgentCore::NeededGenerations() { return NeededBy(TakeSnapshot().status); }

base::Result<std::vector<std::string>> AgentCore::RemoveRelease(const RunIdentity& run,
                                                                const std::string& name) {
  return WithRunnerAlone([&](OperationRunner& runner) -> base::Result<std::vector<std::string>> {
    ZW_TRY(WithLease([&](LeaseKeeper& lease) { return lease.Renew(run); }));
    return release_keeper_->Remove(name, NeededBy(runner.Status()));
  });
}

void AgentCore::CollectReleases() {
  const auto collected = WithRunnerAlone([&](OperationRunner& runner) {
    auto needed = NeededBy(runner.Status());
    // Also of the operation that has just been closed: its way back is the last to go.
    needed.insert({runner.stored().from, runner.stored().to});
    return release_keeper_->Collect(needed);
  });
  if (!collected) {
    base::LogWarn("not_collected=releases " + collected.error().message());
  }
}

AgentCore::Pulse AgentCore::TakePulse() const {
  const milliseconds began = step_began_;
  return {.step_runs = began.count() == 0 ? began : clock_->BootTime() - began,
          .operation = TakeSnapshot().status};
}

journal::RunStore& AgentCore::runs() { return journal_->runs(); }

base::Result<journal::RunPosition> AgentCore::PutRun(
    const journal::RunRow& run,
    const std::vector<journal::RunEventRow>& events,
    AuditedCall& audited) {
  const auto& records = instance_->config().records;
  auto stored = journal_->PutRun(run,
                                 events,
                                 {.most = records.keep, .age = records.keep_for},
                                 WithOutcome(audited.entry, nullptr));
  audited.recorded = stored.has_value();
  return stored;
}

}  // namespace zoowarden::agent
