// What this agent calls itself: set by CMake from the project's version.
#pragma once

namespace zoowarden::agent {

inline constexpr const char* kAgentVersion = ZOOWARDEN_VERSION;

}  // namespace zoowarden::agent
