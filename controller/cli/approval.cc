#include "controller/cli/approval.h"

#include "base/text.h"
#include "controller/cli/times.h"
#include "sys/files.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>

namespace zoowarden::controller {

namespace {

using nlohmann::json;

constexpr int kSchemaVersion = 1;
constexpr std::size_t kMaxBytes = 256 * 1024;
constexpr std::chrono::hours kGoodFor{7 * 24};
// By how much the approver's clock may be ahead of this one.
constexpr std::chrono::minutes kClocksDiffer{10};

base::Error Refused(std::string reason, const std::string& message) {
  return {base::ErrorCode::kFailedPrecondition, std::move(reason), message};
}

base::Result<ApprovalFile> ReadApproval(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return base::Fail(Refused("approval.missing",
                              "ensemble.yaml wants every run approved, and there is no approval " +
                                  path +
                                  "; an approver makes it with `zoowarden approve PLANFILE`"));
  }
  ZW_ASSIGN(const auto text, sys::ReadFile(path, kMaxBytes));
  return ParseApproval(text, path);
}

base::Status CheckAge(const ApprovalFile& approval,
                      const std::string& path,
                      std::chrono::milliseconds now) {
  const std::chrono::milliseconds given(approval.approved_ms);
  if (given < now - kGoodFor) {
    return base::Fail(Refused("approval.too_old",
                              path + " was given at " + Timestamp(given) +
                                  ", more than 7 days ago; have the plan approved again"));
  }
  if (given > now + kClocksDiffer) {
    return base::Fail(Refused("approval.not_yet",
                              path + " was given at " + Timestamp(given) + ", and it is " +
                                  Timestamp(now) +
                                  " here; set the clock that is wrong, then have the plan "
                                  "approved again"));
  }
  return base::Ok();
}

}  // namespace

std::string ApprovalPathOf(const std::string& plan_path) { return plan_path + ".approval"; }

std::string TextToSign(const ApprovalFile& approval) {
  // None of the three can hold a line end.
  return "zoowarden approval 1\n" + approval.ensemble + "\n" + approval.plan_digest + "\n" +
         std::to_string(approval.approved_ms) + "\n";
}

std::string EncodeApproval(const ApprovalFile& approval) {
  return json{{"schema_version", kSchemaVersion},
              {"ensemble", approval.ensemble},
              {"plan_digest", approval.plan_digest},
              {"approved_ms", approval.approved_ms},
              {"certificate", approval.signed_text.certificate_pem},
              {"signature", approval.signed_text.signature}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

base::Result<ApprovalFile> ParseApproval(std::string_view text, const std::string& path) {
  const auto value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    if (value.is_object() && value.at("schema_version") != kSchemaVersion) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "approval.newer",
                        path +
                            " has a schema version that this program does not know; use the "
                            "program that wrote it");
    }
    return ApprovalFile{.ensemble = value.at("ensemble"),
                        .plan_digest = value.at("plan_digest"),
                        .approved_ms = value.at("approved_ms"),
                        .signed_text = {.certificate_pem = value.at("certificate"),
                                        .signature = value.at("signature")}};
  } catch (const std::exception&) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "approval.damaged",
                      path +
                          " is no approval, or not all of one; have it made again with "
                          "`zoowarden approve PLANFILE`");
  }
}

base::Result<RunApproval> CheckApproval(Context& context,
                                        const std::string& path,
                                        const std::string& ensemble,
                                        const std::string& plan_digest) {
  ZW_ASSIGN(const auto approval, ReadApproval(path));
  if (approval.plan_digest != plan_digest) {
    return base::Fail(Refused("approval.other_plan",
                              path + " approves another plan (" +
                                  base::Printable(approval.plan_digest, 80) + ") than this one (" +
                                  plan_digest + "); have this one approved"));
  }
  ZW_ASSIGN(const auto directory, context.PkiDirectory());
  ZW_ASSIGN(const auto own, pki::ReadCredentialTexts(pki::FilesIn(directory)));
  const auto approver = pki::CheckSignature({.text = TextToSign(approval),
                                             .signed_text = approval.signed_text,
                                             .role = pki::Role::kApprover,
                                             .ensemble = ensemble,
                                             .ca_pem = own.ca_pem,
                                             .crl = context.CrlFile()},
                                            context.world().clock);
  if (!approver) {
    return base::Fail(base::Error(approver.error()).WithContext("the approval in " + path));
  }
  ZW_ASSIGN(const auto operators, pki::ParseCertificate(own.certificate_pem));
  if (operators.key_id == approver->key_id) {
    return base::Fail(Refused("approval.same_key",
                              path + " was signed with the key that would carry the plan out; "
                                     "another person has to approve it"));
  }
  ZW_TRY(CheckAge(approval, path, context.world().clock.WallTime()));
  return RunApproval{.approver = approver->uris.front(),
                     .serial = approver->serial,
                     .approved_ms = approval.approved_ms};
}

}  // namespace zoowarden::controller
