#include "controller/cli/commands.h"
#include "controller/cli/ending_certificates.h"
#include "controller/cli/pki_options.h"
#include "pki/revocation.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct CrlOptions {
  std::string directory;
  std::string out;
  std::string days = "180";
};

base::Result<pki::WrittenCrl> Write(Context& context, const CrlOptions& options) {
  ZW_ASSIGN(const auto days, NumberOption("--days", options.days, kMaxDays));
  return pki::WriteCrl({.ca_directory = options.directory,
                        .out = options.out,
                        .lifetime = pki::Days(static_cast<int>(days))},
                       context.world().clock);
}

ExitCode Crl(Context& context, const CrlOptions& options) {
  const auto written = Write(context, options);
  if (!written) {
    return context.Fail(written.error());
  }
  const auto ends = CertificateTime(written->not_after);
  context.Print(Document::Map({{"schema_version", 1},
                               {"number", written->number},
                               {"revoked", static_cast<std::uint64_t>(written->revoked)},
                               {"not_after", ends}}),
                "wrote " + options.out + ": list " + std::to_string(written->number) + " of " +
                    std::to_string(written->revoked) + " revoked certificates, until " + ends +
                    "\n");
  return ExitCode::kOk;
}

}  // namespace

Command PkiCrlCommand() {
  auto options = std::make_shared<CrlOptions>();
  return {
      .name = "pki crl",
      .summary = "write the list of revoked certificates",
      .examples = {{"zoowarden pki crl --dir ca --out crl.pem", "for `zoowarden pki push-crl`"}},
      .details =
          "Where a list is configured, everybody is refused when it has ended: `zoowarden "
          "status` warns 14 days before.",
      .options = {{.name = "--dir",
                   .value_name = "DIR",
                   .help = "made by `zoowarden pki init`",
                   .target = &options->directory,
                   .required = true},
                  {.name = "--out",
                   .value_name = "FILE",
                   .help = "where the list goes",
                   .target = &options->out,
                   .required = true},
                  {.name = "--days",
                   .value_name = "N",
                   .help = "how long it is valid (default 180)",
                   .target = &options->days}},
      .run = [options](Context& context) { return Crl(context, *options); }};
}

}  // namespace zoowarden::controller
