// The releases of all servers as a document and as a table.
#pragma once

#include "controller/cli/document.h"
#include "controller/run/release_agents.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

using ServerReleases = std::vector<Answer<std::vector<InstalledRelease>>>;

[[nodiscard]] Document ReleasesDocument(const std::string& ensemble, const ServerReleases& servers);
// `verified`: a release without a problem is "as unpacked", else nothing is said of it.
[[nodiscard]] std::string ReleasesText(const ServerReleases& servers, bool verified);
// A sentence for each agent that did not answer and each release with a problem.
[[nodiscard]] std::vector<std::string> ReleaseProblems(const ServerReleases& servers);

}  // namespace zoowarden::controller
