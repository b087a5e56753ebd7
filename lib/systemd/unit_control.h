// systemd's service manager over D-Bus: its units, its jobs and what they really came to.
//
// An implementation is one connection: made when it is needed and let go after, because an idle
// agent holds none. Not thread-safe; calls block for at most their patience and the bus's 25 s.
#pragma once

#include "base/error.h"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zoowarden::systemd {

// What systemd says of one service unit. Evidence: whether a process runs is /proc's to say.
struct UnitState {
  std::string load_state;                     // loaded, not-found, masked, …
  std::string active_state;                   // active, activating, deactivating, inactive, failed
  std::string sub_state;                      // running, auto-restart, exited, …
  std::string result;                         // of the last run: success, exit-code, signal, …
  std::string type;                           // exec, simple, forking, notify, …
  pid_t main_pid = 0;                         // 0 = none known
  std::uint32_t restarts = 0;                 // by systemd itself since the last start by others
  std::int32_t exit_status = 0;               // of the last main process that has ended
  std::string control_group;                  // empty = none
  std::vector<std::vector<std::string>> run;  // ExecStart, one argv each
  [[nodiscard]] bool ended() const {
    return active_state == "inactive" || active_state == "failed";
  }
};

// A service that exists only while it runs; it is gone with its end, also when it failed.
struct TransientService {
  std::string name;
  std::string description;
  std::string user;  // empty = root
  std::vector<std::string> command;
  std::chrono::milliseconds stop_timeout{0};  // until systemd itself would kill it, at shutdown
};

class UnitControl {
 public:
  UnitControl() = default;
  UnitControl(const UnitControl&) = delete;
  UnitControl& operator=(const UnitControl&) = delete;
  virtual ~UnitControl() = default;

  // A unit that does not exist has load_state "not-found".
  [[nodiscard]] virtual base::Result<UnitState> Read(const std::string& unit) = 0;

  // The next three give the job's result as systemd names it ("done", "failed", "canceled", …),
  // empty when it has none after `patience`. Errors are of the call: the job was not made.
  [[nodiscard]] virtual base::Result<std::string> Start(const std::string& unit,
                                                        std::chrono::milliseconds patience) = 0;
  [[nodiscard]] virtual base::Result<std::string> Stop(const std::string& unit,
                                                       std::chrono::milliseconds patience) = 0;
  // As long as this object lives, the state of a service that failed can be read.
  [[nodiscard]] virtual base::Result<std::string> StartTransient(
      const TransientService& service, std::chrono::milliseconds patience) = 0;

  // Forgets a failure, the count of restarts and the start limit. A unit that is not loaded has
  // nothing to forget.
  [[nodiscard]] virtual base::Status ResetFailed(const std::string& unit) = 0;
  // Reads all unit files again.
  [[nodiscard]] virtual base::Status Reload() = 0;
};

using Connector = std::function<base::Result<std::unique_ptr<UnitControl>>()>;

// To the system's service manager. kUnavailable `systemd.unreachable`. Its calls: kNotFound
// `systemd.no_such_unit`, kAlreadyExists `systemd.unit_exists`, kPermissionDenied
// `systemd.not_permitted`, else kUnavailable `systemd.call_failed`.
[[nodiscard]] base::Result<std::unique_ptr<UnitControl>> Connect();

}  // namespace zoowarden::systemd
