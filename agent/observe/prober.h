// Asks this server's own member what it is and how far it has come. Each answer says where it was
// read; what cannot be read in the best way is read in the next best, never guessed.
//
// Thread-safe: calls are serialised. Blocking; every question has a deadline of its own below.
#pragma once

#include "agent/observe/running_config.h"
#include "base/error.h"
#include "model/observation.h"
#include "zk/durable_zxid.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace zoowarden::agent {

// The process to ask, from the process finder.
struct ProbeTarget {
  model::ServerId self;
  model::Process process;
  std::string configuration_file;
};

struct ProbeRequest {
  std::optional<model::Zxid> canary;
  std::chrono::milliseconds deadline{0};  // how long own and durable zxid may take to reach it
  bool check_session = false;
  std::string read_back_path;
};

struct MemberView {
  model::Mode mode = model::Mode::kUnknown;
  model::Broadcast broadcast = model::Broadcast::kUnknown;
  bool quorum_connection = false;
};

class Prober {
 public:
  Prober(std::string data_directory, std::string data_log_directory);

  // What the operation runner needs between two steps.
  [[nodiscard]] MemberView Look(const ProbeTarget& target);

  // Fills everything of `out` that the member and its files tell; leaves what is the agent's own
  // (operation, generations, epoch, process) alone. Returns before the deadline when the member
  // does not serve or the canary has been reached.
  void Observe(const ProbeTarget& target,
               const ProbeRequest& request,
               model::MemberObservation& out);

  struct Canary {
    model::Zxid zxid;
    std::string method;  // "failed_write", "znode"
  };
  // Through this member. kDeadlineExceeded: not committed in time, it may still commit.
  [[nodiscard]] base::Result<Canary> CommitCanary(const ProbeTarget& target,
                                                  const std::string& path,
                                                  std::chrono::milliseconds timeout);

  // What is on disk, with or without a process.
  [[nodiscard]] base::Result<model::Zxid> DurableZxid();

 private:
  // The committed configuration is read once a process and once more after a reconfiguration: a
  // session costs the ensemble two transactions.
  struct KnownMembership {
    model::Process process;
    std::string dynamic_file;
    model::Membership membership;
  };

  void AskMember(const ProbeTarget& target,
                 const RunningConfig& config,
                 model::MemberObservation& out) const;
  void AskBroadcast(const RunningConfig& config, model::MemberObservation& out) const;
  void ReadMembership(const ProbeTarget& target,
                      const RunningConfig& config,
                      model::MemberObservation& out);
  void AwaitCanary(const ProbeTarget& target,
                   const RunningConfig& config,
                   const ProbeRequest& request,
                   model::MemberObservation& out);
  void CheckClients(const RunningConfig& config,
                    const ProbeRequest& request,
                    model::MemberObservation& out) const;
  void ReadDurable(model::MemberObservation& out);

  std::mutex mutex_;
  zk::DurableZxidReader durable_;
  std::optional<KnownMembership> known_membership_;
};

}  // namespace zoowarden::agent
