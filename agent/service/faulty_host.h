// A host whose actions fail or hang where a fault point says so (base/fault.h): one point for the
// action of each state, `agent.action.STATE`. Part of builds with ZOOWARDEN_FAULTS only.
#pragma once

#ifdef ZOOWARDEN_FAULTS

#include "agent/operation/host.h"
#include "model/operation.h"

#include <string>

namespace zoowarden::agent {

class FaultyHost final : public ServerHost {
 public:
  // The host must outlive it.
  explicit FaultyHost(ServerHost& host) : host_(&host) {}

  [[nodiscard]] std::string BootId() override { return host_->BootId(); }
  // Faulty: nothing can be seen.
  [[nodiscard]] core::Reality Look(const core::OperationRecord& record, LookAt what) override;
  [[nodiscard]] base::Status CheckMayBegin() override { return host_->CheckMayBegin(); }
  [[nodiscard]] base::Result<model::Generation> Stage(const StageRequest& request) override;
  [[nodiscard]] base::Status CheckDataIsEmpty() override { return host_->CheckDataIsEmpty(); }
  [[nodiscard]] base::Status PrepareData() override { return host_->PrepareData(); }
  [[nodiscard]] base::Status SwitchTo(const std::string& generation) override;
  [[nodiscard]] base::Status Launch() override;
  [[nodiscard]] base::Status Signal(const model::Process& process,
                                    StopSignal signal,
                                    const StopCheck& still) override;

 private:
  [[nodiscard]] base::Status Action() const;

  ServerHost* host_;
  model::OperationState state_ = model::OperationState::kIdle;  // of the last look
};

}  // namespace zoowarden::agent

#endif
