// A service manager with one unit, in memory: what its jobs come to and change is the test's to
// say. Connections share it.
#pragma once

#include "systemd/unit_control.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::test {

struct FakeSystemd {
  using Change = std::function<void(systemd::UnitState&)>;

  systemd::UnitState unit{.load_state = "loaded", .active_state = "inactive"};
  std::string start_result = "done";
  std::string stop_result = "done";
  Change on_start = [](systemd::UnitState& it) { it.active_state = "active"; };
  Change on_stop = [](systemd::UnitState& it) {
    it.active_state = "inactive";
    it.sub_state = "dead";
  };
  Change on_reload = [](systemd::UnitState&) {};
  std::optional<base::Error> unreachable;
  std::optional<base::Error> stop_error;
  std::optional<systemd::TransientService> transient;
  std::vector<std::string> calls;  // those that change something, in order

  [[nodiscard]] systemd::Connector Connector();
};

class FakeUnitControl final : public systemd::UnitControl {
 public:
  explicit FakeUnitControl(FakeSystemd& systemd) : systemd_(&systemd) {}

  base::Result<systemd::UnitState> Read(const std::string& /*unit*/) override {
    return systemd_->unit;
  }
  base::Result<std::string> Start(const std::string& unit,
                                  std::chrono::milliseconds /*patience*/) override {
    Note("start " + unit);
    systemd_->on_start(systemd_->unit);
    return systemd_->start_result;
  }
  base::Result<std::string> Stop(const std::string& unit,
                                 std::chrono::milliseconds /*patience*/) override {
    Note("stop " + unit);
    systemd_->on_stop(systemd_->unit);
    if (systemd_->stop_error) {
      return base::Fail(*systemd_->stop_error);
    }
    return systemd_->stop_result;
  }
  base::Result<std::string> StartTransient(const systemd::TransientService& service,
                                           std::chrono::milliseconds patience) override {
    systemd_->transient = service;
    return Start(service.name, patience);
  }
  base::Status ResetFailed(const std::string& unit) override {
    Note("reset " + unit);
    systemd_->unit.restarts = 0;
    return base::Ok();
  }
  base::Status Reload() override {
    Note("reload");
    systemd_->on_reload(systemd_->unit);
    return base::Ok();
  }

 private:
  void Note(std::string call) { systemd_->calls.push_back(std::move(call)); }
  FakeSystemd* systemd_;
};

inline systemd::Connector FakeSystemd::Connector() {
  return [this]() -> base::Result<std::unique_ptr<systemd::UnitControl>> {
    if (unreachable) {
      return base::Fail(*unreachable);
    }
    return std::make_unique<FakeUnitControl>(*this);
  };
}

}  // namespace zoowarden::test
