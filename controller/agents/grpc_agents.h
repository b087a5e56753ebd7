// The real Agents: gRPC to every agent of one ensemble, all at once, each call with a deadline. An
// agent that does not answer costs its own deadline and delays nobody else.
//
// One caller at a time. Answers come on gRPC's own threads and are handed over inside each call;
// nothing runs between calls but keepalive, reconnecting and what KeepLease gave. Errors name the
// server and keep the agent's reason. Which certificate an agent must show is the channel factory's
// matter.
#pragma once

#include "base/error.h"
#include "controller/agents/certificate_calls.h"
#include "controller/agents/step_watch.h"
#include "controller/agents/upload.h"
#include "controller/run/agents.h"
#include "controller/run/release_agents.h"
#include "controller/run/tree_agents.h"
#include "model/ensemble.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Channel;
}  // namespace grpc

namespace zoowarden::controller {

// Makes the channel to one agent: credentials, the expected peer, keepalive.
using ChannelFactory = std::function<std::shared_ptr<grpc::Channel>(const model::ServerSpec&)>;

struct GrpcAgentsOptions {
  std::string ensemble;
  std::vector<model::ServerSpec> servers;
  ChannelFactory channel;
  // Whether an agent with this certificate (PEM) is still believed; asked with each answer, because
  // an open connection outlives the revocation. May be empty.
  std::function<base::Status(const std::string&)> judge;
  // Whether agents may well take the certificate that new connections show; may be empty.
  std::function<bool()> own_is_good;
  std::string ca;  // the file by which agents are believed, for messages
  std::function<void(const UploadProgress&)> on_upload;  // after each chunk; may be empty
  std::function<void(const StepEvent&)> on_step;  // inside Observe, in its thread; may be empty
};

class GrpcAgents final : public Agents,
                         public CertificateCalls,
                         public ReleaseAgents,
                         public TreeAgents {
 public:
  explicit GrpcAgents(GrpcAgentsOptions options);
  ~GrpcAgents() override;

  std::vector<model::MemberObservation> GetStatus(std::chrono::milliseconds deadline) override;
  std::vector<model::MemberObservation> Observe(const ObserveOptions& options) override;
  base::Result<Canary> CommitCanary(model::ServerId server,
                                    const RunIdentity& run,
                                    std::chrono::milliseconds deadline,
                                    const std::string& path) override;

  base::Status Upload(model::ServerId server,
                      const RunIdentity& run,
                      const model::ReleaseSpec& release) override;
  base::Status Begin(model::ServerId server,
                     const Call& call,
                     const BeginOptions& options) override;
  base::Result<Permit> RequestPermit(model::ServerId server, const Call& call) override;
  base::Status Proceed(model::ServerId server,
                       const Call& call,
                       const std::string& permit_id) override;
  base::Status Commit(model::ServerId server, const Call& call) override;
  base::Status RollBack(model::ServerId server,
                        const Call& call,
                        const std::string& permit_id) override;
  base::Status Close(model::ServerId server, const Call& call) override;

  std::vector<Answer<Lease>> GetLeases() override;
  std::vector<Answer<Lease>> Acquire(const RunIdentity& run, bool take_over) override;
  std::vector<Answer<Lease>> Release(const RunIdentity& run) override;

  std::vector<Answer<std::uint64_t>> PutRecord(const RunIdentity& run,
                                               std::uint64_t sequence,
                                               const std::string& state_json,
                                               const std::vector<RunEvent>& events) override;
  std::vector<Answer<std::vector<RunRecord>>> ListRecords() override;
  std::vector<Answer<RunRecord>> GetRecord(const std::string& run_id) override;
  base::Result<std::vector<journal::AuditRow>> GetAudit(model::ServerId server) override;

  std::vector<Answer<CrlInUse>> PutCrl(const std::string& crl_pem) override;
  base::Result<std::string> RequestCertificate(model::ServerId server) override;
  base::Result<std::string> InstallCertificate(model::ServerId server,
                                               const std::string& certificate_pem) override;
  std::vector<Answer<std::vector<InstalledRelease>>> GetReleases(bool verify) override;
  base::Result<std::vector<std::string>> RemoveRelease(model::ServerId server,
                                                       const RunIdentity& run,
                                                       const std::string& name) override;

  // The walk must end before this object does.
  std::unique_ptr<TreeWalk> Walk(model::ServerId server, const WalkRequest& request) override;
  std::vector<Answer<std::vector<model::Znode>>> ReadZnodes(
      const RunIdentity& run,
      const std::set<model::ServerId>& servers,
      model::Zxid at_least,
      const std::vector<std::string>& paths) override;
  std::unique_ptr<LeaseRenewal> KeepLease(const RunIdentity& run) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoowarden::controller
