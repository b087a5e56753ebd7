#include "controller/cli/approval.h"
#include "controller/cli/commands.h"
#include "controller/cli/plan_file.h"
#include "sys/files.h"

#include <memory>
#include <ostream>

namespace zoowarden::controller {

namespace {

constexpr mode_t kForAll = 0644;

base::Result<pki::Credentials> LoadApprover(Context& context, const std::string& ensemble) {
  ZW_ASSIGN(const auto directory, context.PkiDirectory());
  ZW_ASSIGN(auto own, pki::LoadCredentials(pki::FilesIn(directory), context.world().clock));
  if (own.identity.role != pki::Role::kApprover) {
    return base::Fail(base::ErrorCode::kPermissionDenied,
                      "pki.not_an_approver",
                      "the certificate " + own.identity.ToUri() +
                          " approves nothing; use an approver's with --pki");
  }
  if (own.identity.ensemble != ensemble) {
    return base::Fail(base::ErrorCode::kPermissionDenied,
                      "pki.wrong_ensemble",
                      "the plan is of ensemble '" + ensemble + "' and the certificate of '" +
                          own.identity.ensemble + "'");
  }
  return own;
}

base::Result<ApprovalFile> Sign(Context& context,
                                const pki::Credentials& own,
                                const PlanFile& file) {
  ApprovalFile approval{.ensemble = file.plan.ensemble,
                        .plan_digest = file.digest,
                        .approved_ms = context.world().clock.WallTime().count()};
  ZW_ASSIGN(approval.signed_text,
            pki::SignText({.certificate_pem = own.certificate_pem, .key_pem = own.key_pem},
                          TextToSign(approval)));
  return approval;
}

ExitCode Approve(Context& context, const std::string& path) {
  const auto file = ReadPlanFile(path);
  if (!file) {
    return context.Fail(file.error());
  }
  const auto own = LoadApprover(context, file->plan.ensemble);
  if (!own) {
    return context.Fail(own.error());
  }
  (context.structured() ? context.console().err : context.console().out)
      << file->text << std::flush;
  const auto confirmed = context.Confirm("approve this plan, " + file->digest + "?");
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    context.Say("nothing was signed");
    return ExitCode::kError;
  }
  const auto approval = Sign(context, *own, *file);
  if (!approval) {
    return context.Fail(approval.error());
  }
  const auto out = ApprovalPathOf(path);
  if (const auto written = sys::WriteFileAtomically(out, EncodeApproval(*approval), kForAll);
      !written) {
    return context.Fail(written.error());
  }
  context.Print(Document::Map({{"schema_version", 1},
                               {"plan_digest", file->digest},
                               {"approver", own->identity.ToUri()},
                               {"serial", own->info.serial},
                               {"file", out}}),
                "approved: " + out + "\n");
  return ExitCode::kOk;
}

}  // namespace

Command ApproveCommand() {
  auto path = std::make_shared<std::string>();
  return {.name = "approve",
          .summary = "sign a plan as the second person who has looked at it",
          .examples = {{"zoowarden approve plan.json --pki ~/approver",
                        "writes plan.json.approval, which `apply plan.json` asks for"}},
          .details =
              "With an approver's certificate; asks no agent. Needed where ensemble.yaml says "
              "policy: {approval: required}: then `apply` carries out only plans with the "
              "signature of an approver of this ensemble, whose certificate is valid and not "
              "revoked, over exactly that plan, by another key than the operator's. An approval is "
              "good "
              "for one run, and for seven days.",
          .options = {{.name = "PLANFILE",
                       .value_name = "PLANFILE",
                       .help = "made by `zoowarden plan -o json`",
                       .target = path.get(),
                       .required = true}},
          .run = [path](Context& context) { return Approve(context, *path); }};
}

}  // namespace zoowarden::controller
