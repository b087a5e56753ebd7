#include "config/fleet_file.h"

#include "base/text.h"
#include "config/command_fields.h"
#include "config/fleet_waves.h"
#include "sys/files.h"

#include <glob.h>

#include <cerrno>
#include <filesystem>
#include <numeric>
#include <set>
#include <utility>

namespace zoowarden::config {
namespace {

constexpr std::size_t kMaxFile = 1U << 20U;
constexpr std::size_t kMaxEnsembles = 10'000;
constexpr const char* kEnsemblePlace = "{ensemble}";

bool IsPattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

// What the pattern matches, sorted.
base::Result<std::vector<std::string>> Expand(const YamlValue& at, const std::string& pattern) {
  // A directory that is not there matches nothing; one that may not be read could hold some.
  const auto refuse = [](const char* /*path*/, int error) -> int {
    return error != ENOENT && error != ENOTDIR ? 1 : 0;
  };
  glob_t found{};
  const int result = ::glob(pattern.c_str(), 0, refuse, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (result == GLOB_NOMATCH) {
    return base::Fail(at.Refuse("no_file", "matches no file: " + pattern));
  }
  if (result != 0) {
    return base::Fail(at.Refuse(
        "unreadable", "cannot be looked up: " + pattern + "; see who may read its directories"));
  }
  return paths;
}

base::Result<std::vector<std::string>> FilesOf(const YamlValue& at, const std::string& directory) {
  ZW_ASSIGN(const auto text, at.Text());
  auto path = AbsolutePath(directory, text);
  return IsPattern(text) ? Expand(at, path) : std::vector<std::string>{std::move(path)};
}

std::string ForEnsemble(std::string path, const std::string& name) {
  if (const auto place = path.find(kEnsemblePlace); place != std::string::npos) {
    path.replace(place, std::string_view(kEnsemblePlace).size(), name);
  }
  return path;
}

struct Reading {
  std::string directory;
  std::string pki;  // of the fleet, absolute or empty
  LoadedFleet& fleet;
  std::map<std::string, std::string> seen_files;  // path or name → where
  std::map<std::string, std::string> seen_names;
};

base::Status AddEnsemble(Reading& reading, const YamlValue& at, FleetEnsemble ensemble) {
  const auto& name = ensemble.file.spec.name;
  const auto& path = ensemble.file.path;
  std::error_code ignored;
  const auto real = std::filesystem::weakly_canonical(path, ignored).string();
  if (const auto [seen, fresh] = reading.seen_files.emplace(real, at.Where()); !fresh) {
    return base::Fail(at.Refuse(
        "duplicate", "names " + path + " once more, which " + seen->second + " names already"));
  }
  if (const auto [seen, fresh] = reading.seen_names.emplace(name, ensemble.file.name_at); !fresh) {
    return base::Fail(at.Refuse("duplicate",
                                "names two files of one ensemble '" + name + "': " + seen->second +
                                    " and " + ensemble.file.name_at));
  }
  if (reading.fleet.ensembles.size() == kMaxEnsembles) {
    return base::Fail(
        at.Refuse("bad_value", "names more than " + std::to_string(kMaxEnsembles) + " ensembles"));
  }
  reading.fleet.ensembles.push_back(std::move(ensemble));
  return base::Ok();
}

base::Status ReadEntry(Reading& reading, const YamlValue& value) {
  ZW_ASSIGN(const auto map, value.Map({"files", "labels", "pki"}));
  ZW_ASSIGN(const auto files, map.Need("files"));
  ZW_ASSIGN(const auto paths, FilesOf(files, reading.directory));
  Labels labels;
  if (const auto given = map.Find("labels")) {
    ZW_ASSIGN(labels, ReadLabels(*given));
  }
  auto pki = reading.pki;
  if (const auto own = map.Find("pki")) {
    ZW_ASSIGN(const auto text, own->Text());
    pki = AbsolutePath(reading.directory, text);
    if (paths.size() > 1 && pki.find(kEnsemblePlace) == std::string::npos) {
      return base::Fail(own->Refuse("bad_value",
                                    "must hold {ensemble}, because a certificate is of one "
                                    "ensemble and there are " +
                                        std::to_string(paths.size())));
    }
  }
  for (const auto& path : paths) {
    auto loaded = LoadEnsembleFile(path);
    if (!loaded && !loaded.error().Is(base::ErrorCode::kInvalidArgument)) {
      return base::Fail(files.Refuse("unreadable", ": " + loaded.error().message()));
    }
    if (!loaded) {
      return base::Fail(loaded.error().WithContext(files.Where() + ": " + files.name()));
    }
    const auto name = loaded->spec.name;
    ZW_TRY(AddEnsemble(reading,
                       files,
                       {.file = *std::move(loaded),
                        .labels = labels,
                        .pki = ForEnsemble(pki, name),
                        .named_at = files.Where()}));
  }
  return base::Ok();
}

base::Status ReadPki(const YamlMap& map, Reading& reading) {
  const auto value = map.Find("pki");
  if (!value) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto text, value->Text());
  if (text.find(kEnsemblePlace) == std::string::npos) {
    return base::Fail(value->Refuse("bad_value",
                                    "must hold {ensemble}, such as pki/{ensemble}, because a "
                                    "certificate is of one ensemble"));
  }
  reading.pki = AbsolutePath(reading.directory, text);
  return base::Ok();
}

base::Status ReadPolicy(const YamlValue& value, model::FleetPolicy& policy) {
  using std::chrono::hours;
  ZW_ASSIGN(const auto map, value.Map({"concurrency", "soak", "error_budget", "time_needed"}));
  ZW_TRY(map.ReadNumber("concurrency", {1, 1'000}, policy.concurrency));
  ZW_TRY(map.ReadNumber("error_budget", {0, kMaxEnsembles}, policy.error_budget));
  ZW_TRY(map.ReadDuration("soak", {model::WallTime(0), hours(24 * 30)}, policy.soak));
  return map.ReadDuration("time_needed", {model::WallTime(0), hours(24)}, policy.time_needed);
}

base::Status ReadName(const YamlMap& map, std::string& name) {
  ZW_ASSIGN(const auto value, map.Need("fleet"));
  ZW_ASSIGN(name, value.Text());
  if (name.size() > 60 ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    return base::Fail(value.Refuse(
        "bad_value", "must be made of lower-case letters, digits and '-', at most 60"));
  }
  return base::Ok();
}

base::Status ReadEnsembles(const YamlMap& map, Reading& reading) {
  ZW_ASSIGN(const auto value, map.Need("ensembles"));
  ZW_ASSIGN(const auto items, value.List());
  for (const auto& item : items) {
    ZW_TRY(ReadEntry(reading, item));
  }
  return reading.fleet.ensembles.empty() ? base::Fail(value.Refuse("bad_value", "names none"))
                                         : base::Ok();
}

std::vector<model::FleetWave> OneWave(std::size_t ensembles) {
  model::FleetWave all{.name = "all", .ensembles = std::vector<std::size_t>(ensembles)};
  std::iota(all.ensembles.begin(), all.ensembles.end(), 0);
  return {std::move(all)};
}

}  // namespace

base::Result<LoadedFleet> ParseFleetFile(std::string_view text, const std::string& path) {
  LoadedFleet fleet;
  fleet.path = std::filesystem::absolute(path).lexically_normal().string();
  Reading reading{.directory = std::filesystem::path(fleet.path).parent_path().string(),
                  .pki = {},
                  .fleet = fleet,
                  .seen_files = {},
                  .seen_names = {}};
  ZW_ASSIGN(const auto root, ReadYaml(text, path));
  ZW_ASSIGN(const auto map, root.Map({"fleet", "pki", "ensembles", "waves", "policy", "windows"}));
  ZW_TRY(ReadName(map, fleet.name));
  ZW_TRY(ReadPki(map, reading));
  ZW_TRY(ReadEnsembles(map, reading));
  if (const auto policy = map.Find("policy")) {
    ZW_TRY(ReadPolicy(*policy, fleet.policy));
  }
  if (const auto waves = map.Find("waves")) {
    ZW_ASSIGN(fleet.waves, ReadWaves(*waves, fleet.ensembles));
  } else {
    fleet.waves = OneWave(fleet.ensembles.size());
  }
  if (const auto windows = map.Find("windows")) {
    ZW_ASSIGN(fleet.windows, ReadWindows(*windows, fleet.policy.time_needed));
  }
  return fleet;
}

base::Result<LoadedFleet> LoadFleetFile(const std::string& path) {
  ZW_ASSIGN(const auto text, sys::ReadFile(path, kMaxFile));
  return ParseFleetFile(text, path);
}

}  // namespace zoowarden::config
