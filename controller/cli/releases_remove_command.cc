#include "controller/cli/commands.h"
#include "controller/cli/desired.h"
#include "controller/cli/driving.h"
#include "controller/cli/run_records.h"
#include "controller/cli/run_view.h"
#include "controller/cli/table.h"
#include "controller/run/lease.h"
#include "controller/run/prepare.h"
#include "controller/run/release_agents.h"

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

struct RemoveOptions {
  std::string release;
  std::optional<std::string> server;
};

struct Removed {
  model::ServerId server;
  std::string name;
  std::string asked;  // what the agent knows it by
  base::Result<std::vector<std::string>> result;
};

// A halted run may still want to go back to what would be removed.
base::Status RefuseOpenRuns(Agents& agents) {
  const auto known = CollectRuns(nullptr, &agents);
  const auto open = std::find_if(
      known.runs.begin(), known.runs.end(), [](const KnownRun& run) { return run.open; });
  if (open == known.runs.end()) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    "release.run_open",
                    "run " + open->record.run_id +
                        " is open and may need its way back; `zoowarden resume` or `zoowarden "
                        "rollback` ends it");
}

// The releases that the word means: a whole name, or every unpacked one of a version.
std::vector<Removed> Choose(const std::vector<Answer<std::vector<InstalledRelease>>>& servers,
                            const RemoveOptions& options) {
  std::vector<Removed> chosen;
  for (const auto& server : servers) {
    if (options.server && ToString(server.server) != *options.server) {
      continue;
    }
    if (!server.result) {
      chosen.push_back({server.server, options.release, "", base::Fail(server.result.error())});
      continue;
    }
    for (const auto& release : *server.result) {
      const bool archive = release.kind == ReleaseKind::kArchive;
      const bool meant = release.name == options.release || release.version == options.release;
      if (meant && (archive || release.kind == ReleaseKind::kUnpacked)) {
        chosen.push_back({server.server,
                          release.name,
                          archive ? release.sha512 : release.name,
                          std::vector<std::string>()});
      }
    }
  }
  return chosen;
}

void Show(Context& context, const std::vector<Removed>& all) {
  Table table({"SERVER", "RELEASE", "STATE"});
  Document list{Document::List()};
  for (const auto& one : all) {
    table.Add({ToString(one.server),
               one.name,
               one.result ? "removed" : "kept: " + one.result.error().message()});
    list.Add(Document::Map(
        {{"id", one.server.value},
         {"release", one.name},
         {"removed", one.result.has_value()},
         {"problem", one.result ? Document() : Document(one.result.error().message())}}));
  }
  context.Print(Document::Map({{"schema_version", 1}, {"servers", std::move(list)}}),
                table.ToText());
}

base::Result<std::vector<Removed>> RemoveAll(Context& context,
                                             const Connected& connected,
                                             const RemoveOptions& options) {
  auto& agents = *connected.agents;
  ZW_TRY(RefuseOpenRuns(agents));
  auto chosen = Choose(connected.releases->GetReleases(/*verify=*/false), options);
  if (chosen.empty()) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "release.not_unpacked",
                      (options.server ? "server " + *options.server + " does not have release "
                                      : std::string("no server has release ")) +
                          options.release +
                          "; `zoowarden releases list` names those that are there");
  }
  auto& world = context.world();
  const auto run_id = "releases-" + MakeRunId(world.clock.WallTime().count(), world.random());
  ZW_ASSIGN(
      const auto identity,
      AcquireRun(agents,
                 world.clock,
                 {.run_id = run_id, .holder = HolderOf(context, connected.identity, run_id)}));
  for (auto& one : chosen) {
    if (one.result) {
      one.result = connected.releases->RemoveRelease(one.server, identity, one.asked);
    }
  }
  static_cast<void>(agents.Release(identity));
  return chosen;
}

ExitCode Remove(Context& context, const RemoveOptions& options) {
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  const auto known = options.server ? ServerNamed(loaded->spec, *options.server)
                                    : base::Result<model::ServerId>(model::ServerId{});
  if (!known) {
    return context.Fail(known.error());
  }
  const auto workplace = ConnectToChange(context, *loaded);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  const auto sure = context.Confirm(
      "remove release " + options.release + " from " +
      (options.server ? "server " + *options.server : std::string("every server")) + "?");
  if (!sure) {
    return context.Fail(sure.error());
  }
  if (!*sure) {
    return ExitCode::kError;
  }
  const auto removed = RemoveAll(context, workplace->connected, options);
  if (!removed) {
    return context.Fail(removed.error());
  }
  Show(context, *removed);
  for (const auto& one : *removed) {
    if (!one.result) {
      context.SayError(one.result.error());
      return ExitCodeOf(one.result.error());
    }
  }
  return ExitCode::kOk;
}

}  // namespace

Command ReleasesRemoveCommand() {
  auto options = std::make_shared<RemoveOptions>();
  return {.name = "releases remove",
          .summary = "remove a release that is not needed from the servers",
          .examples = {{"zoowarden releases remove 3.8.4", "every archive of this version"},
                       {"zoowarden releases remove 3.8.4-9418f5e1 --server 2",
                        "one of them, on one server"},
                       {"zoowarden releases remove archive-9418f5e1",
                        "an archive that `zoowarden stage` brought"}},
          .details =
              "Refused while a run is open, and by each agent for what is current, what an "
              "open operation may go back to, and what runs. The generations that name it "
              "go too, so that this server cannot be rolled back to them.",
          .options = {{.name = "RELEASE",
                       .value_name = "RELEASE",
                       .help = "a version, or a name of `zoowarden releases list`",
                       .target = &options->release,
                       .required = true},
                      {.name = "--server",
                       .value_name = "ID",
                       .help = "on this server only",
                       .target = &options->server}},
          .run = [options](Context& context) { return Remove(context, *options); }};
}

}  // namespace zoowarden::controller
