// The files of one conf directory. It belongs to the user who runs ZooKeeper, who may be less
// trusted than the agent: nothing here follows a symbolic link.
#pragma once

#include "agent/install/generations.h"
#include "base/error.h"
#include "sys/beneath.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace zoowarden::agent {

// A name without '/', of letters, digits, '.', '_' and '-', not beginning with '.'.
[[nodiscard]] bool IsPlainFileName(std::string_view name);

// zoo.cfg and zoo.cfg.dynamic.<hex>; other files are left out.
[[nodiscard]] base::Result<ConfigurationFiles> ReadZooCfgFiles(
    const std::filesystem::path& configuration);

// The same of a zoo.cfg of another owner and any name: under the names that ours would have, and
// the file that it names as dynamicConfigFile also under its own. Symbolic links are followed.
[[nodiscard]] base::Result<ConfigurationFiles> ReadForeignZooCfg(
    const std::filesystem::path& zoo_cfg);

// Of one or the other kind of generation.
[[nodiscard]] base::Result<ConfigurationFiles> ReadZooCfgFilesOf(const StoredGeneration& stored);

// Writes one of them back, with the owner and the mode that zoo.cfg has.
[[nodiscard]] base::Status WriteForeignFile(const std::filesystem::path& zoo_cfg,
                                            const std::string& name,
                                            const std::string& content);

// True when the directory holds exactly these files with these bytes.
[[nodiscard]] bool ConfFilesAre(const sys::Beneath& generations,
                                const std::filesystem::path& configuration,
                                const ConfigurationFiles& files);

}  // namespace zoowarden::agent
