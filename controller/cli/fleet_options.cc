#include "controller/cli/fleet_options.h"

#include "base/shell_word.h"

#include <algorithm>
#include <utility>

namespace zoowarden::controller {
namespace {

base::Result<std::string> FleetPath(Context& context, const std::optional<std::string>& file) {
  if (file) {
    return *file;
  }
  if (const auto named = context.console().environment("ZOOWARDEN_FLEET");
      named && !named->empty()) {
    return *named;
  }
  std::error_code ignored;
  if (std::filesystem::exists("fleet.yaml", ignored)) {
    return std::string("fleet.yaml");
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "usage.no_fleet",
                    "no fleet is named and there is no fleet.yaml in this directory; name the file "
                    "with --fleet FILE or ZOOWARDEN_FLEET");
}

}  // namespace

Option FleetOption(std::optional<std::string>& file) {
  return {.name = "--fleet",
          .value_name = "FILE",
          .help = "which ensembles there are (default: $ZOOWARDEN_FLEET, fleet.yaml)",
          .target = &file};
}

std::vector<Option> FleetTargetOptions(FleetTarget& target) {
  return {{.name = "--to",
           .value_name = "VERSION",
           .help = "the release, such as 3.9.4",
           .target = &target.to},
          {.name = "--release",
           .value_name = "ARCHIVE",
           .help = "its archive (default: beside the present one of each ensemble)",
           .target = &target.release},
          {.name = "--allow-outage",
           .help = "with one or two voters: accept that a restart takes the quorum away",
           .target = &target.allow_outage}};
}

base::Result<config::LoadedFleet> LoadFleet(Context& context,
                                            const std::optional<std::string>& file) {
  if (context.flags().ensemble) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.fleet_not_ensemble",
                      "a fleet's ensembles are those of fleet.yaml: leave --ensemble away");
  }
  ZW_ASSIGN(const auto path, FleetPath(context, file));
  ZW_ASSIGN(auto fleet, config::LoadFleetFile(path));
  for (const auto& ensemble : fleet.ensembles) {
    for (const auto& warning : ensemble.file.warnings) {
      context.Warn(warning);
    }
  }
  return fleet;
}

base::Result<std::filesystem::path> FleetDirectory(Context& context, const std::string& fleet) {
  ZW_ASSIGN(const auto all, context.StateDirectory("_fleets"));
  return all / fleet;
}

base::Result<GlobalFlags> FlagsOf(Context& context, const config::FleetEnsemble& ensemble) {
  GlobalFlags flags = context.flags();
  flags.ensemble = ensemble.file.path;
  flags.pki = ensemble.pki;
  if (ensemble.pki.empty()) {
    ZW_ASSIGN(const auto pki, context.PkiDirectory());
    // A command that is named is typed in any directory.
    flags.pki = std::filesystem::absolute(pki / ensemble.file.spec.name).native();
  }
  return flags;
}

std::string TypedFlags(Context& context, const config::FleetEnsemble& ensemble) {
  std::string text;
  if (const auto flags = FlagsOf(context, ensemble)) {
    for (const auto& word : WordsOf(*flags)) {
      text += " " + (word.starts_with("--") ? word : base::ShellWord(word));
    }
  }
  return text;
}

std::string ArchiveWord(const std::optional<std::string>& release) {
  if (!release || *release == config::kAdopted) {
    return release.value_or("");
  }
  return std::filesystem::absolute(*release).lexically_normal().native();
}

std::string WaveOf(const config::LoadedFleet& fleet, std::size_t ensemble) {
  for (const auto& wave : fleet.waves) {
    if (std::find(wave.ensembles.begin(), wave.ensembles.end(), ensemble) != wave.ensembles.end()) {
      return wave.name;
    }
  }
  return "";
}

std::string NextOf(const FleetEntry& entry,
                   const std::string& flags,
                   const std::filesystem::path& log) {
  using core::EnsembleState;
  const auto run = entry.run_id.empty() ? "" : " " + entry.run_id;
  switch (entry.state) {
    case EnsembleState::kWaiting:
    case EnsembleState::kSucceeded:
    case EnsembleState::kNothingToDo:
      return "";
    case EnsembleState::kRunning:
      return run.empty() ? "" : "`zoowarden attach" + run + flags + "` shows it";
    case EnsembleState::kOpen:
      return "`zoowarden fleet resume` goes on with it";
    case EnsembleState::kRolledBack:
      return "`zoowarden runs show" + run + flags + "` says what went wrong";
    case EnsembleState::kHalted:
    case EnsembleState::kStuck:
      return "`zoowarden status" + flags + "` names every server, then `zoowarden resume" + run +
             flags + "` or `zoowarden rollback" + run + flags + "`";
    case EnsembleState::kUnhealthy:
      return "`zoowarden verify" + flags + "`";
    case EnsembleState::kRefused:
    case EnsembleState::kFailed:
      return run.empty() ? "mend what the message names; its log is " + log.native()
                         : "`zoowarden resume" + run + flags + "` goes on with its run";
  }
  return "";
}

}  // namespace zoowarden::controller
