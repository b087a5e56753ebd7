#include "agent/service/call_audit.h"
#include "agent/service/handlers.h"
#include "rpc/status.h"
#include "zoowarden/v1/releases.grpc.pb.h"

namespace zoowarden::agent {
namespace {

void ToWire(const GenerationUse& use,
            const std::set<std::string>& needed,
            v1::ReleaseGeneration& wire) {
  wire.set_digest(use.digest);
  wire.set_current(use.current);
  wire.set_needed(needed.contains(use.digest));
  if (use.last_ran) {
    wire.set_last_ran(*use.last_ran);
  }
}

void ToWire(const KnownRelease& known,
            const std::set<std::string>& needed,
            v1::InstalledRelease& wire) {
  wire.set_name(known.installed.name);
  wire.set_version(known.installed.version.ToString());
  wire.set_sha512(known.installed.sha512);
  wire.set_bytes(known.installed.bytes);
  wire.set_files(static_cast<std::uint32_t>(known.installed.files));
  wire.set_problem_reason(known.installed.problem_reason);
  wire.set_problem(known.installed.problem);
  for (const GenerationUse& use : known.generations) {
    ToWire(use, needed, *wire.add_generations());
  }
}

class ReleaseHandlers final : public v1::ReleaseService::Service {
 public:
  explicit ReleaseHandlers(AgentCore& core) : core_(core) {}

  grpc::Status ListReleases(grpc::ServerContext* context,
                            const v1::ListReleasesRequest* /*request*/,
                            v1::ReleasesResponse* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    return Reply(core_.release_keeper().List(), reply);
  }

  grpc::Status VerifyReleases(grpc::ServerContext* context,
                              const v1::VerifyReleasesRequest* /*request*/,
                              v1::ReleasesResponse* reply) override {
    const auto place = Enter(core_, *context, CallKind::kVerify);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    return Reply(core_.release_keeper().Verify(), reply);
  }

  grpc::Status RemoveRelease(grpc::ServerContext* context,
                             const v1::RemoveReleaseRequest* request,
                             v1::RemoveReleaseResponse* reply) override {
    CallAudit audit(core_, *context, "ReleaseService/RemoveRelease", request->run());
    audit.SetDetail(request->name());
    if (const auto fenced = CheckFenced(core_, request->run()); !fenced) {
      return audit.Done(fenced);
    }
    if (const auto written = audit.Begin(); !written) {
      return audit.Done(written);
    }
    const auto removed = core_.RemoveRelease(FromWire(request->run()), request->name());
    if (removed) {
      reply->mutable_generations()->Assign(removed->begin(), removed->end());
    }
    return audit.Done(removed);
  }

 private:
  grpc::Status Reply(const base::Result<KnownReleases>& known, v1::ReleasesResponse* reply) {
    if (!known) {
      return rpc::ToGrpcStatus(known.error());
    }
    const auto staged = core_.release_keeper().Staged();
    if (!staged) {
      return rpc::ToGrpcStatus(staged.error());
    }
    const auto needed = core_.NeededGenerations();
    for (const KnownRelease& one : known->releases) {
      ToWire(one, needed, *reply->add_releases());
    }
    for (const StagedArchive& archive : *staged) {
      auto& wire = *reply->add_archives();
      wire.set_sha512(archive.sha512);
      wire.set_bytes(archive.bytes);
    }
    for (const GenerationOfUnknownUse& generation : known->unknown) {
      auto& wire = *reply->add_unknown();
      wire.set_digest(generation.digest);
      wire.set_problem_reason(generation.why.reason());
      wire.set_problem(generation.why.message());
    }
    if (const auto adopted = core_.release_keeper().Adopted()) {
      reply->mutable_adopted()->set_version(adopted->version.ToString());
      ToWire(adopted->use, needed, *reply->mutable_adopted()->mutable_generation());
    }
    return grpc::Status::OK;
  }

  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeReleaseService(AgentCore& core) {
  return std::make_unique<ReleaseHandlers>(core);
}

}  // namespace zoowarden::agent
