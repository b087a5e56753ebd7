#include "controller/run/actions.h"

#include "base/check.h"
#include "controller/run/prepare.h"
#include "core/plan.h"
#include "model/discovery.h"
#include "sys/files.h"

namespace zoowarden::controller {
namespace {

constexpr std::size_t kMaxSignatureBytes = 64 * 1024;

base::Status Stage(Agents& agents,
                   const RunFile& run,
                   const Call& call,
                   const core::Action& action) {
  ZW_ASSIGN(const auto options, BeginOptionsFor(run, action));
  if (run.spec.release.sha512 != model::kAdoptedRelease) {  // of that one there is no archive
    ZW_TRY(agents.Upload(action.server, call.run, run.spec.release));
  }
  return agents.Begin(action.server, call, options);
}

base::Status BeginExisting(Agents& agents,
                           const RunFile& run,
                           const Call& call,
                           const core::Action& action) {
  ZW_ASSIGN(const auto options, BeginOptionsFor(run, action));
  return agents.Begin(action.server, call, options);
}

}  // namespace

base::Result<BeginOptions> BeginOptionsFor(const RunFile& run, const core::Action& action) {
  const auto& server = core::ServerOf(run.state, action.server);
  BeginOptions options;
  options.expected_digest = action.to_generation;
  options.step_timeout = run.state.policy.step_timeout;
  if (action.kind == core::ActionKind::kBegin) {
    options.existing_generation = action.to_generation;
    const bool back = action.to_generation == server.origin.digest;
    options.from_generation = back ? server.target.digest : server.origin.digest;
    return options;
  }
  const auto* spec = model::FindServer(run.spec, server.id);
  ZW_CHECK(spec != nullptr, "server " + model::ToString(server.id) + " is not declared");
  options.release = run.spec.release;
  options.configuration = ConfigurationOf(run.spec, *spec);
  options.members = core::DeclaredMembers(run.spec);
  options.client_port = spec->client_port;
  options.from_generation = server.origin.digest;
  if (!run.spec.release.signature.empty()) {
    ZW_ASSIGN(options.signature, sys::ReadFile(run.spec.release.signature, kMaxSignatureBytes));
  }
  return options;
}

base::Status PerformAction(Agents& agents,
                           const RunFile& run,
                           const Call& call,
                           const core::Action& action) {
  switch (action.kind) {
    case core::ActionKind::kStage:
      return Stage(agents, run, call, action);
    case core::ActionKind::kBegin:
      return BeginExisting(agents, run, call, action);
    case core::ActionKind::kProceed:
      return agents.Proceed(action.server, call, action.permit_id);
    case core::ActionKind::kCommit:
      return agents.Commit(action.server, call);
    case core::ActionKind::kRollBack:
      return agents.RollBack(action.server, call, action.permit_id);
    case core::ActionKind::kClose:
      return agents.Close(action.server, call);
    case core::ActionKind::kRequestPermit:
      break;
  }
  ZW_CHECK(false, "a permit is requested by the engine");
}

}  // namespace zoowarden::controller
