#include "agent/service/instance_host.h"

#include "agent/install/conf_files.h"
#include "agent/lifecycle/port_guard.h"
#include "agent/lifecycle/start_guard.h"
#include "agent/service/data_preparation.h"
#include "agent/service/installation_record.h"
#include "agent/service/own_directories.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/agent_journal.h"
#include "sys/files.h"

#include <unistd.h>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr const char* kProc = "/proc";
constexpr const char* kBootIdFile = "/proc/sys/kernel/random/boot_id";

}  // namespace

InstanceHost::InstanceHost(Instance& instance,
                           Generations generations,
                           journal::AgentJournal& journal,
                           sys::Clock& clock)
    : instance_(&instance),
      generations_(std::move(generations)),
      journal_(&journal),
      clock_(&clock),
      finder_(instance.finder_settings()),
      prober_(instance.prober_settings(), clock) {}

// Empty when it cannot be read: then every start of the agent counts as one after another boot.
std::string InstanceHost::BootId() {
  const auto id = sys::ReadFile(kBootIdFile, 1024);
  return id ? std::string(base::Trim(*id)) : std::string();
}

core::Reality InstanceHost::Look(const core::OperationRecord& /*record*/, LookAt what) {
  const FinderAnswer answer = finder_.FindAgain();
  core::Reality reality;
  reality.processes_visible = answer.visible;
  reality.processes_problem = answer.visible ? "" : answer.problem;
  hidden_since_ =
      answer.visible ? std::nullopt : std::optional(hidden_since_.value_or(clock_->BootTime()));
  reality.hidden_since = hidden_since_;
  reality.several = answer.several;
  const auto current = generations_.Current();
  if (!current) {
    reality.current_problem = current.error().message();
  } else if (*current) {
    reality.current = (*current)->generation.digest;
  }
  if (!answer.found) {
    return reality;
  }
  reality.process = answer.found->process;
  AskSupervisor(reality);
  if (what == LookAt::kMember && answer.sole() != nullptr) {
    const MemberView view = prober_.Look(*answer.found);
    reality.member_looked = view.looked;
    reality.mode = view.mode;
    reality.broadcast = view.broadcast;
    reality.quorum_connection = view.quorum_connection;
    // The only member of its ensemble serves alone by right.
    if (view.mode == model::Mode::kStandalone && current && *current &&
        (*current)->declared_servers == 1) {
      reality.mode = model::Mode::kLeader;
    }
  }
  return reality;
}

void InstanceHost::AskSupervisor(core::Reality& reality) {
  if (!asked_.Names(*reality.process)) {
    auto answer = instance_->manager().RestartedBySupervisor(*reality.process);
    if (!answer) {
      reality.restart = core::Restart::kUnknown;
      reality.restart_text = answer.error().message();
      return;
    }
    asked_ = ProcessIdentity::Of(*reality.process);
    restarted_ = *std::move(answer);
    if (!restarted_.empty()) {
      base::LogWarn(restarted_);
    }
  }
  if (!restarted_.empty()) {
    reality.restart = core::Restart::kBySupervisor;
    reality.restart_text = restarted_;
  }
}

base::Status InstanceHost::CheckMayBegin() {
  return LookAtOwnDirectories(instance_->config(), ::geteuid()).sound;
}

base::Result<model::Generation> InstanceHost::Stage(const StageRequest& request) {
  return instance_->Stage(request);
}

base::Status InstanceHost::CheckDataIsEmpty() {
  const config::InstanceConfig& layout = instance_->config().instance;
  if (LookAtData(instance_->config()).most == DataState::kEmpty) {
    return base::Ok();
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "install.not_first",
              layout.data_directory + " or " + layout.data_log_directory +
                  " is not empty; a first installation takes empty ones");
}

base::Status InstanceHost::PrepareData() { return PrepareDataDirectories(*instance_); }

base::Status InstanceHost::SwitchTo(const std::string& generation) {
  const auto current = generations_.Current();
  if (!current) {
    // What ran cannot be read. Its membership is lost to us, not to the ensemble; the target keeps
    // its own, and CheckStart judges that before the start.
    base::LogWarn("generation=current cannot be read, no membership is carried over: " +
                  current.error().message());
    return generations_.SwitchTo(generation);
  }
  const std::string from = *current ? (*current)->generation.digest : "";
  if (!generation.empty() && from != generation) {
    ZW_TRY(generations_.CarryOverDynamicFile(from, generation));
  }
  return generations_.SwitchTo(generation);
}

base::Result<std::optional<ProvedBefore>> LoadProvedBefore(journal::AgentJournal& journal) {
  ZW_ASSIGN(const auto row, journal.LoadProved());
  return row ? std::optional(
                   ProvedBefore{.canary = {row->zxid},
                                .file_system = {.device = row->device, .name = row->file_system},
                                .boot_id = row->boot_id})
             : std::nullopt;
}

base::Status InstanceHost::CheckNothingServes() {
  const FinderAnswer answer = finder_.Find();
  if (answer.found) {
    return Fail(ErrorCode::kUnavailable,
                "start.other_process",
                "process " + std::to_string(answer.found->process.pid) + " serves " +
                    instance_->config().instance.data_directory +
                    " already; stop it, or end what started it");
  }
  if (!answer.visible) {
    return Fail(ErrorCode::kUnavailable,
                "start.processes_hidden",
                core::Hidden({.processes_problem = answer.problem}));
  }
  return base::Ok();
}

base::Status InstanceHost::Launch() {
  ZW_TRY(CheckNothingServes());
  ZW_ASSIGN(auto current, generations_.Current());
  if (!current) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.no_generation",
                "no generation in " + instance_->config().instance.generations +
                    " is current; roll a release out to this server first");
  }
  // What a unit or an init script started before adoption is started by it again, as it was.
  const bool unchanged =
      current->foreign && current->foreign->launcher == model::ForeignLauncher::kUnit;
  ZW_ASSIGN(const ConfigurationFiles files, ReadZooCfgFilesOf(*current));
  const config::InstanceConfig& layout = instance_->config().instance;
  ZW_ASSIGN(FileSystem file_system, FileSystemOf(layout.data_directory));
  ZW_ASSIGN(const auto proved, LoadProvedBefore(*journal_));
  ZW_TRY(CheckStart({.data_directory = layout.data_directory,
                     .data_log_directory = layout.data_log_directory,
                     .generation = *std::move(current),
                     .file_system = std::move(file_system),
                     .boot_id = BootId()},
                    proved));
  ZW_TRY(CheckPortsAreFree(kProc, PortsOf(files, instance_->config().server)));
  // Reading the whole release took seconds.
  ZW_TRY(CheckNothingServes());
  return unchanged ? instance_->manager().StartUnchanged() : instance_->manager().Start();
}

base::Status InstanceHost::Signal(const model::Process& process,
                                  StopSignal signal,
                                  const StopCheck& still) {
  return instance_->manager().Signal(process, signal, still);
}

}  // namespace zoowarden::agent
