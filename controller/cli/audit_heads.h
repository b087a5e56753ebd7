// The newest row of each agent's audit that this machine has verified, in its state directory: what
// a chain cannot show by itself (its end cut off, or all of it made anew) shows against these.
#pragma once

#include "base/error.h"
#include "journal/audit_chain.h"
#include "model/ids.h"

#include <filesystem>
#include <map>

namespace zoowarden::controller {

using AuditHeads = std::map<model::ServerId, journal::AuditHead>;

// None when there is no such file. kDataLoss `audit.damaged_heads` for one that is not ours: never
// taken for none, because that would forget what was seen.
[[nodiscard]] base::Result<AuditHeads> LoadAuditHeads(const std::filesystem::path& state_directory);
[[nodiscard]] base::Status SaveAuditHeads(const std::filesystem::path& state_directory,
                                          const AuditHeads& heads);

}  // namespace zoowarden::controller
