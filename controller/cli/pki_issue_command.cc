#include "controller/cli/commands.h"
#include "controller/cli/pki_options.h"
#include "controller/cli/pki_output.h"
#include "pki/authority.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct IssueOptions {
  std::string directory;
  std::string role;
  std::optional<std::string> server;
  std::string out;
  std::string days = "365";
};

base::Result<pki::IssueRequest> RequestOf(const IssueOptions& options) {
  pki::IssueRequest request{.ca_directory = options.directory, .out_directory = options.out};
  ZW_ASSIGN(request.role, pki::ParseRole(options.role));
  ZW_ASSIGN(const auto days, NumberOption("--days", options.days, kMaxDays));
  request.lifetime = pki::Days(static_cast<int>(days));
  if (options.server) {
    ZW_ASSIGN(const auto server, NumberOption("--server", *options.server, kMaxServer));
    request.server = static_cast<std::uint32_t>(server);
  }
  return request;
}

ExitCode Issue(Context& context, const IssueOptions& options) {
  const auto request = RequestOf(options);
  if (!request) {
    return context.Fail(request.error());
  }
  const auto issued = pki::Issue(*request, context.world().clock);
  if (!issued) {
    return context.Fail(issued.error());
  }
  context.Print(CertificateDocument(*issued),
                "issued into " + options.out + "\n" + CertificateText(*issued));
  return ExitCode::kOk;
}

}  // namespace

Command PkiIssueCommand() {
  auto options = std::make_shared<IssueOptions>();
  return {
      .name = "pki issue",
      .summary = "make a key and certificate for an agent or a person's role",
      .examples = {{"zoowarden pki issue --dir ca --role agent --server 1 --out agent1",
                    "for server 1's agent"},
                   {"zoowarden pki issue --dir ca --role operator --out ~/.config/zoowarden/pki",
                    "may change the ensemble"},
                   {"zoowarden pki issue --dir ca --role viewer --out viewer", "may only look"}},
      .details =
          "Roles: viewer looks; planner also reads the records of runs and stages releases; "
          "operator runs and changes everything; approver reads records and nothing else.\n"
          "Writes ca.pem, cert.pem and key.pem (mode 0600); nothing is ever overwritten.",
      .options = {{.name = "--dir",
                   .value_name = "DIR",
                   .help = "made by `zoowarden pki init`",
                   .target = &options->directory,
                   .required = true},
                  {.name = "--role",
                   .value_name = "ROLE",
                   .help = "agent, operator, planner, approver or viewer",
                   .target = &options->role,
                   .required = true,
                   .choices = {"agent", "operator", "planner", "approver", "viewer"}},
                  {.name = "--out",
                   .value_name = "DIR",
                   .help = "where the three files go",
                   .target = &options->out,
                   .required = true},
                  {.name = "--server",
                   .value_name = "N",
                   .help = "the server's id; exactly with --role agent",
                   .target = &options->server},
                  {.name = "--days",
                   .value_name = "N",
                   .help = "how long it is valid (default 365)",
                   .target = &options->days}},
      .run = [options](Context& context) { return Issue(context, *options); }};
}

}  // namespace zoowarden::controller
