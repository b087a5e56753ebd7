// What a controller asks of the operation runner, as values. The gRPC service translates to these;
// the simulation makes them directly.
#pragma once

#include "model/ensemble.h"
#include "model/observation.h"
#include "model/operation.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::agent {

// Who commands, for which run. Proved by the TLS peer and the fence, never by these fields alone.
struct RunIdentity {
  std::string run_id;
  std::uint64_t epoch = 0;
  std::string holder;
  bool operator==(const RunIdentity&) const = default;
};

// Names one mutating call: repeating it returns the outcome that was recorded.
struct CallIdentity {
  RunIdentity run;
  std::string operation_id;
  std::uint64_t sequence = 0;
};

// What a generation is to be made of; with `existing_generation` one that is on disk already.
struct StageRequest {
  std::string existing_generation;
  model::ReleaseSpec release;  // version and sha512; source and signature paths are not used
  std::string signature;       // content of the detached OpenPGP signature, empty = none
  bool signature_required = false;
  model::ConfigurationSpec configuration;
  std::vector<model::Member> members;
  std::uint16_t client_port = 0;
  std::string expected_digest;  // refused when another one comes out
};

// Kinds of operations, stored by these names. A restart from no generation is a first installation.
inline constexpr const char* kRestartKind = "restart";
inline constexpr const char* kRemoveKind = "remove";

struct BeginRequest {
  std::string kind = kRestartKind;
  StageRequest stage;           // empty for a removal
  std::string from_generation;  // refused when another one is current
  std::chrono::milliseconds step_timeout{0};
};

struct Permit {
  std::string id;
  std::chrono::milliseconds valid{0};  // from now on
};

// One state change, as watchers see it.
struct StateChange {
  std::string operation_id;
  model::OperationState state = model::OperationState::kIdle;
  std::string detail;
  std::uint64_t sequence = 0;  // counts the transitions of this operation, from its begin on
};

}  // namespace zoowarden::agent
