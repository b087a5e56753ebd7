#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/status_view.h"
#include "controller/run/prepare.h"

namespace zoowarden::controller {

namespace {

constexpr std::chrono::milliseconds kStatusDeadline{3'000};

ExitCode Status(Context& context) {
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  const auto connected = Connect(context, *loaded);
  if (!connected) {
    return context.Fail(connected.error());
  }
  auto& agents = *connected->agents;
  StatusInput input{.spec = loaded->spec, .seen = agents.GetStatus(kStatusDeadline)};
  input.own = {.not_after = connected->not_after, .ca_not_after = connected->ca_not_after};
  input.now = std::chrono::duration_cast<pki::UnixTime>(context.world().clock.WallTime());
  if (loaded->spec.plugins.empty()) {
    input.wanted = WantedGenerations(loaded->spec);
  }
  input.leases = agents.GetLeases();
  auto journal = OpenJournalToRead(context, loaded->spec.name);
  if (!journal) {
    context.Warn(journal.error().message());
  }
  input.runs = CollectRuns(journal ? journal->get() : nullptr, &agents);
  const auto view = MakeStatusView(input);
  context.Print(StatusDocument(input, view), StatusText(input, view));
  if (view.denied) {
    return ExitCode::kDenied;
  }
  return view.healthy() ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace

Command StatusCommand() {
  return {.name = "status",
          .summary = "what runs where, who leads, what is open",
          .examples = {{"zoowarden status", "a table; exit 1 when something needs attention"},
                       {"zoowarden status -o json | jq .leader", "for scripts"}},
          .details =
              "Asks every agent at once and changes nothing. An agent that does not answer is "
              "said so; the others are shown all the same. A server whose configuration differs "
              "from ensemble.yaml is named in a warning; where `plugins:` give values they are not "
              "asked, so the configuration is not compared: `zoowarden plan` and `verify` do.",
          .run = Status};
}

}  // namespace zoowarden::controller
