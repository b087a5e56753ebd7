// A plan that a second person has approved: a signature over its digest by an approver's key, in a
// file beside the plan. docs/formats.md has the shape.
#pragma once

#include "base/error.h"
#include "controller/cli/context.h"
#include "controller/run/run_file.h"
#include "pki/signature.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::controller {

struct ApprovalFile {
  std::string ensemble;
  std::string plan_digest;
  std::int64_t approved_ms = 0;  // wall clock, Unix milliseconds
  pki::SignedText signed_text;
};

// "plan.json" → "plan.json.approval"
[[nodiscard]] std::string ApprovalPathOf(const std::string& plan_path);

// What is signed: the ensemble, the plan's digest and the time.
[[nodiscard]] std::string TextToSign(const ApprovalFile& approval);

[[nodiscard]] std::string EncodeApproval(const ApprovalFile& approval);
// kInvalidArgument `approval.damaged`, `approval.newer`; `path` is for messages.
[[nodiscard]] base::Result<ApprovalFile> ParseApproval(std::string_view text,
                                                       const std::string& path);

// The approval in the file, judged by the CA and the list that this operator trusts: of this plan
// and this ensemble, given in the last seven days (by clocks that differ by ten minutes at most),
// by an approver whose certificate is valid now, and whose key is not the operator's own. Errors:
// kFailedPrecondition `approval.missing`, `approval.other_plan`, `approval.same_key`,
// `approval.too_old`, `approval.not_yet`; kPermissionDenied, the reasons of pki::CheckSignature;
// those of ParseApproval and of an unusable certificate directory.
[[nodiscard]] base::Result<RunApproval> CheckApproval(Context& context,
                                                      const std::string& path,
                                                      const std::string& ensemble,
                                                      const std::string& plan_digest);

}  // namespace zoowarden::controller
