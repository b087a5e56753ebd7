// The operation runner's view of the real server. One owner thread: the agent's worker.
#pragma once

#include "agent/install/generations.h"
#include "agent/lifecycle/process_finder.h"
#include "agent/lifecycle/start_guard.h"
#include "agent/observe/prober.h"
#include "agent/operation/host.h"
#include "agent/operation/process_identity.h"
#include "agent/service/instance.h"
#include "sys/clock.h"

#include <optional>

namespace zoowarden::journal {
class AgentJournal;
}  // namespace zoowarden::journal

namespace zoowarden::agent {

// Of the journal's row; nullopt: its member was never proved.
[[nodiscard]] base::Result<std::optional<ProvedBefore>> LoadProvedBefore(
    journal::AgentJournal& journal);

class InstanceHost final : public ServerHost {
 public:
  // Instance, journal and clock must outlive it.
  InstanceHost(Instance& instance,
               Generations generations,
               journal::AgentJournal& journal,
               sys::Clock& clock);

  [[nodiscard]] std::string BootId() override;
  [[nodiscard]] core::Reality Look(const core::OperationRecord& record, LookAt what) override;
  // Where somebody else could exchange what it would install (own_directories.h).
  [[nodiscard]] base::Status CheckMayBegin() override;
  [[nodiscard]] base::Result<model::Generation> Stage(const StageRequest& request) override;
  [[nodiscard]] base::Status CheckDataIsEmpty() override;
  [[nodiscard]] base::Status PrepareData() override;
  [[nodiscard]] base::Status SwitchTo(const std::string& generation) override;
  // What a process is called has changed: it is looked for anew.
  void Forget() { finder_.Forget(); }
  // Refuses to start what start_guard.h refuses.
  [[nodiscard]] base::Status Launch() override;
  [[nodiscard]] base::Status Signal(const model::Process& process,
                                    StopSignal signal,
                                    const StopCheck& still) override;

 private:
  void AskSupervisor(core::Reality& reality);
  [[nodiscard]] base::Status CheckNothingServes();

  Instance* instance_;
  Generations generations_;
  journal::AgentJournal* journal_;
  sys::Clock* clock_;
  ProcessFinder finder_;
  std::optional<model::Instant> hidden_since_;  // not all processes could be judged
  Prober prober_;
  // A supervisor is asked once a process: what it says of one does not change.
  ProcessIdentity asked_;
  std::string restarted_;
};

}  // namespace zoowarden::agent
