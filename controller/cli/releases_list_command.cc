// `releases list` and `releases verify`: the same view, with and without reading the trees.
#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/releases_view.h"

namespace zoowarden::controller {

namespace {

ExitCode Show(Context& context, bool verify) {
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  const auto connected = Connect(context, *loaded);
  if (!connected) {
    return context.Fail(connected.error());
  }
  const auto servers = connected->releases->GetReleases(verify);
  context.Print(ReleasesDocument(loaded->spec.name, servers), ReleasesText(servers, verify));
  const auto problems = ReleaseProblems(servers);
  for (const auto& problem : problems) {
    context.Say("problem: " + problem);
  }
  return problems.empty() ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace

Command ReleasesListCommand() {
  return {.name = "releases list",
          .summary = "which releases lie on which server, and what they are for",
          .examples = {{"zoowarden releases list", "a table of all servers"},
                       {"zoowarden releases list -o json", "with the generations of each"}},
          .details =
              "Reads the agents' records and changes nothing. An archive that was staged and is "
              "not unpacked yet is shown as archive-DIGITS of its SHA-512. Trees are compared with "
              "what was unpacked by `zoowarden releases verify`.",
          .run = [](Context& context) { return Show(context, /*verify=*/false); }};
}

Command ReleasesVerifyCommand() {
  return {.name = "releases verify",
          .summary = "compare every file of every release with what was unpacked",
          .examples = {{"zoowarden releases verify", "exit 1 when a file was changed"}},
          .details =
              "The agents read all files and compare them with the digests taken when the "
              "release was unpacked. Nothing is changed. The same is done before every "
              "start of a server.",
          .run = [](Context& context) { return Show(context, /*verify=*/true); }};
}

}  // namespace zoowarden::controller
