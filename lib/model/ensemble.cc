#include "model/ensemble.h"

#include <algorithm>

namespace zoowarden::model {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kParticipant:
      return "participant";
    case Role::kObserver:
      return "observer";
  }
  return "participant";
}

std::optional<Role> ParseRole(std::string_view name) {
  if (name == "participant") {
    return Role::kParticipant;
  }
  if (name == "observer") {
    return Role::kObserver;
  }
  return std::nullopt;
}

std::string_view OnFailureName(OnFailure policy) {
  switch (policy) {
    case OnFailure::kRollbackAll:
      return "rollback_all";
    case OnFailure::kRollbackServer:
      return "rollback_server";
    case OnFailure::kHalt:
      return "halt";
  }
  return "rollback_all";
}

std::optional<OnFailure> ParseOnFailure(std::string_view name) {
  for (const auto policy :
       {OnFailure::kRollbackAll, OnFailure::kRollbackServer, OnFailure::kHalt}) {
    if (name == OnFailureName(policy)) {
      return policy;
    }
  }
  return std::nullopt;
}

std::string_view OverBudgetName(OverBudget verdict) {
  switch (verdict) {
    case OverBudget::kHalt:
      return "halt";
    case OverBudget::kRollback:
      return "rollback";
  }
  return "halt";
}

std::optional<OverBudget> ParseOverBudget(std::string_view name) {
  for (const auto verdict : {OverBudget::kHalt, OverBudget::kRollback}) {
    if (name == OverBudgetName(verdict)) {
      return verdict;
    }
  }
  return std::nullopt;
}

std::string_view HookPointName(HookPoint point) {
  switch (point) {
    case HookPoint::kBeforeRun:
      return "before_run";
    case HookPoint::kBeforeStep:
      return "before_step";
    case HookPoint::kAfterStep:
      return "after_step";
    case HookPoint::kAfterRun:
      return "after_run";
  }
  return "before_run";
}

std::optional<HookPoint> ParseHookPoint(std::string_view name) {
  for (const auto point : {HookPoint::kBeforeRun,
                           HookPoint::kBeforeStep,
                           HookPoint::kAfterStep,
                           HookPoint::kAfterRun}) {
    if (name == HookPointName(point)) {
      return point;
    }
  }
  return std::nullopt;
}

const ServerSpec* FindServer(const EnsembleSpec& ensemble, ServerId id) {
  const auto found = std::find_if(ensemble.servers.begin(),
                                  ensemble.servers.end(),
                                  [id](const ServerSpec& server) { return server.id == id; });
  return found == ensemble.servers.end() ? nullptr : &*found;
}

Settings SettingsOf(const EnsembleSpec& ensemble, const ServerSpec& server) {
  Settings settings = server.settings;
  settings.insert(ensemble.config.settings.begin(), ensemble.config.settings.end());
  return settings;
}

}  // namespace zoowarden::model
