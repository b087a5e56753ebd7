#include "controller/cli/commands.h"
#include "controller/cli/ending_certificates.h"
#include "controller/cli/pki_options.h"
#include "pki/enrolment.h"
#include "sys/files.h"

#include <memory>
#include <optional>

namespace zoowarden::controller {

namespace {

constexpr mode_t kSecret = 0600;

struct TokenOptions {
  std::string directory;
  std::string server;
  std::string valid = "1h";
  std::optional<std::string> out;
};

base::Result<pki::Token> Make(Context& context, const TokenOptions& options) {
  ZW_ASSIGN(const auto server, NumberOption("--server", options.server, kMaxServer));
  ZW_ASSIGN(const auto valid, DurationOption("--valid", options.valid));
  ZW_ASSIGN(
      auto token,
      pki::MakeToken(
          options.directory, static_cast<std::uint32_t>(server), valid, context.world().clock));
  if (options.out) {
    ZW_TRY(sys::WriteFileAtomically(*options.out, pki::PrintToken(token) + "\n", kSecret));
  }
  return token;
}

ExitCode Token(Context& context, const TokenOptions& options) {
  const auto token = Make(context, options);
  if (!token) {
    return context.Fail(token.error());
  }
  const auto text = pki::PrintToken(*token);
  context.Print(Document::Map({{"schema_version", 1},
                               {"token", options.out ? Document() : Document(text)},
                               {"name", token->identity.ToUri()},
                               {"expires", CertificateTime(token->expires)}}),
                options.out ? "" : text + "\n");
  context.Say("for " + token->identity.ToUri() + ", once, until " +
              CertificateTime(token->expires) +
              "; whoever has it can enrol as that server. Next: " + "zoowarden pki serve --dir " +
              options.directory + " --listen HOST:PORT");
  return ExitCode::kOk;
}

}  // namespace

Command PkiTokenCommand() {
  auto options = std::make_shared<TokenOptions>();
  return {.name = "pki token",
          .summary = "make a one-time token, with which a server gets its certificate",
          .examples = {{"zoowarden pki token --dir ca --server 1 --out token",
                        "for `zoowarden-agent enroll --token token`"}},
          .details =
              "The token names the server, an end and the CA. The key is made on the server and "
              "never leaves it.",
          .options = {{.name = "--dir",
                       .value_name = "DIR",
                       .help = "made by `zoowarden pki init`",
                       .target = &options->directory,
                       .required = true},
                      {.name = "--server",
                       .value_name = "N",
                       .help = "the server's id",
                       .target = &options->server,
                       .required = true},
                      {.name = "--valid",
                       .value_name = "TIME",
                       .help = "how long it may be used (default 1h)",
                       .target = &options->valid},
                      {.name = "--out",
                       .value_name = "FILE",
                       .help = "where it goes, for you alone to read (default: stdout)",
                       .target = &options->out}},
          .run = [options](Context& context) { return Token(context, *options); }};
}

}  // namespace zoowarden::controller
