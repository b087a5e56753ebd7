#include "base/text.h"
#include "config/yaml_reader.h"
#include "controller/cli/commands.h"
#include "controller/cli/fleet_options.h"
#include "controller/cli/fleet_status_view.h"
#include "controller/fleet/fleet_store.h"

#include <memory>
#include <ostream>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStatusDeadline{5'000};

struct FleetStatusOptions {
  std::optional<std::string> file;
  std::optional<std::string> every;
};

struct Asking {
  config::LoadedFleet fleet;
  FleetStore store;
  std::shared_ptr<FleetAgents> agents;
  std::vector<std::string> flags;
};

base::Result<Asking> Prepare(Context& context, const FleetStatusOptions& options) {
  ZW_ASSIGN(auto fleet, LoadFleet(context, options.file));
  ZW_ASSIGN(const auto directory, FleetDirectory(context, fleet.name));
  std::vector<ConnectRequest> requests;
  std::vector<std::string> typed;
  for (const auto& ensemble : fleet.ensembles) {
    ZW_ASSIGN(const auto flags, FlagsOf(context, ensemble));
    requests.push_back({.spec = ensemble.file.spec, .pki = *flags.pki, .crl = context.CrlFile()});
    typed.push_back(TypedFlags(context, ensemble));
  }
  auto agents = context.world().connect_fleet(requests);
  return Asking{.fleet = std::move(fleet),
                .store = FleetStore::Beside(directory),
                .agents = std::move(agents),
                .flags = std::move(typed)};
}

std::set<std::string> GoneOf(Context& context, const std::optional<FleetRecord>& record) {
  std::set<std::string> gone;
  for (const auto& entry : record ? record->ensembles : std::vector<FleetEntry>()) {
    if (!entry.process.empty() && !context.world().find_detached(entry.process)) {
      gone.insert(entry.process);
    }
  }
  return gone;
}

bool Ask(Context& context, const Asking& asking, bool again) {
  auto& clock = context.world().clock;
  FleetStatusInput input{.fleet = asking.fleet, .flags = asking.flags};
  const auto began = clock.BootTime();
  input.answers = asking.agents->GetStatus(kStatusDeadline);
  input.took = clock.BootTime() - began;
  input.now = std::chrono::duration_cast<pki::UnixTime>(clock.WallTime());
  if (auto record = asking.store.Load()) {
    input.record = *std::move(record);
    input.rolling = asking.store.InUse();
    input.gone = GoneOf(context, input.record);
  } else {
    input.record_problem = record.error().message();
  }
  const auto view = MakeFleetStatusView(input);
  const auto document = FleetStatusDocument(input, view);
  if (again && context.structured()) {
    context.console().out << document.ToJsonLine() << std::flush;
  } else {
    context.Print(document, FleetStatusText(input, view) + (again ? "\n" : ""));
  }
  return view.good();
}

ExitCode StatusOfFleet(Context& context, const FleetStatusOptions& options) {
  const auto between = options.every ? config::ParseDuration(*options.every) : milliseconds(0);
  if (!between || (options.every && *between < milliseconds(100))) {
    return context.Fail({base::ErrorCode::kInvalidArgument,
                         "usage.bad_value",
                         "--every cannot be '" + base::Printable(*options.every) +
                             "': use a time such as 5s, 100ms at least"});
  }
  const auto asking = Prepare(context, options);
  if (!asking) {
    return context.Fail(asking.error());
  }
  if (!options.every) {
    return Ask(context, *asking, false) ? ExitCode::kOk : ExitCode::kError;
  }
  const auto interrupted = context.world().watch_interrupt(kOnlyEnded);
  bool good = true;
  while (!interrupted()) {
    good = Ask(context, *asking, true);
    context.world().clock.SleepFor(*between);
  }
  return good ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace

Command FleetStatusCommand() {
  auto options = std::make_shared<FleetStatusOptions>();
  return {
      .name = "fleet status",
      .summary = "all ensembles in one table: health, release, wave, and what to do next",
      .examples = {{"zoowarden fleet status", "exit 1 when something needs attention"},
                   {"zoowarden fleet status --every 5s", "again and again, until Ctrl-C"},
                   {"zoowarden fleet status -o json | jq '.ensembles[] | select(.healthy|not)'",
                    "for scripts"}},
      .details =
          "Asks every agent of every ensemble at once and changes nothing; what does not answer "
          "within 5 s is said so. The states of a rollout are those that this machine "
          "recorded.",
      .options = {FleetOption(options->file),
                  {.name = "--every",
                   .value_name = "TIME",
                   .help = "ask again after this time, on the same connections; -o json prints "
                           "a line each",
                   .target = &options->every}},
      .run = [options](Context& context) { return StatusOfFleet(context, *options); }};
}

}  // namespace zoowarden::controller
