#include "controller/run/settle.h"

#include "base/check.h"
#include "core/plan.h"

#include <algorithm>

namespace zoowarden::controller {
namespace {

using base::ErrorCode;
using base::Fail;
using core::SettleVerb;
using model::OperationState;

std::string Name(model::ServerId id) { return "server " + model::ToString(id); }

const model::MemberObservation& SeenOf(const SettleInput& input, model::ServerId id) {
  const auto found = std::find_if(
      input.seen.begin(), input.seen.end(), [id](const auto& seen) { return seen.id == id; });
  ZW_CHECK(found != input.seen.end(), Name(id) + " was not observed");
  return *found;
}

// A generation is named by its digest everywhere; what else is known of it is in the record of the
// run that began the operation, or on the server where it is current.
model::Generation GenerationNamed(const std::string& digest,
                                  const model::MemberObservation& seen,
                                  const core::ServerRun* begun) {
  if (seen.current && seen.current->digest == digest) {
    return *seen.current;
  }
  if (begun != nullptr && begun->target.digest == digest) {
    return begun->target;
  }
  if (begun != nullptr && begun->origin.digest == digest) {
    return begun->origin;
  }
  return {.digest = digest};
}

const core::ServerRun* BegunFor(const SettleInput& input, model::ServerId id) {
  if (input.begun_by == nullptr) {
    return nullptr;
  }
  const auto& servers = input.begun_by->state.servers;
  const auto found =
      std::find_if(servers.begin(), servers.end(), [id](const auto& one) { return one.id == id; });
  return found == servers.end() ? nullptr : &*found;
}

core::ServerRun ServerRunOf(const SettleInput& input, const model::MemberObservation& seen) {
  const auto* begun = BegunFor(input, seen.id);
  if (seen.id == input.server) {
    return {.id = seen.id,
            .origin = GenerationNamed(seen.operation.from_generation, seen, begun),
            .target = GenerationNamed(seen.operation.to_generation, seen, begun)};
  }
  if (begun != nullptr) {
    return {.id = seen.id, .origin = begun->origin, .target = begun->target};
  }
  const auto current = seen.current.value_or(model::Generation{});
  return {.id = seen.id, .origin = current, .target = current};
}

}  // namespace

base::Status CheckWaits(const model::MemberObservation& seen, SettleVerb verb) {
  if (!seen.answered) {
    return Fail(ErrorCode::kUnavailable,
                "agent.silent",
                "the agent of " + Name(seen.id) + " does not answer" +
                    (seen.problem.empty() ? "" : ": " + seen.problem) +
                    "; start it, it tells what it waits for");
  }
  const auto& operation = seen.operation;
  const auto state = std::string(model::OperationStateName(operation.state));
  if (operation.state != OperationState::kUnconfirmed &&
      operation.state != OperationState::kNeedsOperator) {
    return Fail(ErrorCode::kFailedPrecondition,
                "settle.not_waiting",
                "the operation of " + Name(seen.id) + " is " + state +
                    " and waits for nobody; look at `zoowarden status`" +
                    (model::IsInFlight(operation.state)
                         ? ", and go on with its run by `zoowarden resume " + operation.run_id + "`"
                         : ""));
  }
  if (verb == SettleVerb::kClose && operation.state == OperationState::kUnconfirmed) {
    return Fail(ErrorCode::kFailedPrecondition,
                "settle.wrong_verb",
                "operation " + operation.operation_id + " of " + Name(seen.id) +
                    " is unconfirmed, and forgetting it would leave a generation that nobody has "
                    "judged; confirm it or roll it back");
  }
  return base::Ok();
}

base::Result<RunFile> MakeSettleRun(const SettleInput& input, const NewRun& run) {
  const auto& seen = SeenOf(input, input.server);
  RunFile file{
      .kind = run.kind, .created_ms = run.created_ms, .holder = run.holder, .spec = input.spec};
  auto& state = file.state;
  state.run_id = run.run_id;
  state.ensemble = input.spec.name;
  state.members = core::DeclaredMembers(input.spec);
  for (const auto& server : input.spec.servers) {
    state.servers.push_back(ServerRunOf(input, SeenOf(input, server.id)));
  }
  state.policy = input.spec.policy;
  state.has_checks = !input.spec.checks.empty();
  state.allow_outage = input.allow_outage;
  state.phase = core::RunPhase::kSettling;
  state.goal = input.verb == SettleVerb::kRollBack ? core::RunGoal::kBack : core::RunGoal::kForward;
  state.attempt = input.server;
  state.settlement = core::Settlement{
      .verb = input.verb, .server = input.server, .operation_id = seen.operation.operation_id};
  const auto& target = core::ServerOf(state, input.server).target;
  if (input.verb == SettleVerb::kRetry && target.digest.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "settle.wrong_verb",
                "the operation of " + Name(seen.id) +
                    " removes it, and there is nothing to start; confirm it or roll it back");
  }
  if (input.verb == SettleVerb::kRetry && target.release_sha512.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "settle.unknown_generation",
                "no record of run " + seen.operation.run_id + " says what generation " +
                    target.digest + " of " + Name(seen.id) +
                    " is, so nothing could judge it after its start; take the server back with "
                    "`zoowarden server rollback " +
                    model::ToString(seen.id) + "`");
  }
  return file;
}

}  // namespace zoowarden::controller
