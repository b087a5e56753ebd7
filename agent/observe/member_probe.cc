#include "agent/observe/member_probe.h"

#include "agent/observe/sockets.h"
#include "zk/admin.h"
#include "zk/mntr.h"
#include "zk/srvr.h"
#include "zknet/admin_client.h"
#include "zknet/four_letter.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

using model::Broadcast;
using model::Mode;
using std::chrono::milliseconds;

constexpr model::Version kWithPeerState{3, 6, 0};
constexpr const char* kSockets = "sockets";

Mode ModeOf(zk::ServerMode mode) {
  switch (mode) {
    case zk::ServerMode::kLeader:
      return Mode::kLeader;
    case zk::ServerMode::kFollower:
      return Mode::kFollower;
    case zk::ServerMode::kObserver:
      return Mode::kObserver;
    case zk::ServerMode::kStandalone:
      return Mode::kStandalone;
    case zk::ServerMode::kReadOnly:
      return Mode::kReadOnly;
  }
  return Mode::kUnknown;
}

std::uint32_t Bounded(std::uint64_t count) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, UINT32_MAX));
}

void Note(MemberView& view, const std::string& what) {
  view.note += (view.note.empty() ? "" : "; ") + what;
}

base::Result<zk::SrvrReply> Srvr(const zknet::Endpoint& client, milliseconds budget) {
  ZW_ASSIGN(const std::string reply, zknet::FourLetter(client, "srvr", budget));
  return zk::ParseSrvr(reply);
}

base::Result<zk::AdminStats> AdminStats(const zknet::Endpoint& admin, milliseconds budget) {
  ZW_ASSIGN(const std::string reply, zknet::AdminCommand(admin, "stats", budget));
  return zk::ParseAdminStats(reply);
}

base::Result<zk::ZabState> ZabStateOf(const zknet::Endpoint& admin, milliseconds budget) {
  ZW_ASSIGN(const std::string reply, zknet::AdminCommand(admin, "zabstate", budget));
  return zk::ParseZabState(reply);
}

base::Result<zk::MntrReply> Mntr(const zknet::Endpoint& client, milliseconds budget) {
  ZW_ASSIGN(const std::string reply, zknet::FourLetter(client, "mntr", budget));
  return zk::ParseMntr(reply);
}

base::Result<zk::AdminConfiguration> AdminConfig(const zknet::Endpoint& admin,
                                                 milliseconds budget) {
  ZW_ASSIGN(const std::string reply, zknet::AdminCommand(admin, "configuration", budget));
  return zk::ParseAdminConfiguration(reply);
}

}  // namespace

MemberView MemberProbe::Look(const FoundProcess& found, milliseconds budget) {
  MemberView view;
  const bool config_is_read = LoadConfig(found, view);
  if (config_) {
    LookAgain(view, budget);
    if (view.mode == Mode::kNotServing) {
      // The first answer of a young JVM's AdminServer takes long: asked for while it joins.
      static_cast<void>(AdminIsOurs(budget));
    }
    AskBroadcast(view, budget);
  }
  AskSockets(found, view);
  view.looked = view.looked && config_is_read;
  if (!view.version) {
    view.version = VersionOnClassPath(found.command_line);
    view.version_source = "class path";
  }
  return view;
}

void MemberProbe::LookAgain(MemberView& view, milliseconds budget) {
  if (!config_ || view.mode_source == kSockets) {
    return;
  }
  if (config_->client) {
    AskSrvr(view, budget);
  }
  // Only where the word is not offered: who is silent on one port would be waited for on the other.
  const bool srvr_answers = config_->client && !view.srvr_refused;
  if (!srvr_answers && AdminIsOurs(budget)) {
    AskAdminStats(view, budget);
  }
}

// ZooKeeper rewrites its files while it runs (reconfiguration), so the texts are compared each
// time; they are small.
bool MemberProbe::LoadConfig(const FoundProcess& found, MemberView& view) {
  auto texts = ReadConfigTexts(proc_, found);
  if (!(found.process == config_of_)) {
    config_of_ = found.process;
    config_.reset();
    admin_is_ours_.reset();
  }
  if (!texts) {
    Note(view, texts.error().message());  // what was read before is asked where it says
    return false;
  }
  if (config_ && texts->zoo_cfg == texts_.zoo_cfg && texts->dynamic == texts_.dynamic) {
    return true;
  }
  auto config = InterpretConfig(*texts, found.command_line, self_);
  if (!config) {
    Note(view, config.error().message());
    return false;
  }
  texts_ = *std::move(texts);
  config_ = *std::move(config);
  return true;
}

void MemberProbe::AskSrvr(MemberView& view, milliseconds budget) {
  const auto reply = Srvr(*config_->client, budget);
  view.own_zxid.reset();
  view.connections.reset();
  view.mode = Mode::kUnknown;
  view.srvr_refused = false;
  if (reply) {
    view.mode = ModeOf(reply->mode);
    view.own_zxid = reply->zxid;
    view.connections = Bounded(reply->connections);
    view.version = reply->version;
    view.version_source = view.mode_source = "srvr";
    return;
  }
  // A refusing port and the words "not currently serving" are answers; silence is none.
  if (reply.error().reason() == "zk.not_serving" || reply.error().reason() == "zk.unreachable") {
    view.mode = Mode::kNotServing;
    view.mode_source = "srvr";
  }
  view.srvr_refused = reply.error().reason() == "zk.word_refused";
  view.note = reply.error().message();
}

void MemberProbe::AskAdminStats(MemberView& view, milliseconds budget) {
  const auto stats = AdminStats(*config_->admin, budget);
  if (stats) {
    view.mode = ModeOf(stats->mode);
    view.own_zxid = stats->zxid;
    view.connections =
        stats->connections ? std::optional(Bounded(*stats->connections)) : std::nullopt;
    view.version = stats->version;
    view.version_source = view.mode_source = "AdminServer stats";
  } else if (stats.error().reason() == "zk.not_serving") {
    view.mode = Mode::kNotServing;
    view.mode_source = "AdminServer stats";
  } else {
    Note(view, stats.error().message());
  }
}

void MemberProbe::AskBroadcast(MemberView& view, milliseconds budget) {
  if (!view.Serves() || view.mode == Mode::kStandalone) {
    return;
  }
  if (config_->client && config_->mntr_allowed && view.version >= kWithPeerState) {
    const auto mntr = Mntr(*config_->client, budget);
    if (mntr && mntr->peer_state) {
      view.broadcast = zk::IsBroadcasting(*mntr->peer_state) ? Broadcast::kYes : Broadcast::kNo;
      view.broadcast_source = "mntr zk_peer_state";
      return;
    }
  }
  if (!AdminIsOurs(budget)) {
    return;
  }
  const auto state = ZabStateOf(*config_->admin, budget);
  if (state && (!state->my_id || *state->my_id == self_)) {
    view.broadcast = state->Broadcasting() ? Broadcast::kYes : Broadcast::kNo;
    view.broadcast_source = "AdminServer zabstate";
  }
}

void MemberProbe::AskSockets(const FoundProcess& found, MemberView& view) const {
  if (!config_) {
    return;
  }
  // Whoever serves in a quorum has a connection; looking at thousands of sockets would tell no
  // more.
  if (view.Serves()) {
    view.looked = true;
    view.quorum_connection = view.mode != Mode::kStandalone;
    return;
  }
  const QuorumSockets sockets =
      LookAtSockets(proc_, found.process.pid, config_->own_quorum_port, config_->quorum_ports);
  view.quorum_connection = sockets.connected_to_leader || sockets.has_learners;
  // "Not serving" is no word about the quorum: a learner that synchronises says it too.
  view.looked = sockets.readable;
  if (!sockets.readable) {
    Note(view, "its sockets cannot be read");
  }
  // Silence of one that could be asked stays unknown; sockets of a frozen process look healthy.
  const bool cannot_be_asked = !config_->client || view.srvr_refused;
  if (view.mode != Mode::kUnknown || !cannot_be_asked || !sockets.readable) {
    return;
  }
  if (sockets.listens_for_learners) {
    view.mode = Mode::kLeader;
  } else if (sockets.connected_to_leader) {
    const auto& members = config_->membership.members;
    const bool observer = std::any_of(members.begin(), members.end(), [this](const auto& member) {
      return member.id == self_ && member.role == model::Role::kObserver;
    });
    view.mode = observer ? Mode::kObserver : Mode::kFollower;
  }
  view.mode_source = kSockets;
}

bool MemberProbe::AdminIsOurs(milliseconds budget) {
  if (!config_ || !config_->admin) {
    return false;
  }
  if (!admin_is_ours_) {
    const auto answer = AdminConfig(*config_->admin, budget);
    // Not reachable yet is no verdict: Jetty starts before or after the quorum.
    if (answer) {
      admin_is_ours_ = answer->server_id == self_ &&
                       (!config_->client || answer->client_port == config_->client->port ||
                        answer->client_port == 0);
    }
  }
  return admin_is_ours_.value_or(false);
}

}  // namespace zoowarden::agent
