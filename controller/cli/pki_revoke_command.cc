#include "controller/cli/commands.h"
#include "controller/cli/ending_certificates.h"
#include "pki/revocation.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct RevokeOptions {
  std::string directory;
  std::string what;
};

ExitCode Revoke(Context& context, const RevokeOptions& options) {
  const auto revoked = pki::Revoke(options.directory, options.what, context.world().clock);
  if (!revoked) {
    return context.Fail(revoked.error());
  }
  context.Print(Document::Map({{"schema_version", 1},
                               {"name", revoked->name},
                               {"serial", revoked->serial},
                               {"revoked", CertificateTime(*revoked->revoked)}}),
                "revoked " + revoked->serial + ", " + revoked->name + "\n");
  context.Say("it is refused where the next list arrives: zoowarden pki crl --dir " +
              options.directory + " --out crl.pem, then zoowarden pki push-crl crl.pem");
  return ExitCode::kOk;
}

}  // namespace

Command PkiRevokeCommand() {
  auto options = std::make_shared<RevokeOptions>();
  return {.name = "pki revoke",
          .summary = "take a certificate back",
          .examples = {{"zoowarden pki revoke --dir ca 5f03c2d1...", "by serial, see `pki status`"},
                       {"zoowarden pki revoke --dir ca agent1/cert.pem", "by file"}},
          .details = "Cannot be undone; issue a new certificate instead.",
          .options = {{.name = "--dir",
                       .value_name = "DIR",
                       .help = "made by `zoowarden pki init`",
                       .target = &options->directory,
                       .required = true},
                      {.name = "WHAT",
                       .value_name = "WHAT",
                       .help = "a serial, or a certificate's file",
                       .target = &options->what,
                       .required = true}},
          .run = [options](Context& context) { return Revoke(context, *options); }};
}

}  // namespace zoowarden::controller
