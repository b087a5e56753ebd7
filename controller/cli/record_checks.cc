#include "controller/cli/record_checks.h"

#include "base/text.h"
#include "controller/cli/desired.h"
#include "model/secrets.h"
#include "sys/digest.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace zoowarden::controller {

namespace {

constexpr std::size_t kLongText = 2'000;

bool SameAddress(const model::ServerSpec& a, const model::ServerSpec& b) {
  return a.id == b.id && a.agent == b.agent;
}

base::Status RefuseChanged(std::string reason, const std::string& what) {
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    std::move(reason),
                    "the run was begun with other " + what +
                        " than ensemble.yaml has now; put them back to resume");
}

// Puts values where the record has masks; what is not to be had is told, each key behind `where`.
void Restore(model::Settings& stored,
             const model::Settings& now,
             const std::string& where,
             std::vector<std::string>& missing) {
  for (auto& [key, value] : stored) {
    if (value != model::kMaskedValue) {
      continue;
    }
    const auto found = now.find(key);
    if (found == now.end()) {
      missing.push_back(where + key);
    } else {
      value = found->second;
    }
  }
}

bool IsMaskedOption(const std::string& option) { return option.ends_with(model::kMaskedValue); }

// The same for JVM options: of those with one name the first stands for the first.
void RestoreOptions(std::vector<std::string>& stored,
                    std::vector<std::string> now,
                    std::vector<std::string>& missing) {
  for (auto& option : stored) {
    if (!IsMaskedOption(option)) {
      continue;
    }
    const auto found = std::find_if(now.begin(), now.end(), [&](const std::string& candidate) {
      return model::MaskSecretOption(candidate) == option;
    });
    if (found == now.end()) {
      missing.push_back(option);
    } else {
      option = std::exchange(*found, "");
    }
  }
}

bool HasSecrets(const model::EnsembleSpec& spec) {
  const auto& options = spec.config.java.options;
  const auto masked = [](const auto& setting) { return setting.second == model::kMaskedValue; };
  const auto& own = spec.config.settings;
  return std::any_of(own.begin(), own.end(), masked) ||
         std::any_of(options.begin(), options.end(), IsMaskedOption) ||
         std::any_of(spec.servers.begin(), spec.servers.end(), [&](const auto& server) {
           return std::any_of(server.settings.begin(), server.settings.end(), masked);
         });
}

}  // namespace

base::Status CheckServers(const RunFile& run, const model::EnsembleSpec& here) {
  const auto& servers = run.spec.servers;
  const auto& states = run.state.servers;
  const auto same_id = [](const core::ServerRun& state, const model::ServerSpec& server) {
    return state.id == server.id;
  };
  if (!std::equal(
          servers.begin(), servers.end(), here.servers.begin(), here.servers.end(), SameAddress) ||
      !std::equal(states.begin(), states.end(), servers.begin(), servers.end(), same_id)) {
    return RefuseChanged("run.servers_changed", "`servers:`");
  }
  return base::Ok();
}

base::Status CheckRecord(const model::EnsembleSpec& run, const model::EnsembleSpec& here) {
  if (run.checks != here.checks) {
    return RefuseChanged("run.checks_changed", "`checks:`");
  }
  if (run.hooks != here.hooks) {
    return RefuseChanged("run.hooks_changed", "`hooks:`");
  }
  const auto& release = run.release;
  const bool known_signature =
      release.signature.empty() ||
      (!release.source.empty() && release.signature == release.source + ".asc") ||
      release.signature == here.release.signature;
  std::error_code ignored;
  if (!known_signature) {
    return RefuseChanged("run.release_changed", "signature file");
  }
  if (!std::filesystem::exists(release.source, ignored)) {
    return base::Ok();  // needed only where the agents do not have it yet
  }
  ZW_ASSIGN(const auto digest, sys::DigestFile(sys::Hash::kSha512, release.source));
  if (digest != release.sha512) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "release.wrong_digest",
                      release.source + " is not the archive that the run was begun with");
  }
  return base::Ok();
}

base::Status RestoreSecrets(Context& context, model::EnsembleSpec& spec) {
  if (!HasSecrets(spec)) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto desired, LoadDesired(context));
  std::vector<std::string> missing;
  const auto& config = desired.spec.config;
  Restore(spec.config.settings, config.settings, "config.settings.", missing);
  RestoreOptions(spec.config.java.options, config.java.options, missing);
  for (auto& server : spec.servers) {
    const auto* now = model::FindServer(desired.spec, server.id);
    Restore(server.settings,
            now != nullptr ? now->settings : model::Settings(),
            "server " + ToString(server.id) + ": ",
            missing);
  }
  if (!missing.empty()) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "run.secret_missing",
                      "no record has the secrets of a run, and neither ensemble.yaml nor its "
                      "plugins have: " +
                          base::Printable(base::Join(missing, ", "), kLongText) +
                          "; put it into ensemble.yaml to resume");
  }
  return base::Ok();
}

}  // namespace zoowarden::controller
