// fleet.yaml: which ensembles there are, and in which waves they are rolled. The ensembles' own
// files are read with it, so that a mistake in any of them is found before anything is begun.
//
// Paths in the file are relative to the file. Any thread may call.
#pragma once

#include "base/error.h"
#include "config/ensemble_file.h"
#include "config/fleet_windows.h"
#include "model/fleet.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::config {

using Labels = std::map<std::string, std::string>;

struct FleetEnsemble {
  LoadedEnsemble file;
  Labels labels;
  // The directory of its operator's certificate, absolute; empty = the one of the command line with
  // a directory of the ensemble's name below.
  std::string pki;
  std::string named_at;  // "file:line:column" of what named its file
};

struct LoadedFleet {
  std::string name;
  std::string path;                      // absolute
  std::vector<FleetEnsemble> ensembles;  // as fleet.yaml names them; a pattern's files are sorted
  std::vector<model::FleetWave> waves;   // each ensemble is in exactly one; none is empty
  model::FleetPolicy policy;
  std::optional<std::vector<FleetWindow>> windows;  // none = at any time
};

// Errors: "file:line:column: ..." with a reason "config.*" (kInvalidArgument).
[[nodiscard]] base::Result<LoadedFleet> LoadFleetFile(const std::string& path);
// The same of another text than the file's, which `path` names; ensembles are read from disk.
[[nodiscard]] base::Result<LoadedFleet> ParseFleetFile(std::string_view text,
                                                       const std::string& path);

}  // namespace zoowarden::config
