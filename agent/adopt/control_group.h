// Which systemd service a process belongs to, and the files that say what it is. Files only, no
// D-Bus: they are there for a service manager that does not answer, too.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

// The service of the system's manager in the text of /proc/PID/cgroup: "zookeeper.service". Empty
// for a process of a login, of a scope or of no manager at all.
[[nodiscard]] std::string ServiceOf(std::string_view cgroup);

// The unit's own file and its drop-ins in the order in which systemd looks for them, and the init
// script when the unit was generated from one (SourcePath=). `root` is "/" but for tests.
[[nodiscard]] std::vector<std::string> UnitFiles(const std::filesystem::path& root,
                                                 const std::string& unit);

}  // namespace zoowarden::agent
