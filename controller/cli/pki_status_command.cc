#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/ending_certificates.h"
#include "controller/cli/table.h"
#include "pki/authority.h"
#include "pki/enrolment.h"
#include "pki/index.h"

#include <memory>

namespace zoowarden::controller {

namespace {

constexpr std::chrono::milliseconds kStatusDeadline{3'000};

struct StatusOptions {
  std::optional<std::string> directory;
  bool agents = false;
};

std::string StateOf(const pki::IssuedCertificate& certificate, pki::UnixTime now) {
  if (certificate.revoked) {
    return "revoked";
  }
  if (certificate.not_after < now) {
    return "ended";
  }
  return certificate.not_after - now < kEndsSoon ? "ends soon" : "valid";
}

std::string StateOf(const pki::IssuedToken& token, pki::UnixTime now) {
  if (token.used) {
    return "used";
  }
  return token.expires < now ? "ended" : "open";
}

std::string OfDirectory(const pki::CertificateInfo& ca,
                        const pki::Index& index,
                        pki::UnixTime now,
                        Document& document) {
  Document certificates{Document::List()};
  Table table({"NAME", "STATE", "ENDS", "SERIAL"});
  for (const auto& one : index.certificates) {
    // A listener's own is made for an hour and opens no door.
    if (one.name == pki::ListenerUri(ca.organization)) {
      continue;
    }
    const auto ends = CertificateTime(one.not_after);
    table.Add({one.name, StateOf(one, now), ends, one.serial});
    certificates.Add(Document::Map({{"name", one.name},
                                    {"serial", one.serial},
                                    {"state", StateOf(one, now)},
                                    {"not_after", ends}}));
  }
  Document tokens{Document::List()};
  Table token_table({"TOKEN FOR", "STATE", "ENDS", "SERIAL"});
  for (const auto& one : index.tokens) {
    const auto ends = CertificateTime(one.expires);
    token_table.Add({one.name, StateOf(one, now), ends, one.serial});
    tokens.Add(Document::Map({{"name", one.name},
                              {"state", StateOf(one, now)},
                              {"expires", ends},
                              {"serial", Document::TextOrNull(one.serial)}}));
  }
  document.Set("ca",
               Document::Map({{"ensemble", ca.organization},
                              {"not_after", CertificateTime(ca.not_after)},
                              {"sha256", ca.fingerprint},
                              {"crl_number", index.crl_number}}));
  document.Set("certificates", std::move(certificates));
  document.Set("tokens", std::move(tokens));
  return "CA of ensemble " + ca.organization + ", ends " + CertificateTime(ca.not_after) + "\n\n" +
         table.ToText() + (index.tokens.empty() ? "" : "\n" + token_table.ToText());
}

base::Result<std::string> OfAgents(Context& context, Document& document) {
  ZW_ASSIGN(const auto loaded, LoadEnsemble(context));
  ZW_ASSIGN(const auto connected, Connect(context, loaded));
  Document agents{Document::List()};
  Table table({"AGENT", "ENDS", "CA ENDS", "REVOCATION LIST", "SERIAL"});
  for (const auto& seen : connected.agents->GetStatus(kStatusDeadline)) {
    agents.Add(Document::Map({{"server", seen.id.value},
                              {"certificate", AgentCertificateDocument(seen)},
                              {"problem", seen.answered ? Document() : Document(seen.problem)}}));
    if (!seen.certificate) {
      table.Add({ToString(seen.id), seen.answered ? "not told" : "does not answer", "", "", ""});
      continue;
    }
    const auto& certificate = *seen.certificate;
    table.Add({ToString(seen.id),
               CertificateTime(pki::UnixTime(certificate.not_after)),
               CertificateTime(pki::UnixTime(certificate.ca_not_after)),
               certificate.crl_not_after == 0
                   ? "none"
                   : std::to_string(certificate.crl_number) + " until " +
                         CertificateTime(pki::UnixTime(certificate.crl_not_after)),
               certificate.serial});
  }
  document.Set("agents", std::move(agents));
  return table.ToText();
}

base::Result<std::string> Collect(Context& context,
                                  const StatusOptions& options,
                                  Document& document) {
  std::string text;
  const auto now = std::chrono::duration_cast<pki::UnixTime>(context.world().clock.WallTime());
  if (!options.directory && !options.agents) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.nothing_asked",
                      "name the CA's directory with --dir, or ask the agents with --agents");
  }
  if (options.directory) {
    ZW_ASSIGN(const auto ca, pki::Describe(std::filesystem::path(*options.directory) / "ca.pem"));
    ZW_ASSIGN(const auto index, pki::ReadIndex(*options.directory));
    text += OfDirectory(ca, index, now, document);
  }
  if (options.agents) {
    ZW_ASSIGN(const auto shown, OfAgents(context, document));
    text += (text.empty() ? "" : "\n") + shown;
  }
  return text;
}

ExitCode Status(Context& context, const StatusOptions& options) {
  Document document = Document::Map({{"schema_version", 1}});
  const auto text = Collect(context, options, document);
  if (!text) {
    return context.Fail(text.error());
  }
  context.Print(document, *text);
  return ExitCode::kOk;
}

}  // namespace

Command PkiStatusCommand() {
  auto options = std::make_shared<StatusOptions>();
  return {.name = "pki status",
          .summary = "what the CA has issued, what agents use, and when it ends",
          .examples = {{"zoowarden pki status --dir ca", "every certificate and token"},
                       {"zoowarden pki status --agents", "what the agents use now"}},
          .options = {{.name = "--dir",
                       .value_name = "DIR",
                       .help = "made by `zoowarden pki init`",
                       .target = &options->directory},
                      {.name = "--agents",
                       .help = "ask the agents of ensemble.yaml",
                       .target = &options->agents}},
          .run = [options](Context& context) { return Status(context, *options); }};
}

}  // namespace zoowarden::controller
