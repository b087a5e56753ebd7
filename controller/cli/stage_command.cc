#include "controller/cli/commands.h"
#include "controller/cli/desired.h"
#include "controller/cli/driving.h"
#include "controller/cli/release_source.h"
#include "controller/cli/table.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct StageOptions {
  std::optional<std::string> to;
  std::optional<std::string> archive;
};

base::Result<model::ReleaseSpec> ReleaseOf(const model::EnsembleSpec& spec,
                                           const StageOptions& options) {
  if (options.archive && !options.to) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.missing",
                      "--release needs --to VERSION, so that it is said which release is meant");
  }
  return options.to ? ResolveRelease(spec.release, *options.to, options.archive) : spec.release;
}

struct Staged {
  model::ServerId server;
  base::Status status;
};

void Show(Context& context, const model::ReleaseSpec& release, const std::vector<Staged>& all) {
  Table table({"SERVER", "RELEASE", "STATE"});
  Document servers{Document::List()};
  for (const auto& one : all) {
    table.Add({ToString(one.server),
               release.version.ToString(),
               one.status ? "there" : one.status.error().message()});
    servers.Add(Document::Map(
        {{"id", one.server.value},
         {"staged", one.status.has_value()},
         {"problem", one.status ? Document() : Document(one.status.error().message())}}));
  }
  context.Print(Document::Map({{"schema_version", 1},
                               {"version", release.version.ToString()},
                               {"sha512", release.sha512},
                               {"servers", std::move(servers)}}),
                table.ToText());
}

ExitCode Stage(Context& context, const StageOptions& options) {
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  const auto release = ReleaseOf(loaded->spec, options);
  if (!release) {
    return context.Fail(release.error());
  }
  auto workplace = ConnectWithProgress(context, *loaded);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  std::vector<Staged> all;
  const base::Error* first = nullptr;
  all.reserve(loaded->spec.servers.size());
  for (const auto& server : loaded->spec.servers) {
    all.push_back({server.id, workplace->connected.agents->Upload(server.id, {}, *release)});
    if (!all.back().status && first == nullptr) {
      first = &all.back().status.error();
    }
  }
  Show(context, *release, all);
  if (first != nullptr) {
    context.SayError(*first);
    return ExitCodeOf(*first);
  }
  return ExitCode::kOk;
}

}  // namespace

Command StageCommand() {
  auto options = std::make_shared<StageOptions>();
  return {.name = "stage",
          .summary = "bring a release to every server ahead of its run; touches nothing that runs",
          .examples = {{"zoowarden stage --to 3.9.4 --release zk-3.9.4.tar.gz",
                        "the upgrade then sends nothing"},
                       {"zoowarden stage", "the release that ensemble.yaml says"}},
          .details =
              "With a planner's or an operator's certificate. Refused while a run holds the "
              "ensemble. Each agent checks the archive's SHA-512 now, and its signature when a "
              "run uses it.",
          .options = {{.name = "--to",
                       .value_name = "VERSION",
                       .help = "the release (default: the one of ensemble.yaml)",
                       .target = &options->to},
                      {.name = "--release",
                       .value_name = "ARCHIVE",
                       .help = "its archive, with .sha512 and .asc beside it",
                       .target = &options->archive}},
          .run = [options](Context& context) { return Stage(context, *options); }};
}

}  // namespace zoowarden::controller
