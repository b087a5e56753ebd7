#include "agent/lifecycle/transient_manager.h"

#include "agent/lifecycle/unit_launch.h"

namespace zoowarden::agent {
namespace {

constexpr std::chrono::minutes kStopAtShutdown{5};  // a last snapshot may be large

}  // namespace

base::Status TransientManager::Start() {
  ZW_ASSIGN(const auto systemd, connect_());
  ZW_TRY(systemd->ResetFailed(unit_));
  const auto job =
      systemd->StartTransient({.name = unit_,
                               .description = "ZooKeeper server kept by Zoowarden",
                               .user = settings_.user,
                               .command = LaunchCommand(settings_, LaunchMode::kForeground),
                               .stop_timeout = kStopAtShutdown},
                              kStartJobPatience);
  if (!job && job.error().Is(base::ErrorCode::kAlreadyExists)) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "start.unit_busy",
                      job.error().message() + "; look at systemctl status " + unit_);
  }
  ZW_TRY(job);
  return CheckLaunched(*systemd, unit_, *job, settings_.launcher);
}

std::string TransientUnitName(const std::string& ensemble, model::ServerId server) {
  return "zookeeper-" + ensemble + "-" + model::ToString(server) + ".service";
}

}  // namespace zoowarden::agent
