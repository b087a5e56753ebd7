// From `--to VERSION [--release ARCHIVE]` to the release that ensemble.yaml shall say.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"

#include <optional>
#include <string>

namespace zoowarden::controller {

// `declared` is what ensemble.yaml says now; the same version without an archive is that release.
// Another version without one is looked for beside the declared archive, under the same name with
// the version replaced. The SHA-512 is computed and compared with ARCHIVE.sha512 where that file
// is; the signature is ARCHIVE.asc. Errors: kInvalidArgument "usage.*"; kFailedPrecondition
// "release.wrong_digest", "release.no_signature" (the declared release has one, this has none).
[[nodiscard]] base::Result<model::ReleaseSpec> ResolveRelease(
    const model::ReleaseSpec& declared,
    const std::string& version,
    const std::optional<std::string>& archive);

}  // namespace zoowarden::controller
