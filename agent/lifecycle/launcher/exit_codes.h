// What zoowarden-launch tells by its exit code; the sentence is on its standard error.
#pragma once

namespace zoowarden::agent {

inline constexpr int kLaunched = 0;
inline constexpr int kLaunchFailed = 1;
inline constexpr int kLaunchLocked =
    75;  // EX_TEMPFAIL: another launch or its server holds the data
inline constexpr int kLaunchRefused = 78;  // EX_CONFIG: what is on disk must not be started

}  // namespace zoowarden::agent
