// What each incident does when it begins and when it is over.
#include "tests/sim/drill.h"

#include <algorithm>
#include <utility>

namespace zoowarden::sim {

using std::chrono::milliseconds;

void Drill::Begin(const Incident& incident) {
  switch (incident.kind) {
    case IncidentKind::kControllerKilled:
      if (std::exchange(controller_runs_, false)) {
        throw ControllerKilled{};
      }
      return;
    case IncidentKind::kControllerFrozen:
    case IncidentKind::kTakenOver:
      FreezeController(incident);
      return;
    case IncidentKind::kInterrupted:
      stop_requested_ = controller_runs_;
      return;
    case IncidentKind::kChecksVeto:
      checks_pass_ = false;
      return;
    case IncidentKind::kHooksVeto:
      hooks_pass_ = false;
      return;
    case IncidentKind::kEdited:
      if (!roll_.repairs) {  // else that comes first
        Edit();
      }
      return;
    default:
      BeginAtServer(incident);
  }
}

void Drill::FreezeController(const Incident& incident) {
  if (!std::exchange(controller_runs_, false)) {
    return;
  }
  const auto thaws = roll_.world.now() + incident.lasts;
  const bool stop = std::exchange(stop_requested_, false);
  auto writes = std::exchange(roll_.agents.on_write_tick, [] {});
  if (incident.kind == IncidentKind::kTakenOver) {
    // One in three takes it over to abort it.
    const bool before = std::exchange(aborting_, incident.after % 3 == 0);
    static_cast<void>(LiveOnce([this] { return Live(/*take_over=*/true); }));
    aborting_ = before;
  }
  if (const auto now = roll_.world.now(); now < thaws) {
    roll_.agents.Pass(thaws - now);
  }
  roll_.agents.on_write_tick = std::move(writes);
  stop_requested_ = stop;
  controller_runs_ = true;
}

void Drill::BeginAtServer(const Incident& incident) {
  const auto id = incident.server;
  auto& world = roll_.world;
  switch (incident.kind) {
    case IncidentKind::kMachineCrashed:
      roll_.agents.agent(id).Kill();
      world.Kill(id);
      return;
    case IncidentKind::kMemberKilled:
      world.Kill(id);
      return;
    case IncidentKind::kMemberWiped:
      world.Wipe(id);
      return;
    case IncidentKind::kMemberRestarted:
      if (world.server(id).process) {
        world.Kill(id);
        world.Start(id);
      }
      return;
    case IncidentKind::kMemberFrozen:
      world.Freeze(id, true);
      return;
    case IncidentKind::kMemberCutOff:
      world.CutOff(id, true);
      return;
    case IncidentKind::kLeadershipLost:
      world.LoseLeader();
      return;
    case IncidentKind::kLogSlow:
      world.server(id).log_lag = incident.lasts;
      return;
    default:
      BeginAtAgent(incident);
  }
}

void Drill::BeginAtAgent(const Incident& incident) {
  auto& agent = roll_.agents.agent(incident.server);
  auto& link = roll_.agents.links[incident.server];
  switch (incident.kind) {
    case IncidentKind::kAgentCutOff:
      agent.reachable = false;
      return;
    case IncidentKind::kAnswersLost:
      link.loses_answers = true;
      return;
    case IncidentKind::kSlowLink:
      link.delay = std::min(incident.lasts / 4, milliseconds(2'500));
      return;
    case IncidentKind::kCallsRepeated:
      link.echo = std::max(incident.lasts / 2, milliseconds(10));
      return;
    case IncidentKind::kAgentKilled:
      agent.Kill();
      return;
    case IncidentKind::kAgentDiesActing:
      agent.host().fuse.left = incident.after;
      agent.journal().on_save = [&host = agent.host()] { host.BurnFuse(); };
      agent.journal().on_saved = agent.journal().on_save;
      return;
    case IncidentKind::kAgentFrozen:
      agent.frozen = true;
      return;
    case IncidentKind::kAgentDiskFull:
      agent.journal().failing_saves = 1'000'000;
      agent.journal().failing_fences = true;
      return;
    default:
      refuse_records_.insert(incident.server);
  }
}

// Two of a kind that overlap end together.
void Drill::End(const Incident& incident) {
  auto& world = roll_.world;
  auto& server = world.server(incident.server);
  switch (incident.kind) {
    case IncidentKind::kMachineCrashed:
    case IncidentKind::kMemberKilled:
    case IncidentKind::kMemberWiped:
      if (!server.process) {
        world.Start(incident.server);
      }
      roll_.agents.agent(incident.server).Start();
      return;
    case IncidentKind::kMemberFrozen:
      world.Freeze(incident.server, false);
      return;
    case IncidentKind::kMemberCutOff:
      world.CutOff(incident.server, false);
      return;
    case IncidentKind::kLogSlow:
      server.log_lag = Time(0);
      return;
    case IncidentKind::kChecksVeto:
      checks_pass_ = true;
      return;
    case IncidentKind::kHooksVeto:
      hooks_pass_ = true;
      return;
    default:
      EndAtAgent(incident);
  }
}

void Drill::EndAtAgent(const Incident& incident) {
  auto& agent = roll_.agents.agent(incident.server);
  switch (incident.kind) {
    case IncidentKind::kAgentCutOff:
      agent.reachable = true;
      return;
    case IncidentKind::kAnswersLost:
    case IncidentKind::kSlowLink:
    case IncidentKind::kCallsRepeated:
      roll_.agents.links[incident.server] = Link{};
      return;
    case IncidentKind::kAgentKilled:
    case IncidentKind::kAgentDiesActing:
      agent.host().fuse = {};
      agent.journal().on_save = nullptr;
      agent.journal().on_saved = nullptr;
      agent.Start();
      return;
    case IncidentKind::kAgentFrozen:
      agent.frozen = false;
      return;
    case IncidentKind::kAgentDiskFull:
      agent.journal().failing_saves = 0;
      agent.journal().failing_fences = false;
      return;
    case IncidentKind::kRecordsRefused:
      refuse_records_.erase(incident.server);
      return;
    default:
      return;
  }
}

}  // namespace zoowarden::sim
