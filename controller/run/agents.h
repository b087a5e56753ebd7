// The controller's view of all agents of one ensemble. The real one speaks gRPC
// (controller/agents), the simulation models servers in memory. Calls block until every asked agent
// answered or its deadline passed; one caller at a time.
#pragma once

#include "base/error.h"
#include "journal/audit_chain.h"
#include "model/ensemble.h"
#include "model/observation.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::controller {

// Sent with everything that is fenced.
struct RunIdentity {
  std::string run_id;
  model::FencingEpoch epoch;
  std::string holder;
};

// Names one mutating call: repeating it returns the outcome that the agent recorded.
struct Call {
  RunIdentity run;
  std::string operation_id;
  std::uint64_t sequence = 0;
  std::chrono::milliseconds deadline{10'000};
};

struct ObserveOptions {
  RunIdentity run;
  std::optional<model::Zxid> canary;
  std::chrono::milliseconds deadline{2'000};  // how long agents may poll for the canary
  std::set<model::ServerId> sessions;         // where one with lastZxidSeen = canary is tried
  std::string read_back_path;
  bool tree_digests = false;  // ZooKeeper's own, where they can be read
};

struct Canary {
  model::Zxid zxid;
  std::string method;
};

struct Permit {
  std::string id;
  std::chrono::milliseconds valid{0};  // of the agent's clock, from its answer on
};

// A generation to make, or one that is on the server already. "remove" names neither.
struct BeginOptions {
  std::string kind = "restart";
  model::ReleaseSpec release;
  std::string signature;                   // content of the detached signature, empty = none
  model::ConfigurationSpec configuration;  // settings of this server, merged
  std::vector<model::Member> members;
  std::uint16_t client_port = 0;
  std::string existing_generation;  // set: release and configuration are ignored
  std::string expected_digest;
  std::string from_generation;
  std::chrono::milliseconds step_timeout{0};
};

struct Lease {
  model::FencingEpoch epoch;
  std::string holder;
  std::string run_id;
  std::chrono::milliseconds left{0};
  std::chrono::milliseconds lapse{0};
};

struct RunEvent {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::int64_t time_ms = 0;  // wall clock, for people
  std::string kind;
  model::ServerId server;  // 0 = the whole run
  std::string text;
  std::string json;
};

struct RunRecord {
  std::string run_id;
  std::string ensemble;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::string state_json;
  std::vector<RunEvent> events;
};

template <typename T>
struct Answer {
  model::ServerId server;
  base::Result<T> result;
};

class Agents {
 public:
  virtual ~Agents() = default;

  // One entry a server, in the order of ensemble.yaml; an unreachable agent gives answered = false.
  virtual std::vector<model::MemberObservation> GetStatus(std::chrono::milliseconds deadline) = 0;
  virtual std::vector<model::MemberObservation> Observe(const ObserveOptions& options) = 0;
  virtual base::Result<Canary> CommitCanary(model::ServerId server,
                                            const RunIdentity& run,
                                            std::chrono::milliseconds deadline,
                                            const std::string& path) = 0;

  // Resumes a partial upload; does nothing when the agent has the archive or its release.
  virtual base::Status Upload(model::ServerId server,
                              const RunIdentity& run,
                              const model::ReleaseSpec& release) = 0;
  virtual base::Status Begin(model::ServerId server,
                             const Call& call,
                             const BeginOptions& options) = 0;
  virtual base::Result<Permit> RequestPermit(model::ServerId server, const Call& call) = 0;
  virtual base::Status Proceed(model::ServerId server,
                               const Call& call,
                               const std::string& permit_id) = 0;
  virtual base::Status Commit(model::ServerId server, const Call& call) = 0;
  virtual base::Status RollBack(model::ServerId server,
                                const Call& call,
                                const std::string& permit_id) = 0;
  virtual base::Status Close(model::ServerId server, const Call& call) = 0;

  virtual std::vector<Answer<Lease>> GetLeases() = 0;
  virtual std::vector<Answer<Lease>> Acquire(const RunIdentity& run, bool take_over) = 0;
  virtual std::vector<Answer<Lease>> Release(const RunIdentity& run) = 0;

  virtual std::vector<Answer<std::uint64_t>> PutRecord(const RunIdentity& run,
                                                       std::uint64_t sequence,
                                                       const std::string& state_json,
                                                       const std::vector<RunEvent>& events) = 0;
  virtual std::vector<Answer<std::vector<RunRecord>>> ListRecords() = 0;
  virtual std::vector<Answer<RunRecord>> GetRecord(const std::string& run_id) = 0;

  // All rows that the agent has, oldest first, as it sent them: nothing is verified yet.
  virtual base::Result<std::vector<journal::AuditRow>> GetAudit(model::ServerId server) = 0;
};

}  // namespace zoowarden::controller
