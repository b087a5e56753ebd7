#include "agent/observe/prober.h"

#include "zk/admin.h"
#include "zknet/admin_client.h"
#include "zknet/session.h"
#include "zknet/zoo_client.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;
using model::MemberObservation;
using std::chrono::milliseconds;

// A healthy member answers in a millisecond, a stopping or frozen one never.
constexpr milliseconds kQuestion{800};
constexpr milliseconds kShortestPause{1};
constexpr milliseconds kLongestPause{20};
constexpr model::Version kWithTreeDigests{3, 6, 0};
// Of what is logged every 128 transactions; only the newest can be compared.
constexpr std::ptrdiff_t kToldDigests = 64;

void Note(MemberObservation& seen, const std::string& what) {
  if (!what.empty()) {
    seen.problem += (seen.problem.empty() ? "" : "; ") + what;
  }
}

void Copy(const MemberView& view, MemberObservation& seen) {
  seen.mode = view.mode;
  seen.mode_source = view.mode_source;
  seen.broadcast = view.broadcast;
  seen.broadcast_source = view.broadcast_source;
  seen.version = view.version;
  seen.version_source = view.version_source;
  seen.own_zxid = view.own_zxid;
  seen.connections = view.connections;
  seen.member_looked = view.looked;
  seen.quorum_connection = view.quorum_connection;
}

bool Reached(const std::optional<model::Zxid>& zxid, const std::optional<model::Zxid>& canary) {
  return !canary || (zxid && *zxid >= *canary);
}

}  // namespace

Prober::Prober(const ProberSettings& settings, sys::Clock& clock)
    : clock_(&clock),
      probe_(settings.self, settings.proc),
      membership_(clock),
      durable_(settings.data_directory.string(),
               (settings.data_log_directory.empty() ? settings.data_directory
                                                    : settings.data_log_directory)
                   .string()) {}

MemberView Prober::LookAt(const FoundProcess& found) {
  MemberView view = probe_.Look(found, kQuestion);
  const auto* config = probe_.config();
  const std::lock_guard lock(port_mutex_);
  port_.reset();
  if (config != nullptr && config->client) {
    port_.emplace(found.process, *config->client);
  }
  return view;
}

MemberView Prober::Look(const FoundProcess& found) {
  const std::lock_guard lock(mutex_);
  return LookAt(found);
}

void Prober::ObserveFiles(MemberObservation& seen) {
  const std::lock_guard lock(mutex_);
  ReadDurable(seen);
}

void Prober::Observe(const FoundProcess& found,
                     const ProbeRequest& request,
                     MemberObservation& seen) {
  const std::lock_guard lock(mutex_);
  MemberView view = LookAt(found);
  ReadDurable(seen);
  if (view.Serves() && request.canary) {
    WaitForCanary(request, view, seen);
  }
  Copy(view, seen);
  Note(seen, view.note);
  const RunningConfig* config = probe_.config();
  if (config == nullptr) {
    return;
  }
  seen.client_port = config->client ? config->client->port : std::uint16_t{0};
  if (!view.Serves()) {
    seen.membership = config->membership;
    return;
  }
  seen.membership = membership_.Read(found.process, probe_, view, request.check_session);
  CheckSession(request, seen);
  ReadBack(request, seen);
  if (request.tree_digests) {
    ReadTreeDigests(view, seen);
  }
}

void Prober::ReadDurable(MemberObservation& seen) {
  const auto durable = durable_.Read();
  if (!durable) {
    seen.durable_zxid.reset();
    seen.durable_source = durable.error().message();
    return;
  }
  seen.durable_source = durable->evidence;
  seen.durable_zxid = durable->found ? std::optional(durable->zxid) : std::nullopt;
}

// A busy member may be some milliseconds behind, in what it has applied and in what it has logged.
void Prober::WaitForCanary(const ProbeRequest& request, MemberView& view, MemberObservation& seen) {
  const auto end = clock_->BootTime() + request.deadline;
  milliseconds pause = kShortestPause;
  // Without a readable zxid the session check alone can tell; waiting for it would be in vain.
  while (view.Serves() && ((view.own_zxid && !Reached(view.own_zxid, request.canary)) ||
                           !Reached(seen.durable_zxid, request.canary))) {
    const auto left = end - clock_->BootTime();
    if (left <= pause) {
      return;
    }
    clock_->SleepFor(pause);
    pause = std::min(pause * 2, kLongestPause);
    probe_.LookAgain(view, std::min(kQuestion, left));
    ReadDurable(seen);
  }
}

void Prober::CheckSession(const ProbeRequest& request, MemberObservation& seen) const {
  // Where no zxid can be read, the session is the only proof.
  const bool wanted = request.check_session || !seen.own_zxid;
  if (!wanted || !request.canary || !probe_.config()->client) {
    return;
  }
  const auto accepted =
      zknet::AcceptsSessionAt(*probe_.config()->client, *request.canary, kQuestion);
  if (accepted) {
    seen.session_accepted = *accepted;
  } else {
    Note(seen, accepted.error().message());
  }
}

void Prober::ReadTreeDigests(const MemberView& view, MemberObservation& seen) {
  if (view.version < kWithTreeDigests || !probe_.AdminIsOurs(kQuestion)) {
    return;
  }
  const auto reply = zknet::AdminCommand(*probe_.config()->admin, "hash", kQuestion);
  auto digests = reply ? zk::ParseTreeDigests(*reply) : tl::unexpected(reply.error());
  if (!digests) {
    Note(seen, digests.error().message());
    return;
  }
  if (std::ssize(*digests) > kToldDigests) {
    digests->erase(digests->begin(), digests->end() - kToldDigests);
  }
  seen.tree_digests_read = true;
  seen.tree_digests = *std::move(digests);
}

void Prober::ReadBack(const ProbeRequest& request, MemberObservation& seen) const {
  if (request.read_back_path.empty() || !request.canary || !probe_.config()->client) {
    return;
  }
  auto session = zknet::ZooClient::Connect(*probe_.config()->client, kQuestion);
  const auto read =
      session ? session->Read(request.read_back_path, kQuestion) : tl::unexpected(session.error());
  seen.read_back = read && read->modified >= *request.canary;
  if (!read) {
    Note(seen, read.error().message());
  }
}

base::Result<zknet::Endpoint> Prober::ClientPort(const FoundProcess& found) {
  const std::lock_guard lock(mutex_);
  const MemberView view = LookAt(found);
  if (probe_.config() == nullptr || !probe_.config()->client) {
    return Fail(ErrorCode::kFailedPrecondition,
                "tree.no_client_port",
                "this member offers no plain client port" +
                    (view.note.empty() ? std::string() : ": " + view.note) +
                    ", through which its data could be read; set clientPort in its zoo.cfg");
  }
  return *probe_.config()->client;
}

base::Result<zknet::Endpoint> Prober::CanaryPort(const FoundProcess& found) {
  {
    const std::lock_guard lock(port_mutex_);
    if (port_ && port_->first == found.process) {
      return port_->second;
    }
  }
  const std::lock_guard lock(mutex_);
  const MemberView view = LookAt(found);
  if (probe_.config() == nullptr || !probe_.config()->client) {
    return Fail(ErrorCode::kFailedPrecondition,
                "canary.no_client_port",
                "this member offers no plain client port" +
                    (view.note.empty() ? std::string() : ": " + view.note) +
                    "; set clientPort in its zoo.cfg");
  }
  return *probe_.config()->client;
}

base::Result<Prober::Canary> Prober::CommitCanary(const FoundProcess& found,
                                                  const std::string& path,
                                                  milliseconds deadline) {
  ZW_ASSIGN(const zknet::Endpoint client, CanaryPort(found));
  if (path.empty()) {
    ZW_ASSIGN(const zknet::Canary canary, zknet::CommitCanary(client, deadline));
    const bool session = canary.evidence.starts_with("session");
    return Canary{.zxid = canary.zxid, .method = session ? "session" : "failed_write"};
  }
  ZW_ASSIGN(auto session, zknet::ZooClient::Connect(client, deadline));
  ZW_ASSIGN(const model::Zxid zxid,
            session.WriteCanary(path, std::to_string(clock_->WallTime().count()), deadline));
  return Canary{.zxid = zxid, .method = "znode"};
}

}  // namespace zoowarden::agent
