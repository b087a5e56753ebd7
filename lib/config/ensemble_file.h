// ensemble.yaml: what an ensemble should be, as a person wrote it. Only the syntax and what can be
// known from the file alone is judged here; which versions may follow which is the planner's
// matter.
//
// Paths in the file are relative to the file. Templates are read at loading, so that a plan holds
// their text and not a name whose content may change.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::config {

// Setting key → "file:line:column", for explaining where a value comes from.
using SettingOrigins = std::map<std::string, std::string>;

struct LoadedEnsemble {
  model::EnsembleSpec spec;
  std::string path;     // absolute
  std::string text;     // the file's bytes, what ensemble_edit.h works on
  std::string name_at;  // "file:line:column" of the ensemble's name
  // Complete sentences with file:line:column: an even number of voters, a probably misspelt
  // setting.
  std::vector<std::string> warnings;
  bool approval_required = false;  // policy.approval: a second person signs each plan
  SettingOrigins origins;          // of spec.config.settings
  std::map<model::ServerId, SettingOrigins> server_origins;  // of each server's own settings
};

// What `release.sha512` says of the release that ran before adoption (model::kAdoptedRelease).
inline constexpr std::string_view kAdopted = "adopted";

// Reads one whole file for the loader (a template).
using FileReader = std::function<base::Result<std::string>(const std::string& path)>;

// Errors: "file:line:column: ..." with a reason "config.*" (kInvalidArgument).
[[nodiscard]] base::Result<LoadedEnsemble> LoadEnsembleFile(const std::string& path);

// The same of another text than the file's, which `path` names; templates are read from disk.
[[nodiscard]] base::Result<LoadedEnsemble> ParseEnsembleFile(std::string_view text,
                                                             const std::string& path);

// The same from text; `path` names the file and anchors relative paths, `read` opens templates.
[[nodiscard]] base::Result<LoadedEnsemble> ParseEnsemble(std::string_view text,
                                                         const std::string& path,
                                                         const FileReader& read);

// One JVM option as `config.java.options` takes it: bin/zkEnv.sh sources java.env in a shell, so it
// may hold nothing that a shell would read.
[[nodiscard]] bool IsSafeJavaOption(std::string_view option);
// The name of a template, as `config.files` takes it: letters, digits, ., _ and -, no dot first.
[[nodiscard]] bool IsPlainFileName(std::string_view name);
// A size such as 512m or 1g, as `config.java.heap` takes it.
[[nodiscard]] bool IsJavaHeap(std::string_view heap);

}  // namespace zoowarden::config
