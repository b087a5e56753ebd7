// What a start job of systemd really came to: it is over when the launcher was executed, and only
// then does the launcher look for its lock.
#pragma once

#include "base/error.h"
#include "systemd/unit_control.h"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace zoowarden::agent {

// How long a start is waited for; one that takes longer is under way.
inline constexpr std::chrono::milliseconds kStartJobPatience{5'000};

// Waits until the launcher of `unit` has given way to zkServer.sh, which it does with the lock
// held. `job` is the result of the start job. kUnavailable `start.locked`; kFailedPrecondition
// `start.job_failed`, with what systemd knows. A unit whose launch was refused is stopped, so that
// its Restart= does not try again behind our back.
[[nodiscard]] base::Status CheckLaunched(systemd::UnitControl& systemd,
                                         const std::string& unit,
                                         const std::string& job,
                                         const std::filesystem::path& launcher);

// The same without a launcher: whether the job, which has ended, is done and the unit runs.
[[nodiscard]] base::Status CheckStartJob(systemd::UnitControl& systemd,
                                         const std::string& unit,
                                         const std::string& job);

}  // namespace zoowarden::agent
