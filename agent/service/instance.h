// The server that one agent looks after, as agent.yaml describes it: its releases, generations,
// data and ways to start it. Shared by the running agent and by the first installation.
#pragma once

#include "agent/install/generations.h"
#include "agent/install/releases.h"
#include "agent/lifecycle/process_finder.h"
#include "agent/lifecycle/service_manager.h"
#include "agent/observe/prober.h"
#include "agent/operation/calls.h"
#include "base/error.h"
#include "config/agent_file.h"
#include "model/observation.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace zoowarden::journal {
class AgentJournal;
}  // namespace zoowarden::journal

namespace zoowarden::agent {

// Whether a generation is current, readable or not: there is a server to look after.
[[nodiscard]] bool HasCurrent(const config::AgentConfig& config);

// Whoever holds it owns the instance: to be opened first, because Instance::Open clears what an
// interrupted owner left, and a living one may be working on just that. `journal.in_use` names it.
// Where a generation is current there was a journal: a missing one is `journal.lost`, unless a
// person says `accept_lost`.
[[nodiscard]] base::Result<std::unique_ptr<journal::AgentJournal>> OpenJournalOf(
    const config::AgentConfig& config, bool accept_lost = false);

class Instance {
 public:
  // Creates its own directories where they are missing; never a data directory. The caller holds
  // the journal.
  [[nodiscard]] static base::Result<std::unique_ptr<Instance>> Open(config::AgentConfig config);

  [[nodiscard]] const config::AgentConfig& config() const { return config_; }
  [[nodiscard]] const std::optional<Generations::Owner>& owner() const { return owner_; }
  [[nodiscard]] FinderSettings finder_settings() const;
  [[nodiscard]] ProberSettings prober_settings() const;
  // A view of the same directory for another thread.
  [[nodiscard]] Generations generations() const { return generations_; }

  // Verifies and unpacks the release, renders and validates the configuration, binds both; or finds
  // a generation that is there. Refuses what would not run as a member of its ensemble, also with
  // the committed membership carried over. The server is not touched. Idempotent. What agent.yaml
  // asks of releases (floor, deny list, signatures) holds for every generation but those that ran
  // here.
  [[nodiscard]] base::Result<model::Generation> Stage(const StageRequest& request);

  template <typename F>
  auto WithReleases(F use) {
    const std::lock_guard lock(releases_mutex_);
    return use(releases_);
  }

  [[nodiscard]] ServiceManager& manager() { return *manager_; }

 private:
  Instance(config::AgentConfig config,
           std::optional<Generations::Owner> owner,
           Releases releases,
           Generations generations);
  [[nodiscard]] base::Result<std::filesystem::path> PrepareRelease(const StageRequest& request);
  [[nodiscard]] base::Result<model::Generation> FindGeneration(const std::string& digest);
  [[nodiscard]] base::Status VerifyArchive(const StageRequest& request, Releases& releases) const;
  [[nodiscard]] base::Status VerifySignatureOf(Releases& releases,
                                               const std::string& sha512,
                                               const std::string& signature) const;
  [[nodiscard]] base::Result<model::Generation> FindAdopted(const StageRequest& request) const;
  [[nodiscard]] base::Result<model::ConfigurationSpec> Complete(
      const model::ConfigurationSpec& configuration) const;
  [[nodiscard]] base::Result<model::Generation> MakeGeneration(const StageRequest& request);
  [[nodiscard]] base::Status CheckStartOf(const std::string& digest) const;
  [[nodiscard]] base::Status CheckWayBack(const std::string& to) const;

  config::AgentConfig config_;
  std::optional<Generations::Owner> owner_;
  std::mutex releases_mutex_;
  Releases releases_;
  Generations generations_;
  std::unique_ptr<ServiceManager> manager_;
};

}  // namespace zoowarden::agent
