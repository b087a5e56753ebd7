#include "agent/observe/prober.h"

#include "agent/observe/sockets.h"
#include "zk/admin.h"
#include "zk/committed_config.h"
#include "zk/mntr.h"
#include "zk/srvr.h"
#include "zknet/admin_client.h"
#include "zknet/four_letter.h"
#include "zknet/session.h"
#include "zknet/zoo_client.h"

#include <thread>

namespace zoowarden::agent {
namespace {

using model::Broadcast;
using model::MemberObservation;
using model::Mode;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// A healthy member on its own machine answers within a few milliseconds, a frozen one never.
constexpr milliseconds kAsk{800};
constexpr milliseconds kAskAdmin{500};
constexpr milliseconds kSession{1'000};
constexpr milliseconds kPoll{5};

Mode ToMode(zk::ServerMode mode) {
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

bool Serves(Mode mode) {
  return mode == Mode::kLeader || mode == Mode::kFollower || mode == Mode::kObserver;
}

// A refusing port and the words "not currently serving" are an answer; silence is none.
Mode ModeOfError(const base::Error& error) {
  return error.reason() == "zk.not_serving" || error.reason() == "zk.unreachable"
             ? Mode::kNotServing
             : Mode::kUnknown;
}

void FillStats(model::Version version,
               zk::ServerMode mode,
               model::Zxid zxid,
               const std::string& source,
               MemberObservation& out) {
  out.mode = ToMode(mode);
  out.mode_source = source;
  out.version = version;
  out.version_source = source;
  out.own_zxid = zxid;
}

base::Status AskSrvr(const RunningConfig& config, MemberObservation& out) {
  if (!config.client) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "probe.no_client_port",
                      "the member has no plain client port");
  }
  ZW_ASSIGN(const auto reply, zknet::FourLetter(*config.client, "srvr", kAsk));
  ZW_ASSIGN(const auto srvr, zk::ParseSrvr(reply));
  FillStats(srvr.version, srvr.mode, srvr.zxid, "srvr", out);
  return base::Ok();
}

base::Status AskAdminStats(const RunningConfig& config, MemberObservation& out) {
  if (!config.admin) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "probe.no_admin_server",
                      "the member has no AdminServer");
  }
  ZW_ASSIGN(const auto json, zknet::AdminCommand(*config.admin, "stats", kAskAdmin));
  ZW_ASSIGN(const auto stats, zk::ParseAdminStats(json));
  FillStats(stats.version, stats.mode, stats.zxid, "AdminServer stats", out);
  return base::Ok();
}

// Where neither word nor AdminServer is allowed: a leader listens on its quorum port, a learner is
// connected to one. The version is that of the release on its command line.
void AskSockets(const ProbeTarget& target, const RunningConfig& config, MemberObservation& out) {
  const auto sockets = ReadSockets(target.process.pid);
  if (config.own_quorum_port != 0 && sockets.listening.contains(config.own_quorum_port)) {
    out.mode = Mode::kLeader;
  } else if (HasQuorumConnection(sockets, config.quorum_ports, /*own_quorum_port=*/0)) {
    bool observes = false;
    for (const auto& member : config.membership.members) {
      observes = observes || (member.id == target.self && member.role == model::Role::kObserver);
    }
    out.mode = observes ? Mode::kObserver : Mode::kFollower;
  } else {
    return;
  }
  out.mode_source = "sockets";
  out.version = model::ParseVersion(target.process.release);
  out.version_source = "class path";
}

base::Result<model::Membership> ReadCommitted(const RunningConfig& config) {
  if (!config.client) {
    return base::Fail(base::ErrorCode::kFailedPrecondition, "no plain client port");
  }
  ZW_ASSIGN(auto client, zknet::ZooClient::Connect(*config.client, kSession));
  ZW_ASSIGN(const auto text, client.CommittedConfig(kSession));
  ZW_ASSIGN(const auto committed, zk::ParseCommittedConfig(text));
  model::Membership membership{.source = "committed configuration", .version = committed.version};
  for (const auto& [id, member] : committed.membership.members) {
    model::Member out{
        .id = id, .role = member.role, .weight = static_cast<std::uint32_t>(member.weight)};
    if (!member.addresses.empty()) {
      out.host = member.addresses.front().host;
      out.quorum_port = member.addresses.front().quorum_port;
      out.election_port = member.addresses.front().election_port.value_or(0);
    }
    if (member.group) {
      out.group = static_cast<std::uint32_t>(*member.group);
    }
    membership.members.push_back(std::move(out));
  }
  return membership;
}

bool Reached(const std::optional<model::Zxid>& zxid, model::Zxid canary) {
  return zxid && *zxid >= canary;
}

}  // namespace

Prober::Prober(std::string data_directory, std::string data_log_directory)
    : durable_(std::move(data_directory), std::move(data_log_directory)) {}

MemberView Prober::Look(const ProbeTarget& target) {
  const auto config = ReadRunningConfig(target.configuration_file, target.self);
  if (!config) {
    return {};
  }
  MemberObservation seen;
  AskMember(target, *config, seen);
  if (Serves(seen.mode)) {
    AskBroadcast(*config, seen);
  }
  const auto sockets = ReadSockets(target.process.pid);
  return {.mode = seen.mode,
          .broadcast = seen.broadcast,
          .quorum_connection =
              HasQuorumConnection(sockets, config->quorum_ports, config->own_quorum_port)};
}

void Prober::Observe(const ProbeTarget& target,
                     const ProbeRequest& request,
                     MemberObservation& out) {
  const std::lock_guard lock(mutex_);
  const auto config = ReadRunningConfig(target.configuration_file, target.self);
  if (!config) {
    out.problem = config.error().message();
    return;
  }
  out.client_port = config->client ? config->client->port : 0;
  AskMember(target, *config, out);
  out.quorum_connection = HasQuorumConnection(
      ReadSockets(target.process.pid), config->quorum_ports, config->own_quorum_port);
  ReadDurable(out);
  if (!Serves(out.mode)) {
    out.membership = config->membership;
    return;
  }
  AskBroadcast(*config, out);
  ReadMembership(target, *config, out);
  if (request.canary) {
    AwaitCanary(target, *config, request, out);
    CheckClients(*config, request, out);
  }
}

void Prober::AskMember(const ProbeTarget& target,
                       const RunningConfig& config,
                       MemberObservation& out) const {
  const auto srvr = AskSrvr(config, out);
  if (srvr) {
    return;
  }
  out.mode = ModeOfError(srvr.error());
  out.mode_source = "srvr";
  out.problem = srvr.error().message();
  const bool refused =
      srvr.error().reason() == "zk.word_refused" || srvr.error().reason() == "probe.no_client_port";
  if (!refused) {
    return;
  }
  if (AskAdminStats(config, out)) {
    out.problem.clear();
    return;
  }
  AskSockets(target, config, out);
}

void Prober::AskBroadcast(const RunningConfig& config, MemberObservation& out) const {
  if (config.mntr_allowed) {
    const auto reply = zknet::FourLetter(*config.client, "mntr", kAsk);
    const auto mntr =
        reply ? zk::ParseMntr(*reply) : base::Result<zk::MntrReply>(base::Fail(reply.error()));
    if (mntr && mntr->peer_state) {
      out.broadcast = zk::IsBroadcasting(*mntr->peer_state) ? Broadcast::kYes : Broadcast::kNo;
      out.broadcast_source = "zk_peer_state " + *mntr->peer_state;
      return;
    }
  }
  if (!config.admin) {
    return;
  }
  const auto json = zknet::AdminCommand(*config.admin, "zabstate", kAskAdmin);
  const auto state =
      json ? zk::ParseZabState(*json) : base::Result<zk::ZabState>(base::Fail(json.error()));
  if (state) {
    out.broadcast = state->Broadcasting() ? Broadcast::kYes : Broadcast::kNo;
    out.broadcast_source = "zabstate " + state->state;
  }
}

void Prober::ReadMembership(const ProbeTarget& target,
                            const RunningConfig& config,
                            MemberObservation& out) {
  const bool known = known_membership_ && known_membership_->process == target.process &&
                     known_membership_->dynamic_file == config.dynamic_file;
  if (!known) {
    const auto committed = ReadCommitted(config);
    if (!committed) {
      out.membership = config.membership;
      return;
    }
    known_membership_ = KnownMembership{
        .process = target.process, .dynamic_file = config.dynamic_file, .membership = *committed};
  }
  out.membership = known_membership_->membership;
}

void Prober::AwaitCanary(const ProbeTarget& target,
                         const RunningConfig& config,
                         const ProbeRequest& request,
                         MemberObservation& out) {
  const auto deadline = Steady::now() + request.deadline;
  while (!Reached(out.own_zxid, *request.canary) || !Reached(out.durable_zxid, *request.canary)) {
    if (Steady::now() >= deadline) {
      return;
    }
    std::this_thread::sleep_for(kPoll);
    if (!Reached(out.own_zxid, *request.canary)) {
      AskMember(target, config, out);
    }
    ReadDurable(out);
    if (!Serves(out.mode) || out.mode_source == "sockets") {
      return;
    }
  }
}

void Prober::CheckClients(const RunningConfig& config,
                          const ProbeRequest& request,
                          MemberObservation& out) const {
  if (!config.client || !Serves(out.mode)) {
    return;
  }
  const bool only_proof = !out.own_zxid;  // no word and no AdminServer told it
  if (request.check_session || only_proof) {
    const auto accepted = zknet::AcceptsSessionAt(*config.client, *request.canary, kSession);
    out.session_accepted = accepted && *accepted;
    if (only_proof && *out.session_accepted) {
      out.own_zxid = *request.canary;
    }
  }
  if (request.read_back_path.empty()) {
    return;
  }
  auto client = zknet::ZooClient::Connect(*config.client, kSession);
  if (!client) {
    out.read_back = false;
    return;
  }
  const auto read = client->Read(request.read_back_path, kSession);
  out.read_back = read && read->modified >= *request.canary;
}

void Prober::ReadDurable(MemberObservation& out) {
  const auto durable = durable_.Read();
  if (!durable) {
    out.durable_source = durable.error().message();
    return;
  }
  if (durable->found) {
    out.durable_zxid = durable->zxid;
  }
  out.durable_source = durable->evidence;
}

base::Result<Prober::Canary> Prober::CommitCanary(const ProbeTarget& target,
                                                  const std::string& path,
                                                  milliseconds timeout) {
  ZW_ASSIGN(const auto config, ReadRunningConfig(target.configuration_file, target.self));
  if (!config.client) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "probe.no_client_port",
                      "the member has no plain client port to commit a canary through");
  }
  if (path.empty()) {
    ZW_ASSIGN(const auto canary, zknet::CommitCanary(*config.client, timeout));
    return Canary{.zxid = canary.zxid, .method = "failed_write"};
  }
  ZW_ASSIGN(auto client, zknet::ZooClient::Connect(*config.client, timeout));
  ZW_ASSIGN(const auto zxid, client.WriteCanary(path, "zoowarden", timeout));
  return Canary{.zxid = zxid, .method = "znode"};
}

base::Result<model::Zxid> Prober::DurableZxid() {
  const std::lock_guard lock(mutex_);
  ZW_ASSIGN(const auto durable, durable_.Read());
  return durable.zxid;
}

}  // namespace zoowarden::agent
