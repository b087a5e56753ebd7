#include "controller/cli/commands.h"
#include "controller/cli/pki_output.h"
#include "pki/authority.h"

#include <memory>

namespace zoowarden::controller {

Command PkiShowCommand() {
  auto file = std::make_shared<std::string>();
  return {.name = "pki show",
          .summary = "say what a certificate is",
          .examples = {{"zoowarden pki show agent1/cert.pem", "whose it is and how long"}},
          .options = {{.name = "FILE",
                       .value_name = "FILE",
                       .help = "a PEM file",
                       .target = file.get(),
                       .required = true}},
          .run = [file](Context& context) {
            const auto info = pki::Describe(*file);
            if (!info) {
              return context.Fail(info.error());
            }
            context.Print(CertificateDocument(*info), *file + "\n" + CertificateText(*info));
            return ExitCode::kOk;
          }};
}

}  // namespace zoowarden::controller
