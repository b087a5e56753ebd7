#include "controller/run/prepare.h"

#include "base/check.h"
#include "base/text.h"
#include "config/digests.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace zoowarden::controller {

model::ConfigurationSpec ConfigurationOf(const model::EnsembleSpec& spec,
                                         const model::ServerSpec& server) {
  auto configuration = spec.config;
  configuration.settings = model::SettingsOf(spec, server);
  return configuration;
}

std::map<model::ServerId, model::Generation> WantedGenerations(const model::EnsembleSpec& spec) {
  std::map<model::ServerId, model::Generation> wanted;
  for (const auto& server : spec.servers) {
    const auto digest = config::ConfigurationDigest(ConfigurationOf(spec, server));
    wanted[server.id] = {
        .digest = config::GenerationDigest(spec.release.version, spec.release.sha512, digest),
        .version = spec.release.version,
        .release_sha512 = spec.release.sha512,
        .configuration_digest = digest};
  }
  return wanted;
}

core::PlanInput MakePlanInput(const model::EnsembleSpec& spec,
                              std::vector<model::MemberObservation> seen,
                              bool allow_outage) {
  return {.spec = spec,
          .wanted = WantedGenerations(spec),
          .seen = std::move(seen),
          .allow_outage = allow_outage};
}

RunFile MakeRun(const core::PlanInput& input, const NewRun& run) {
  RunFile file{.kind = run.kind,
               .created_ms = run.created_ms,
               .holder = run.holder,
               .plan_digest = run.plan_digest,
               .approval = run.approval,
               .approval_required = run.approval_required,
               .edits = run.edits,
               .spec = input.spec};
  auto& state = file.state;
  state.run_id = run.run_id;
  state.ensemble = input.spec.name;
  state.members = core::DeclaredMembers(input.spec);
  state.policy = input.spec.policy;
  state.allow_outage = input.allow_outage;
  state.has_checks = !input.spec.checks.empty();
  for (const auto& seen : input.seen) {
    const bool repair = input.repair.contains(seen.id);
    const bool left_alone = !repair && input.scope == core::PlanScope::kRepair;
    ZW_CHECK(seen.current.has_value() || left_alone,
             "server " + model::ToString(seen.id) + " has no generation: the plan must refuse");
    const auto origin = seen.current.value_or(model::Generation());
    const auto& target = input.wanted.at(seen.id);
    state.servers.push_back(
        {.id = seen.id,
         .origin = origin,
         .target = left_alone ? origin : target,
         .restart = input.restart.contains(seen.id) || (repair && target.digest == origin.digest),
         .repair = repair});
  }
  if (core::TellsHooks(state)) {
    state.hooks.patience = core::PatienceOf(input.spec.hooks);
  }
  return file;
}

std::string MakeRunId(std::int64_t wall_time_ms, std::uint32_t random) {
  const auto seconds = static_cast<std::time_t>(wall_time_ms / 1000);
  return fmt::format("{:%Y%m%d-%H%M%S}-{:04x}", fmt::gmtime(seconds), random & 0xffffU);
}

base::Status CheckRunId(const std::string& id) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (!id.empty() && id.front() != '-' && std::all_of(id.begin(), id.end(), plain)) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "run.odd_id",
                    "'" + base::Printable(id) +
                        "' is no id that Zoowarden gives a run, which has a-z, 0-9 and '-' only");
}

}  // namespace zoowarden::controller
