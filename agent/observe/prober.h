// What this server's own member is and how far it has come: everything a gate may want to know,
// each with its source. What cannot be read in the best way is read in the next best, never
// guessed; no conclusions are drawn. Reads only, except CommitCanary and the session check, which
// commit transactions that change no data.
//
// Thread-safe: calls are serialised, but for canaries, which wait for no observation and hold up
// none. Blocks for at most the request's deadline and one question.
#pragma once

#include "agent/lifecycle/process_finder.h"
#include "agent/observe/member_probe.h"
#include "agent/observe/membership_reader.h"
#include "base/error.h"
#include "model/ids.h"
#include "model/observation.h"
#include "sys/clock.h"
#include "zk/durable_zxid.h"

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace zoowarden::agent {

struct ProberSettings {
  model::ServerId self;
  std::filesystem::path data_directory;
  std::filesystem::path data_log_directory;
  std::filesystem::path proc = "/proc";
};

struct ProbeRequest {
  std::optional<model::Zxid> canary;      // wait until own and durable zxid have reached it
  std::chrono::milliseconds deadline{0};  // for that wait
  bool check_session = false;             // lastZxidSeen = canary; also reads the membership anew
  std::string read_back_path;             // of a znode canary
  bool tree_digests = false;              // what the member logged of its own tree
};

class Prober {
 public:
  struct Canary {
    model::Zxid zxid;
    std::string method;  // "failed_write", "session", "znode"
  };

  // The clock must outlive it.
  Prober(const ProberSettings& settings, sys::Clock& clock);

  // What the operation runner needs between two steps.
  [[nodiscard]] MemberView Look(const FoundProcess& found);

  // Fills what the member and its files tell; the rest of `seen` is left alone. Returns before the
  // deadline when the member does not serve or the canary has been reached.
  void Observe(const FoundProcess& found,
               const ProbeRequest& request,
               model::MemberObservation& seen);
  // What is on the disk of a stopped server.
  void ObserveFiles(model::MemberObservation& seen);

  // Commits one transaction through the local member; `path` empty: the failed write.
  // kDeadlineExceeded: not committed in time, it may still commit.
  [[nodiscard]] base::Result<Canary> CommitCanary(const FoundProcess& found,
                                                  const std::string& path,
                                                  std::chrono::milliseconds deadline);

  // Its plain client port, as it is configured now. kFailedPrecondition `tree.no_client_port`.
  [[nodiscard]] base::Result<zknet::Endpoint> ClientPort(const FoundProcess& found);

 private:
  // Where the member is asked, as it was configured at the last look at this process; else it is
  // looked at.
  [[nodiscard]] base::Result<zknet::Endpoint> CanaryPort(const FoundProcess& found);
  [[nodiscard]] MemberView LookAt(const FoundProcess& found);  // with mutex_ held
  void ReadDurable(model::MemberObservation& seen);
  void WaitForCanary(const ProbeRequest& request, MemberView& view, model::MemberObservation& seen);
  void CheckSession(const ProbeRequest& request, model::MemberObservation& seen) const;
  void ReadTreeDigests(const MemberView& view, model::MemberObservation& seen);
  void ReadBack(const ProbeRequest& request, model::MemberObservation& seen) const;

  std::mutex mutex_;
  sys::Clock* clock_;
  MemberProbe probe_;
  MembershipReader membership_;
  zk::DurableZxidReader durable_;
  std::mutex port_mutex_;
  std::optional<std::pair<model::Process, zknet::Endpoint>> port_;  // guarded by port_mutex_
};

}  // namespace zoowarden::agent
