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

class SimAgents final : public controller::Agents {
 public:
  SimAgents(World& world, SimClock& clock);

  SimAgent& agent(model::ServerId id) { return *agents_.at(id); }
  // Moves virtual time in small steps; agents work and `on_tick` may make things happen meanwhile.
  void Pass(std::chrono::milliseconds time);
  std::function<void()> on_tick = [] {};
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
  std::function<bool(model::ServerId)> stores = [](model::ServerId) { return true; };
  // Which agents do not say what records they have.
  std::function<bool(model::ServerId)> hides_records = [](model::ServerId) { return false; };
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
  // Delivers a mutating call: takes time, can be cut off, is written down.
  base::Result<SimAgent*> Reach(const std::string& method, model::ServerId server);
  template <typename T, typename F>
  std::vector<controller::Answer<T>> AskAll(F ask);

  World& world_;
  std::map<model::ServerId, std::unique_ptr<SimAgent>> agents_;
};

}  // namespace zoowarden::sim
