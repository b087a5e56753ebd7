// What the ensemble should be, completely: ensemble.yaml with the values of its configuration
// plugins, each traced to where it came from.
#pragma once

#include "base/error.h"
#include "config/ensemble_file.h"
#include "config/setting_edit.h"
#include "controller/cli/context.h"
#include "plugin/merge.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct Desired {
  // As written, without the plugins' values; its text is that of the file, without the edits.
  config::LoadedEnsemble file;
  std::vector<config::SettingEdit> edits;  // asked for, and not in the file yet
  model::EnsembleSpec spec;                // with them
  plugin::MergedSettings settings;         // of the ensemble, before the servers' own
};

// Reads the file and warns about what is odd in it; runs no plugin.
[[nodiscard]] base::Result<config::LoadedEnsemble> LoadEnsemble(Context& context);

// The server that a person named by its id; kInvalidArgument `usage.unknown_server` says which
// there are.
[[nodiscard]] base::Result<model::ServerId> ServerNamed(const model::EnsembleSpec& spec,
                                                        const std::string& word);

// Runs the plugins too. A plugin that fails, hangs or prints garbage is an error: nothing has been
// touched yet. With `edits` it is what ensemble.yaml would be with them.
[[nodiscard]] base::Result<Desired> LoadDesired(Context& context,
                                                const std::vector<config::SettingEdit>& edits = {});

// The one that was named, as ServerNamed takes it; without a name all of the ensemble.
[[nodiscard]] base::Result<std::vector<model::ServerId>> OneOrAllServers(
    const model::EnsembleSpec& spec, const std::optional<std::string>& named);

}  // namespace zoowarden::controller
