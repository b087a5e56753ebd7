#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/ending_certificates.h"
#include "controller/cli/error_output.h"
#include "sys/files.h"

#include <memory>

namespace zoowarden::controller {

namespace {

constexpr std::size_t kMaxCrl = 3UL * 1024 * 1024;

base::Result<std::vector<Answer<CrlInUse>>> PushToAll(Context& context, const std::string& file) {
  ZW_ASSIGN(const auto pem, sys::ReadFile(file, kMaxCrl));
  ZW_ASSIGN(const auto loaded, LoadEnsemble(context));
  ZW_ASSIGN(const auto connected, Connect(context, loaded));
  return connected.certificates->PutCrl(pem);
}

ExitCode Push(Context& context, const std::string& file) {
  const auto answers = PushToAll(context, file);
  if (!answers) {
    return context.Fail(answers.error());
  }
  Document list{Document::List()};
  std::string text;
  const base::Error* first = nullptr;
  for (const auto& [server, result] : *answers) {
    if (result) {
      const auto ends = CertificateTime(pki::UnixTime(result->not_after));
      list.Add(Document::Map({{"server", server.value},
                              {"number", result->number},
                              {"not_after", ends},
                              {"problem", Document()}}));
      text += "server " + ToString(server) + ": list " + std::to_string(result->number) +
              " until " + ends + "\n";
      continue;
    }
    first = first == nullptr ? &result.error() : first;
    list.Add(Document::Map({{"server", server.value},
                            {"number", Document()},
                            {"not_after", Document()},
                            {"problem", result.error().message()}}));
    context.Warn(result.error().message());
  }
  auto document = Document::Map({{"schema_version", 1}, {"agents", std::move(list)}});
  if (first != nullptr) {
    document.Set("error", *ErrorDocument(*first).Find("error"));
  }
  context.Print(document, text);
  if (first == nullptr) {
    return ExitCode::kOk;
  }
  context.Say("not every agent has the list; repeat the command when the cause is mended");
  context.SayError(*first);
  return ExitCodeOf(*first);
}

}  // namespace

Command PkiPushCrlCommand() {
  auto file = std::make_shared<std::string>();
  return {.name = "pki push-crl",
          .summary = "bring a revocation list to every agent",
          .examples = {{"zoowarden pki push-crl crl.pem", "made by `zoowarden pki crl`"}},
          .details =
              "Each agent checks that its CA has signed the list and that it is newer than the one "
              "it has. It is obeyed from the next call on, on open connections too.",
          .options = {{.name = "FILE",
                       .value_name = "FILE",
                       .help = "the list; with two trusted CAs, both lists in one file",
                       .target = file.get(),
                       .required = true}},
          .run = [file](Context& context) { return Push(context, *file); }};
}

}  // namespace zoowarden::controller
