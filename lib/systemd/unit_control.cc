#include "systemd/unit_control.h"

#include <poll.h>
#include <sdbus-c++/sdbus-c++.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace zoowarden::systemd {
namespace {

using base::ErrorCode;
using base::Fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnitInterface = "org.freedesktop.systemd1.Unit";
constexpr const char* kServiceInterface = "org.freedesktop.systemd1.Service";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";

using Properties = std::map<std::string, sdbus::Variant>;
using Property = sdbus::Struct<std::string, sdbus::Variant>;
using NoUnits = std::vector<sdbus::Struct<std::string, std::vector<Property>>>;
// Program, argv, whether its failure counts.
using Command = sdbus::Struct<std::string, std::vector<std::string>, bool>;
// The same with the times, pid and status of its last run.
using CommandState = sdbus::Struct<std::string,
                                   std::vector<std::string>,
                                   bool,
                                   std::uint64_t,
                                   std::uint64_t,
                                   std::uint64_t,
                                   std::uint64_t,
                                   std::uint32_t,
                                   std::int32_t,
                                   std::int32_t>;

// Exit codes and signals.
using ExitStatuses = sdbus::Struct<std::vector<std::int32_t>, std::vector<std::int32_t>>;
constexpr std::int32_t kEndedBySigterm = 143;  // how a JVM says it

base::Error Translate(const std::string& action, const sdbus::Error& error) {
  const std::string text = action + ": " + error.getMessage();
  const std::string& name = error.getName();
  if (name == "org.freedesktop.systemd1.NoSuchUnit") {
    return {ErrorCode::kNotFound,
            "systemd.no_such_unit",
            text + "; look at instance.unit of agent.yaml"};
  }
  if (name == "org.freedesktop.systemd1.UnitExists") {
    return {ErrorCode::kAlreadyExists, "systemd.unit_exists", text + "; stop that unit first"};
  }
  if (name == "org.freedesktop.DBus.Error.AccessDenied" ||
      name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") {
    return {ErrorCode::kPermissionDenied,
            "systemd.not_permitted",
            text + "; run the agent as root or give its user a polkit rule for this unit"};
  }
  return {ErrorCode::kUnavailable, "systemd.call_failed", text + "; look at journalctl -b -p err"};
}

// Runs `call` and turns what the library throws into an error.
template <typename F>
auto Guarded(const std::string& action, F call) -> decltype(call()) {
  try {
    return call();
  } catch (const sdbus::Error& error) {
    return Fail(Translate(action, error));
  }
}

template <typename T>
void Take(const Properties& properties, const char* name, T& target) {
  if (const auto found = properties.find(name); found != properties.end()) {
    target = found->second.get<T>();
  }
}

class DBusUnitControl final : public UnitControl {
 public:
  explicit DBusUnitControl(std::unique_ptr<sdbus::IConnection> connection)
      : connection_(std::move(connection)),
        manager_(sdbus::createProxy(*connection_, kService, kManagerPath)) {
    // From before the first job on, so that no result is missed.
    manager_->uponSignal("JobRemoved")
        .onInterface(kManager)
        .call([this](std::uint32_t /*id*/,
                     const sdbus::ObjectPath& job,
                     const std::string& /*unit*/,
                     const std::string& result) { removed_[job] = result; });
    manager_->finishRegistration();
    manager_->callMethod("Subscribe").onInterface(kManager);
  }

  base::Result<UnitState> Read(const std::string& unit) override {
    return Guarded("cannot read unit " + unit,
                   [&]() -> base::Result<UnitState> { return ReadNow(unit); });
  }

  base::Result<std::string> Start(const std::string& unit, milliseconds patience) override {
    return Queue("StartUnit", unit, patience);
  }

  base::Result<std::string> Stop(const std::string& unit, milliseconds patience) override {
    return Queue("StopUnit", unit, patience);
  }

  base::Result<std::string> StartTransient(const TransientService& service,
                                           milliseconds patience) override {
    return Guarded("cannot start " + service.name, [&]() -> base::Result<std::string> {
      sdbus::ObjectPath job;
      manager_->callMethod("StartTransientUnit")
          .onInterface(kManager)
          .withArguments(service.name, std::string("fail"), PropertiesOf(service), NoUnits())
          .storeResultsTo(job);
      return Await(job, patience);
    });
  }

  base::Status ResetFailed(const std::string& unit) override {
    return Guarded("cannot reset " + unit, [&]() -> base::Status {
      try {
        manager_->callMethod("ResetFailedUnit").onInterface(kManager).withArguments(unit);
      } catch (const sdbus::Error& error) {
        if (error.getName() != "org.freedesktop.systemd1.NoSuchUnit") {
          throw;
        }
      }
      return base::Ok();
    });
  }

  base::Status Reload() override {
    return Guarded("cannot have systemd read its units again", [&]() -> base::Status {
      manager_->callMethod("Reload").onInterface(kManager);
      return base::Ok();
    });
  }

 private:
  base::Result<std::string> Queue(const char* method,
                                  const std::string& unit,
                                  milliseconds patience) {
    return Guarded(std::string(method) + " " + unit, [&]() -> base::Result<std::string> {
      sdbus::ObjectPath job;
      manager_->callMethod(method)
          .onInterface(kManager)
          .withArguments(unit, std::string("replace"))
          .storeResultsTo(job);
      return Await(job, patience);
    });
  }

  // No thread reads the bus: signals that came in while a call waited are kept by the library.
  std::string Await(const std::string& job, milliseconds patience) {
    const auto deadline = steady_clock::now() + patience;
    while (true) {
      while (connection_->processPendingRequest()) {
      }
      if (const auto found = removed_.find(job); found != removed_.end()) {
        return found->second;
      }
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      if (left.count() <= 0) {
        return "";
      }
      const auto wanted = connection_->getEventLoopPollData();
      pollfd bus{.fd = wanted.fd, .events = wanted.events, .revents = 0};
      constexpr milliseconds::rep kLook = 100;  // whatever time-out the library has of its own
      poll(&bus, 1, static_cast<int>(std::min(left.count(), kLook)));
    }
  }

  Properties All(sdbus::IProxy& unit, const char* interface) {
    Properties properties;
    unit.callMethod("GetAll")
        .onInterface(kProperties)
        .withArguments(std::string(interface))
        .storeResultsTo(properties);
    return properties;
  }

  UnitState ReadNow(const std::string& name) {
    sdbus::ObjectPath path;
    manager_->callMethod("LoadUnit").onInterface(kManager).withArguments(name).storeResultsTo(path);
    const auto unit = sdbus::createProxy(*connection_, kService, path);
    UnitState state;
    const Properties common = All(*unit, kUnitInterface);
    Take(common, "LoadState", state.load_state);
    Take(common, "ActiveState", state.active_state);
    Take(common, "SubState", state.sub_state);
    const Properties service = All(*unit, kServiceInterface);
    Take(service, "Result", state.result);
    Take(service, "Type", state.type);
    std::uint32_t main_pid = 0;
    Take(service, "MainPID", main_pid);
    state.main_pid = static_cast<pid_t>(main_pid);
    Take(service, "NRestarts", state.restarts);
    Take(service, "ExecMainStatus", state.exit_status);
    Take(service, "ControlGroup", state.control_group);
    std::vector<CommandState> commands;
    Take(service, "ExecStart", commands);
    for (const CommandState& command : commands) {
      state.run.push_back(command.get<1>());
    }
    return state;
  }

  static std::vector<Property> PropertiesOf(const TransientService& service) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(service.stop_timeout);
    const std::vector<Command> start = {Command(service.command.front(), service.command, false)};
    std::vector<Property> properties = {
        Property("Description", sdbus::Variant(service.description)),
        Property("Type", sdbus::Variant(std::string("exec"))),
        Property("ExecStart", sdbus::Variant(start)),
        Property("KillMode", sdbus::Variant(std::string("mixed"))),
        Property("TimeoutStopUSec",
                 sdbus::Variant(static_cast<std::uint64_t>(microseconds.count()))),
        Property("SuccessExitStatus", sdbus::Variant(ExitStatuses({kEndedBySigterm}, {}))),
        Property("CollectMode", sdbus::Variant(std::string("inactive-or-failed"))),
        // Kept while this connection lives, or its end could not be read.
        Property("AddRef", sdbus::Variant(true))};
    if (!service.user.empty()) {
      properties.emplace_back("User", sdbus::Variant(service.user));
    }
    return properties;
  }

  std::map<std::string, std::string> removed_;  // job -> result
  std::unique_ptr<sdbus::IConnection> connection_;
  std::unique_ptr<sdbus::IProxy> manager_;
};

}  // namespace

base::Result<std::unique_ptr<UnitControl>> Connect() {
  try {
    return std::make_unique<DBusUnitControl>(sdbus::createSystemBusConnection());
  } catch (const sdbus::Error& error) {
    return Fail(ErrorCode::kUnavailable,
                "systemd.unreachable",
                "cannot reach systemd on the system bus: " + error.getMessage() +
                    "; look at systemctl status dbus");
  }
}

}  // namespace zoowarden::systemd
