// Where a fleet's rollout is kept: STATE/_fleets/NAME, which no ensemble's directory can be,
// because their names have no '_'. A write is there after a power cut or not at all.
#pragma once

#include "base/error.h"
#include "controller/fleet/fleet_record.h"
#include "sys/fd.h"

#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::controller {

class FleetStore {
 public:
  // Makes the directory and takes its lock: kAborted `fleet.in_use` while another zoowarden rolls
  // this fleet.
  [[nodiscard]] static base::Result<FleetStore> Own(const std::filesystem::path& directory);
  // To read beside an owner; nothing is made.
  [[nodiscard]] static FleetStore Beside(const std::filesystem::path& directory);

  // nullopt: there never was a rollout, or it is forgotten.
  [[nodiscard]] base::Result<std::optional<FleetRecord>> Load() const;
  // Durable when it returns. Of the owner only.
  [[nodiscard]] base::Status Save(const FleetRecord& record) const;
  // As if there never was a rollout; logs stay. Durable when it returns. Of the owner only.
  [[nodiscard]] base::Status Forget() const;

  // What the commands of that ensemble print; its directory is made.
  [[nodiscard]] base::Result<std::filesystem::path> LogOf(const std::string& rollout,
                                                          const std::string& ensemble) const;
  // Whether somebody owns it now.
  [[nodiscard]] bool InUse() const;

 private:
  explicit FleetStore(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path directory_;
  sys::UniqueFd lock_;
};

}  // namespace zoowarden::controller
