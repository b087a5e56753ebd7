// The desired state as keys and values that may be shown, and the digest that names all of it.
#pragma once

#include "core/plan_moves.h"
#include "model/ensemble.h"
#include "model/observation.h"

#include <map>
#include <string>

namespace zoowarden::controller {

// Everything that a run is given: release, configuration, servers, policy, checks and canary, with
// the keys of ensemble.yaml. Secrets are masked; templates and the commands of checks, which may
// hold one anywhere, are SHA-256 digests. Where the archive lies is not part of it.
[[nodiscard]] core::DesiredValues DesiredValues(const model::EnsembleSpec& spec);
// The same with `policy.approval`, which binds people and not runs.
[[nodiscard]] core::DesiredValues WithApproval(core::DesiredValues values, bool required);

// SHA-256, 64 hexadecimal digits, over those values and the generation that each server shall run,
// in which the secrets are. The same of a run's record, where secrets are masked, and of the
// ensemble.yaml that it was made from. Canonical form: docs/formats.md.
[[nodiscard]] std::string DesiredDigest(const model::EnsembleSpec& spec,
                                        const std::map<model::ServerId, model::Generation>& wanted);

}  // namespace zoowarden::controller
