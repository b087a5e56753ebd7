// What an operation's record and its server look like to core::DecideStep.
#pragma once

#include "core/operation_step.h"

#include <chrono>
#include <string>

namespace zoowarden::core {

inline constexpr std::chrono::seconds kNow{100};
inline constexpr std::chrono::seconds kDeadline{130};

inline OperationRecord Record(model::OperationState state) {
  return {.operation_id = "op-1",
          .state = state,
          .from = "old",
          .to = "new",
          .deadline = kDeadline,
          .stop_timeout = std::chrono::seconds(20)};
}

inline Reality Running(const std::string& generation, model::Mode mode = model::Mode::kFollower) {
  Reality reality;
  reality.processes_visible = true;
  reality.process = model::Process{.pid = 11,
                                   .start_time = 5,
                                   .generation = generation,
                                   .started_by_operation = generation == "new" ? "op-1" : ""};
  reality.current = generation;
  reality.member_looked = true;
  reality.mode = mode;
  reality.quorum_connection = mode == model::Mode::kFollower;
  return reality;
}

inline Reality Gone(const std::string& current) {
  Reality reality;
  reality.processes_visible = true;
  reality.current = current;
  return reality;
}

// The member could not be looked at: its configuration or its sockets cannot be read.
inline Reality NotLooked(const std::string& generation) {
  Reality reality = Running(generation);
  reality.member_looked = false;
  reality.mode = model::Mode::kUnknown;
  reality.quorum_connection = false;
  return reality;
}

inline std::string Said(const OperationStep& step) {
  return step.event ? std::string(OperationEventName(*step.event)) : std::string("nothing");
}

}  // namespace zoowarden::core
