// What the member was proved to hold, remembered for the starts to come.
#include "agent/lifecycle/start_conditions.h"
#include "agent/service/agent_core.h"
#include "base/log.h"
#include "journal/agent_journal.h"

namespace zoowarden::agent {
namespace {

using model::MemberObservation;
using std::chrono::milliseconds;

// A member is proved in every round of a gate; one durable record a second is enough to know older
// data from the right data.
constexpr milliseconds kRememberEvery{1'000};

}  // namespace

// Proved as far as this server alone can tell; the start guard compares later data with it.
void AgentCore::RememberProved(const ProbeRequest& request, const MemberObservation& seen) {
  const bool proved = request.canary && seen.own_zxid >= request.canary &&
                      seen.durable_zxid >= request.canary &&
                      seen.broadcast != model::Broadcast::kNo;
  const std::lock_guard lock(look_mutex_);
  const auto now = clock_->BootTime();
  if (!proved || request.canary->value <= remembered_zxid_ ||
      now < remembered_at_ + kRememberEvery) {
    return;
  }
  if (const auto saved = SaveProved(request.canary->value); !saved) {
    base::LogWarn("not_recorded=proved " + saved.error().message());
    return;
  }
  remembered_zxid_ = request.canary->value;
  remembered_at_ = now;
}

base::Status AgentCore::SaveProved(std::uint64_t zxid) {
  ZW_ASSIGN(const auto file_system, FileSystemOf(instance_->config().instance.data_directory));
  ZW_TRY(journal_->SaveProved({.zxid = zxid,
                               .device = file_system.device,
                               .boot_id = host_->BootId(),
                               .file_system = file_system.name}));
  return LeaveStartConditions();
}

// For the starts that this agent does not make.
base::Status AgentCore::LeaveStartConditions() {
  const config::InstanceConfig& layout = instance_->config().instance;
  ZW_ASSIGN(auto proved, LoadProvedBefore(*journal_));
  return WriteStartConditions(
      layout.generations,
      {.data_log_directory = layout.data_log_directory, .proved = std::move(proved)});
}

base::Status AgentCore::AcceptMovedData() {
  ZW_ASSIGN(const auto row, journal_->LoadProved());
  return row ? SaveProved(row->zxid) : base::Ok();
}

}  // namespace zoowarden::agent
