#include "controller/cli/commands.h"
#include "controller/cli/pki_output.h"
#include "pki/authority.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct InitOptions {
  std::string directory;
  std::optional<std::string> ensemble;
  bool add_index = false;
};

ExitCode Init(Context& context, const InitOptions& options) {
  if (options.add_index == options.ensemble.has_value()) {
    return context.Fail({base::ErrorCode::kInvalidArgument,
                         "usage.bad_value",
                         "name the new CA's ensemble with --ensemble, or give --add-index for a CA "
                         "that is there, not both"});
  }
  const auto made = options.add_index
                        ? pki::AddIndex(options.directory)
                        : pki::InitCa(options.directory, *options.ensemble, context.world().clock);
  if (!made) {
    return context.Fail(made.error());
  }
  if (options.add_index) {
    context.Print(CertificateDocument(*made),
                  "began the index in " + options.directory +
                      "; certificates issued until now are not in it\n");
    return ExitCode::kOk;
  }
  context.Print(CertificateDocument(*made),
                "made the CA of ensemble " + *options.ensemble + " in " + options.directory + "\n" +
                    CertificateText(*made));
  context.Say("next: zoowarden pki issue --dir " + options.directory +
              " --role operator --out DIR; keep " + options.directory +
              "/ca.key on this machine only");
  return ExitCode::kOk;
}

}  // namespace

Command PkiInitCommand() {
  auto options = std::make_shared<InitOptions>();
  return {
      .name = "pki init",
      .summary = "make the certificate authority of an ensemble",
      .examples = {{"zoowarden pki init --dir ca --ensemble payments", "ca/ca.pem and ca/ca.key"}},
      .details =
          "Whoever holds ca.key can become any agent or operator of the ensemble. Nothing "
          "is ever overwritten.",
      .options = {{.name = "--dir",
                   .value_name = "DIR",
                   .help = "where ca.pem and ca.key go",
                   .target = &options->directory,
                   .required = true},
                  {.name = "--ensemble",
                   .value_name = "NAME",
                   .help = "the ensemble's name, as in ensemble.yaml",
                   .target = &options->ensemble},
                  {.name = "--add-index",
                   .help = "begin the index of a CA that was made before there was one",
                   .target = &options->add_index}},
      .run = [options](Context& context) { return Init(context, *options); }};
}

}  // namespace zoowarden::controller
