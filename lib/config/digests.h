// The two digests that name what a server runs. Agent and controller compute them alike, so the
// canonical form is frozen (docs/formats.md): a change of it would restart every ensemble.
#pragma once

#include "model/ensemble.h"
#include "model/version.h"

#include <string>
#include <string_view>

namespace zoowarden::config {

// SHA-256, 64 hexadecimal digits, over what we own: settings merged for the server, java, files.
// Membership and ports are not part of it: with reconfiguration they belong to the ensemble.
// The order of `files` does not matter, that of java options does.
[[nodiscard]] std::string ConfigurationDigest(const model::ConfigurationSpec& configuration);

// 16 hexadecimal digits: the name of generations/<digest>.
[[nodiscard]] std::string GenerationDigest(const model::Version& version,
                                           std::string_view release_sha512,
                                           std::string_view configuration_digest);

}  // namespace zoowarden::config
