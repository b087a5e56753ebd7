// What is true in each state of an operation and what each event means, in words: the source of the
// generated part of docs/operation-states.md.
//
// Pure. Every state and every event of operation_table.h has exactly one entry, in that order.
#pragma once

#include "core/operation_table.h"

#include <span>
#include <string>
#include <string_view>

namespace zoowarden::core {

struct OperationStateFacts {
  model::OperationState state;
  std::string_view server;     // what is true of it
  std::string_view persisted;  // on entering, beside the state and its line of history
  std::string_view action;     // empty = none: the state waits
  std::string_view checks;     // what is looked at before the action
  std::string_view timeout;    // empty = none
};

struct OperationEventFacts {
  OperationEvent event;
  bool by_controller = false;  // else the agent's own
  std::string_view meaning;
};

[[nodiscard]] std::span<const OperationStateFacts> AllOperationStateFacts();
[[nodiscard]] std::span<const OperationEventFacts> AllOperationEventFacts();

// Markdown tables of states, actions, transitions and events.
[[nodiscard]] std::string PrintOperationTables();

}  // namespace zoowarden::core
