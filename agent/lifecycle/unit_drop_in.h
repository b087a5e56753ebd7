// Our drop-in for a unit that somebody else owns: the unit's own file is never touched, and what
// the unit was before is back as soon as the drop-in is removed.
#pragma once

#include "agent/lifecycle/launch.h"
#include "base/error.h"
#include "systemd/unit_control.h"

#include <filesystem>
#include <string>

namespace zoowarden::agent {

// Idempotent; one owner at a time. Errors of writing are sys's, with `start.drop_in` in front.
class UnitDropIn {
 public:
  // `units`: the directory of the administrator's units; tests give one of their own.
  explicit UnitDropIn(const std::string& unit,
                      const std::filesystem::path& units = "/etc/systemd/system")
      : directory_(units / (unit + ".d")), file_(directory_ / "zoowarden.conf") {}

  // Durable, and read by systemd, when it returns.
  [[nodiscard]] base::Status Install(const std::string& content, systemd::UnitControl& systemd);
  // The directory too, when nothing else is in it.
  [[nodiscard]] base::Status Remove(systemd::UnitControl& systemd);
  [[nodiscard]] bool IsInstalled() const;
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path directory_;
  std::filesystem::path file_;
};

// What makes a unit of any type run the launcher in the foreground as its main process.
[[nodiscard]] std::string DropInFor(const LaunchSettings& settings);

}  // namespace zoowarden::agent
