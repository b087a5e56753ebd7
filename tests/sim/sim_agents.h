// All agents of the simulated ensemble behind the controller's own seam: calls take virtual time,
// agents can be cut off, and everything runs in one thread.
#pragma once

#include "controller/run/agents.h"
#include "tests/sim/sim_agent.h"
#include "tests/sim/world.h"

#include <functional>
#include <map>
#include <memory>

namespace zoowarden::sim {

// What lies between the controllers and one agent.
struct Link {
  bool loses_answers = false;          // calls are carried out and nobody hears of it
  std::chrono::milliseconds delay{0};  // each way
  std::chrono::milliseconds echo{0};   // each call comes once more after this long; 0 = once only
};

class SimAgents final : public controller::Agents {
 public:
  using Carry = std::function<base::Status(SimAgent&)>;

  SimAgents(World& world, SimClock& clock);

  SimAgent& agent(model::ServerId id) { return *agents_.at(id); }
  // Moves virtual time in small steps; agents work and `on_tick` may make things happen meanwhile.
  void Pass(std::chrono::milliseconds time);
  std::function<void()> on_tick = [] {};
  // Of the controller that runs, in every tick.
  std::function<void()> on_write_tick = [] {};
  // Called before a mutating call is delivered: a place to pause or kill the controller.
  std::function<void(const std::string& method, model::ServerId)> before_call =
      [](const std::string&, model::ServerId) {};
  // Called before anybody is asked who holds it.
  std::function<void()> before_leases = [] {};
  // Called before anybody is asked to accept an epoch.
  std::function<void()> before_acquire = [] {};
  // Whose answer to an acquisition that it stored is lost.
  std::function<bool(model::ServerId)> loses_acquired = [](model::ServerId) { return false; };
  // Called once a record is put; which agents can store it.
  std::function<void()> before_put = [] {};
  // What a call of an agent that is not reachable comes to.
  base::Error cut_off{base::ErrorCode::kUnavailable, "agent.unreachable", "cut off"};
  std::function<bool(model::ServerId)> stores = [](model::ServerId) { return true; };
  // Which agents do not say what records they have.
  std::function<bool(model::ServerId)> hides_records = [](model::ServerId) { return false; };
  // Told of each call about an operation that an agent has carried out or refused.
  std::function<void(
      const std::string& method, model::ServerId, const controller::Call&, const base::Status&)>
      answered =
          [](const std::string&, model::ServerId, const controller::Call&, const base::Status&) {};
  std::map<model::ServerId, Link> links;
  // Every mutating call in order: "proceed 2".
  std::vector<std::string> calls;

  std::vector<model::MemberObservation> GetStatus(std::chrono::milliseconds deadline) override;
  std::vector<model::MemberObservation> Observe(const controller::ObserveOptions& o) override;
  base::Result<controller::Canary> CommitCanary(model::ServerId server,
                                                const controller::RunIdentity& run,
                                                std::chrono::milliseconds deadline,
                                                const std::string& path) override;
  base::Status Upload(model::ServerId server,
                      const controller::RunIdentity& run,
                      const model::ReleaseSpec& release) override;
  base::Status Begin(model::ServerId server,
                     const controller::Call& call,
                     const controller::BeginOptions& options) override;
  base::Result<controller::Permit> RequestPermit(model::ServerId server,
                                                 const controller::Call& call) override;
  base::Status Proceed(model::ServerId server,
                       const controller::Call& call,
                       const std::string& permit_id) override;
  base::Status Commit(model::ServerId server, const controller::Call& call) override;
  base::Status RollBack(model::ServerId server,
                        const controller::Call& call,
                        const std::string& permit_id) override;
  base::Status Close(model::ServerId server, const controller::Call& call) override;
  std::vector<controller::Answer<controller::Lease>> GetLeases() override;
  std::vector<controller::Answer<controller::Lease>> Acquire(const controller::RunIdentity& run,
                                                             bool take_over) override;
  std::vector<controller::Answer<controller::Lease>> Release(
      const controller::RunIdentity& run) override;
  std::vector<controller::Answer<std::uint64_t>> PutRecord(
      const controller::RunIdentity& run,
      std::uint64_t sequence,
      const std::string& state_json,
      const std::vector<controller::RunEvent>& events) override;
  std::vector<controller::Answer<std::vector<controller::RunRecord>>> ListRecords() override;
  // The simulated agents keep no audit.
  base::Result<std::vector<journal::AuditRow>> GetAudit(model::ServerId /*server*/) override {
    return std::vector<journal::AuditRow>{};
  }
  std::vector<controller::Answer<controller::RunRecord>> GetRecord(
      const std::string& run_id) override;

 private:
  // A call that is on its way, or waits for an agent that is frozen.
  struct Late {
    Time at{0};
    model::ServerId server;
    Carry carry;
  };

  // Delivers a call: takes time, can be cut off, lost or repeated, is written down.
  base::Status Deliver(const std::string& method, model::ServerId server, const Carry& carry);
  base::Status DeliverOperation(const std::string& method,
                                model::ServerId server,
                                const controller::Call& call,
                                const std::function<base::Status(agent::OperationRunner&)>& carry);
  [[nodiscard]] static base::Status CarryOut(SimAgent& agent, const Carry& carry);
  void DeliverLate();
  [[nodiscard]] std::chrono::milliseconds SlowestLink();
  void AwaitCanary(const controller::ObserveOptions& options);
  [[nodiscard]] model::MemberObservation ObserveOne(SimAgent& agent,
                                                    const controller::ObserveOptions& options);
  template <typename T, typename F>
  std::vector<controller::Answer<T>> AskAll(F ask);

  World& world_;
  std::map<model::ServerId, std::unique_ptr<SimAgent>> agents_;
  std::vector<Late> late_;
};

}  // namespace zoowarden::sim
