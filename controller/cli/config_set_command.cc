#include "base/text.h"
#include "controller/cli/applying.h"
#include "controller/cli/commands.h"
#include "controller/cli/detaching.h"
#include "model/secrets.h"

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

struct SetOptions {
  std::vector<std::string> settings;  // KEY=VALUE
  std::optional<std::string> server;
  bool allow_outage = false;
  bool detach = false;
};

base::Result<config::SettingEdit> EditOf(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.bad_value",
                      "'" + base::Printable(word, 80) + "' is no setting: write KEY=VALUE");
  }
  config::SettingEdit edit{.key = word.substr(0, equals), .value = word.substr(equals + 1)};
  // Everybody on this machine sees command lines, and the run's record would hold it too.
  if (model::IsSecretKey(edit.key)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.secret_on_line",
                      "'" + base::Printable(edit.key, 80) +
                          "' is a secret, which does not belong on a command line: write it into "
                          "ensemble.yaml or have a plugin give it, then `zoowarden config apply`");
  }
  return edit;
}

base::Result<std::vector<config::SettingEdit>> EditsOf(Context& context,
                                                       const SetOptions& options) {
  std::optional<model::ServerId> server;
  if (options.server) {
    ZW_ASSIGN(const auto path, context.EnsemblePath());
    ZW_ASSIGN(const auto loaded, config::LoadEnsembleFile(path));
    ZW_ASSIGN(server, ServerNamed(loaded.spec, *options.server));
  }
  std::vector<config::SettingEdit> edits;
  for (const auto& word : options.settings) {
    ZW_ASSIGN(auto edit, EditOf(word));
    edit.server = server;
    const bool twice = std::any_of(
        edits.begin(), edits.end(), [&edit](const auto& other) { return other.key == edit.key; });
    if (twice) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "usage.bad_value",
                        "'" + base::Printable(edit.key, 80) + "' is set twice");
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

ExitCode Set(Context& context, const SetOptions& options) {
  auto edits = EditsOf(context, options);
  if (!edits) {
    return context.Fail(edits.error());
  }
  Asked asked{.target = {.kind = "config set",
                         .allow_outage = options.allow_outage,
                         .scope = core::PlanScope::kConfiguration,
                         .edits = *std::move(edits)},
              .detach = options.detach};
  return Apply(context, std::move(asked));
}

}  // namespace

Command ConfigSetCommand() {
  auto options = std::make_shared<SetOptions>();
  return {
      .name = "config set",
      .summary = "change settings of zoo.cfg: plan, ask, roll, then write ensemble.yaml",
      .examples = {{"zoowarden config set snapCount=50000", "on all servers"},
                   {"zoowarden config set maxClientCnxns=200 --server 3", "of one server"}},
      .details =
          "ensemble.yaml is changed when the run has succeeded (or every server runs it "
          "already), and only these settings in it; after a rollback it is as it was. What "
          "else it says of the configuration is rolled out with it, as the plan shows; refused "
          "when it says another release than the servers run.",
      .options = {{.name = "KEY=VALUE",
                   .value_name = "KEY=VALUE",
                   .help = "a setting; may be given again",
                   .target = &options->settings,
                   .required = true},
                  {.name = "--server",
                   .value_name = "ID",
                   .help = "of this server alone (default: of the ensemble)",
                   .target = &options->server},
                  {.name = "--allow-outage",
                   .help = "with one or two voters: accept that a restart takes the quorum away",
                   .target = &options->allow_outage},
                  DetachOption(options->detach)},
      .run = [options](Context& context) { return Set(context, *options); }};
}

}  // namespace zoowarden::controller
