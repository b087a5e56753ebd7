#include "agent/service/faulty_host.h"

#ifdef ZOOWARDEN_FAULTS

#include "base/fault.h"

namespace zoowarden::agent {
namespace {

using model::OperationState;

base::Status ActionIn(OperationState state) {
  return base::FaultStatus("agent.action." + std::string(model::OperationStateName(state)));
}

bool LookIsTheAction(OperationState state) {
  return state == OperationState::kVerifying || state == OperationState::kUnconfirmed ||
         state == OperationState::kVerifyingOld;
}

}  // namespace

base::Status FaultyHost::Action() const { return ActionIn(state_); }

core::Reality FaultyHost::Look(const core::OperationRecord& record, LookAt what) {
  state_ = record.state;
  if (what == LookAt::kMember && LookIsTheAction(state_) && !Action()) {
    core::Reality nothing;
    nothing.current = host_->Look(record, LookAt::kProcess).current;
    return nothing;
  }
  return host_->Look(record, what);
}

base::Result<model::Generation> FaultyHost::Stage(const StageRequest& request) {
  ZW_TRY(ActionIn(OperationState::kStaging));
  return host_->Stage(request);
}

base::Status FaultyHost::SwitchTo(const std::string& generation) {
  ZW_TRY(Action());
  return host_->SwitchTo(generation);
}

base::Status FaultyHost::Launch() {
  ZW_TRY(Action());
  return host_->Launch();
}

base::Status FaultyHost::Signal(const model::Process& process,
                                StopSignal signal,
                                const StopCheck& still) {
  ZW_TRY(Action());
  return host_->Signal(process, signal, still);
}

}  // namespace zoowarden::agent

#endif
