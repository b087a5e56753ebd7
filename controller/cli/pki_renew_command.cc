#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/ending_certificates.h"
#include "controller/cli/pki_options.h"
#include "pki/enrolment.h"

#include <memory>

namespace zoowarden::controller {

namespace {

constexpr std::chrono::milliseconds kStatusDeadline{3'000};

struct RenewOptions {
  std::string directory;
  std::optional<std::string> server;
  bool all = false;
  std::string days = "365";
};

base::Result<std::vector<model::ServerId>> ServersOf(const RenewOptions& options,
                                                     const model::EnsembleSpec& spec) {
  if (options.all == options.server.has_value()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.bad_value",
                      "name one server of ensemble.yaml with --server, or all with --all");
  }
  return OneOrAllServers(spec, options.server);
}

struct Renewing {
  CertificateCalls& calls;
  Agents& agents;
  const model::EnsembleSpec& spec;
  const RenewOptions& options;
  pki::Days lifetime;
};

// The serial of what the agent shows now; empty when it does not tell.
std::string ShownBy(Agents& agents, model::ServerId server) {
  for (const auto& seen : agents.GetStatus(kStatusDeadline)) {
    if (seen.id == server && seen.answered && seen.certificate) {
      return seen.certificate->serial;
    }
  }
  return "";
}

// The agent makes the key, the CA here signs, the agent installs.
base::Result<pki::CertificateInfo> RenewOne(Context& context,
                                            const Renewing& renewing,
                                            model::ServerId server) {
  ZW_ASSIGN(const auto request, renewing.calls.RequestCertificate(server));
  ZW_ASSIGN(const auto issued,
            pki::IssueFor(renewing.options.directory,
                          pki::AgentIdentity(renewing.spec.name, server.value),
                          request,
                          renewing.lifetime,
                          context.world().clock));
  ZW_ASSIGN(auto info, pki::ParseCertificate(issued.certificate_pem));
  const auto serial = renewing.calls.InstallCertificate(server, issued.certificate_pem);
  if (!serial) {
    const auto shown = ShownBy(renewing.agents, server);
    if (shown == info.serial) {  // only the answer was lost
      return info;
    }
    return base::Fail(serial.error().WithContext(
        shown.empty() ? "which certificate server " + ToString(server) + " shows is not known"
                      : "server " + ToString(server) + " keeps certificate " + shown));
  }
  if (info.serial != *serial) {
    return base::Fail(base::ErrorCode::kInternal,
                      "pki.not_installed",
                      "server " + ToString(server) + " says that it shows certificate " + *serial +
                          ", not " + info.serial + "; see its agent's log");
  }
  return info;
}

base::Status RenewAll(Context& context, const RenewOptions& options) {
  ZW_ASSIGN(const auto days, NumberOption("--days", options.days, kMaxDays));
  ZW_ASSIGN(const auto loaded, LoadEnsemble(context));
  ZW_ASSIGN(const auto servers, ServersOf(options, loaded.spec));
  ZW_ASSIGN(const auto connected, Connect(context, loaded));
  const Renewing renewing{.calls = *connected.certificates,
                          .agents = *connected.agents,
                          .spec = loaded.spec,
                          .options = options,
                          .lifetime = pki::Days(static_cast<int>(days))};
  Document list{Document::List()};
  std::string text;
  for (const auto server : servers) {
    const auto renewed = RenewOne(context, renewing, server);
    if (!renewed) {
      context.Say(text + "no further server was asked");
      return base::Fail(renewed.error());
    }
    list.Add(Document::Map({{"server", server.value},
                            {"serial", renewed->serial},
                            {"not_after", CertificateTime(renewed->not_after)}}));
    text += "server " + ToString(server) + ": " + renewed->serial + " until " +
            CertificateTime(renewed->not_after) + "\n";
  }
  context.Print(Document::Map({{"schema_version", 1}, {"renewed", std::move(list)}}), text);
  return base::Ok();
}

ExitCode Renew(Context& context, const RenewOptions& options) {
  const auto renewed = RenewAll(context, options);
  return renewed ? ExitCode::kOk : context.Fail(renewed.error());
}

}  // namespace

Command PkiRenewCommand() {
  auto options = std::make_shared<RenewOptions>();
  return {.name = "pki renew",
          .summary = "give running agents new keys and certificates",
          .examples = {{"zoowarden pki renew --dir ca --server 1", "one agent"},
                       {"zoowarden pki renew --dir ca --all", "every agent, one after the other"}},
          .details =
              "Each agent makes its new key, which never leaves it, and is not restarted; open "
              "connections go on. Stops at the first agent that cannot.",
          .options = {{.name = "--dir",
                       .value_name = "DIR",
                       .help = "the CA, made by `zoowarden pki init`",
                       .target = &options->directory,
                       .required = true},
                      {.name = "--server",
                       .value_name = "N",
                       .help = "that server's agent",
                       .target = &options->server},
                      {.name = "--all", .help = "every agent", .target = &options->all},
                      {.name = "--days",
                       .value_name = "N",
                       .help = "how long it is valid (default 365)",
                       .target = &options->days}},
          .run = [options](Context& context) { return Renew(context, *options); }};
}

}  // namespace zoowarden::controller
