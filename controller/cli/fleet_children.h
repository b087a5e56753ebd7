// The real EnsembleRuns: this program again for each ensemble, in processes that outlive this one.
#pragma once

#include "controller/cli/fleet_options.h"
#include "controller/fleet/ensemble_runs.h"
#include "controller/fleet/fleet_store.h"

namespace zoowarden::controller {

class FleetChildren final : public EnsembleRuns {
 public:
  // All must outlive it.
  FleetChildren(Context& context,
                const config::LoadedFleet& fleet,
                const FleetRecord& record,
                const FleetStore& store)
      : context_(context), fleet_(fleet), record_(record), store_(store) {}

  base::Result<std::unique_ptr<EnsembleCommand>> Start(std::size_t ensemble,
                                                       const EnsembleOrder& order) override;
  std::unique_ptr<EnsembleCommand> FindCommand(const std::string& process) override;
  std::unique_ptr<EnsembleCommand> FindBegun(const std::string& run_id) override;
  std::optional<RunSeen> Look(std::size_t ensemble,
                              const std::string& run_id,
                              bool agents) override;
  std::string LastWords(std::size_t ensemble) override;

 private:
  [[nodiscard]] std::vector<std::string> VerbWords(const EnsembleOrder& order) const;
  [[nodiscard]] const std::string& NameOf(std::size_t ensemble) const {
    return fleet_.ensembles[ensemble].file.spec.name;
  }

  Context& context_;
  const config::LoadedFleet& fleet_;
  const FleetRecord& record_;
  const FleetStore& store_;
};

}  // namespace zoowarden::controller
