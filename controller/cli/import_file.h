// The ensemble.yaml of an ensemble that runs already. Pure.
#pragma once

#include "base/error.h"
#include "controller/cli/import_checks.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

// Settings that all servers have alike go to `config.settings`, the others to their servers; what
// could not be taken over stands as a comment where it belongs. The text is read back and must give
// each server exactly what was found on it: kInternal `import.not_faithful`. Servers that
// CheckOneEnsemble accepts, in any order.
[[nodiscard]] base::Result<std::string> ComposeEnsembleFile(const std::string& ensemble,
                                                            std::vector<FoundServer> servers);

// The generation that adopting a server would make, by what was found on it.
[[nodiscard]] model::Generation GenerationOf(const model::Discovery& found);

}  // namespace zoowarden::controller
