#include "controller/cli/write_back.h"

#include "config/ensemble_edit.h"
#include "model/discovery.h"

namespace zoowarden::controller {

namespace {

bool ChangesFile(const RunFile& run) { return run.kind == "upgrade" || !run.edits.empty(); }

std::optional<std::string> ValueOf(const model::EnsembleSpec& spec,
                                   const config::SettingEdit& edit) {
  const auto* server = edit.server ? model::FindServer(spec, *edit.server) : nullptr;
  if (edit.server && server == nullptr) {
    return std::nullopt;
  }
  const auto& settings = server == nullptr ? spec.config.settings : server->settings;
  const auto found = settings.find(edit.key);
  return found == settings.end() ? std::nullopt : std::optional(found->second);
}

FileValues WantedValues(const RunFile& run) {
  if (run.edits.empty()) {
    return {run.spec.release.version.ToString(), run.spec.release.sha512};
  }
  FileValues wanted;
  for (const auto& edit : run.edits) {
    wanted.push_back(edit.value);
  }
  return wanted;
}

// Also where another machine's file never was what the run began with.
bool WasChanged(Context& context, const config::LoadedEnsemble& file, const RunFile& run) {
  const auto now = ValuesNow(file, run);
  if (!run.file_before || !now || *now == *run.file_before) {
    return false;
  }
  if (*now != WantedValues(run)) {
    context.Warn("the run succeeded, but " + file.path + " says another " +
                 (run.edits.empty() ? "`release:`" : "value of a setting that it changed") +
                 " than when the run began and is left as it is; edit it by hand");
  }
  return true;
}

void WriteRelease(Context& context,
                  const config::LoadedEnsemble& file,
                  const model::ReleaseSpec& release) {
  const bool adopted = release.sha512 == model::kAdoptedRelease;
  const auto written =
      config::EditReleaseInFile(file.path,
                                file.text,
                                {.version = release.version.ToString(),
                                 .source = release.source,
                                 .sha512 = adopted ? std::string(config::kAdopted) : release.sha512,
                                 .signature = release.signature});
  if (!written) {
    context.Warn("the run succeeded, but " + file.path + " could not be changed to say " +
                 release.version.ToString() + ": " + written.error().message() +
                 "; edit `release:` by hand");
  }
}

}  // namespace

std::optional<FileValues> ValuesNow(const config::LoadedEnsemble& file, const RunFile& run) {
  if (!ChangesFile(run)) {
    return std::nullopt;
  }
  // Its text, because what was loaded may have the edits already.
  const auto said = config::ParseEnsembleFile(file.text, file.path);
  if (!said) {
    return std::nullopt;
  }
  if (run.edits.empty()) {
    const auto& release = said->spec.release;
    return FileValues{release.version.ToString(), release.sha512};
  }
  FileValues values;
  for (const auto& edit : run.edits) {
    values.push_back(ValueOf(said->spec, edit));
  }
  return values;
}

void WriteSettings(Context& context,
                   const config::LoadedEnsemble& file,
                   const std::vector<config::SettingEdit>& edits) {
  if (edits.empty()) {
    return;
  }
  if (const auto written = config::EditSettingsInFile(file.path, file.text, edits); !written) {
    context.Warn("every server runs what was asked for, but " + file.path +
                 " could not be changed to say so: " + written.error().message());
  }
}

void WriteBack(Context& context, const config::LoadedEnsemble& file, const RunFile& run) {
  if (!ChangesFile(run) || WasChanged(context, file, run)) {
    return;
  }
  if (run.edits.empty()) {
    WriteRelease(context, file, run.spec.release);
  } else {
    WriteSettings(context, file, run.edits);
  }
}

}  // namespace zoowarden::controller
