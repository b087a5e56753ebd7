// The plan that `plan -o json` printed, as a file that `apply` carries out. docs/formats.md has its
// shape and the digest's canonical form.
#pragma once

#include "base/error.h"
#include "controller/cli/document.h"
#include "core/plan_moves.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::controller {

// What makes a plan one of its own, though the world may be the same again: what was approved of it
// is approved once.
struct PlanStamp {
  std::int64_t made_ms = 0;  // wall clock, Unix milliseconds
  std::string nonce;         // 32 random hexadecimal digits
};

struct PlanFile {
  std::string digest;
  PlanStamp stamp;
  std::string text;  // what the plan says, for a person who judges it
  core::ApprovedPlan plan;
};

// SHA-256, 64 hexadecimal digits, over all that the document says but `digest` itself and what is
// not the plan's (`open_run`, `failed_before`, `error`). The order of fields and the layout do not
// matter.
[[nodiscard]] std::string PlanDigest(const Document& document);

// Errors (kInvalidArgument): `plan.file_unreadable`, `plan.file_damaged` (no JSON, or not what the
// digest was computed of), `plan.file_foreign` (not a plan), `plan.file_newer` (another schema
// version), `plan.file_older` (without a stamp); kFailedPrecondition `plan.file_refused`: the plan
// was refused when it was made.
[[nodiscard]] base::Result<PlanFile> ReadPlanFile(const std::string& path);
// The same of its text; `path` is for messages.
[[nodiscard]] base::Result<PlanFile> ParsePlanFile(std::string_view text, const std::string& path);

}  // namespace zoowarden::controller
