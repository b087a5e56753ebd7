#include "agent/render/start_check.h"

#include "agent/install/carry_over.h"
#include "zk/start_mode.h"
#include "zk/zoo_cfg.h"

#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

tl::unexpected<base::Error> Invalid(const StartCheck& check, const std::string& why) {
  return Fail(ErrorCode::kFailedPrecondition,
              "config.invalid",
              "zookeeper " + check.version.ToString() + " would not start with this zoo.cfg: " +
                  why + "; change config.settings of ensemble.yaml");
}

}  // namespace

base::Status ValidateStart(const StartCheck& check, const ConfigurationFiles& files) {
  const auto text = files.find(std::string(kZooCfg));
  if (text == files.end()) {
    return Invalid(check, "there is none");
  }
  const auto cfg = zk::ZooCfg::Parse(text->second);
  if (!cfg) {
    return Invalid(check, cfg.error().message());
  }
  std::optional<zk::ZooCfg> dynamic;
  if (const auto named = cfg->Get("dynamicConfigFile")) {
    const std::string name = std::filesystem::path(*named).filename();
    if (const auto file = files.find(name); file != files.end()) {
      auto parsed = zk::ZooCfg::Parse(file->second, name);
      if (!parsed) {
        return Invalid(check, parsed.error().message());
      }
      dynamic = *std::move(parsed);
    }
  }
  const auto verdict = zk::HowItStarts({.cfg = *cfg,
                                        .dynamic = dynamic ? &*dynamic : nullptr,
                                        .version = check.version,
                                        .my_id = check.server});
  if (verdict.mode == zk::StartMode::kInvalid) {
    return Invalid(check, verdict.reason);
  }
  if (verdict.mode == zk::StartMode::kStandalone && check.declared_servers != 1) {
    return Fail(ErrorCode::kFailedPrecondition,
                "config.standalone",
                "zookeeper " + check.version.ToString() +
                    " would start standalone and acknowledge writes alone: " + verdict.reason +
                    "; declare all its servers under `servers:` of ensemble.yaml");
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
