// The time between "ready" and the end of a serving agent: supervisors are told what is true, and
// an agent that nobody can reach any more ends itself.
#pragma once

#include "agent/service/agent_core.h"

#include <csignal>
#include <string>

namespace zoowarden::agent {

enum class End {
  kAsked,         // by one of the signals
  kListenerDead,  // start the agent again: its operation goes on from the journal
};

// To be called when the journal is recovered and `address` is listened on. Blocks. The signals must
// be blocked in every thread.
[[nodiscard]] End ServeUntilEnd(const AgentCore& core,
                                const std::string& address,
                                const sigset_t& signals);

}  // namespace zoowarden::agent
