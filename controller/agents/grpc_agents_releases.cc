// The calls about releases that lie on the servers.
#include "controller/agents/grpc_agents_impl.h"

namespace zoowarden::controller {

namespace {

constexpr milliseconds kListDeadline{10'000};
// Reads every file of every release; removing waits for a step that is under way.
constexpr milliseconds kLongDeadline{120'000};

constexpr std::size_t kShortDigits = 8;

ReleaseGeneration GenerationOf(const v1::ReleaseGeneration& wire) {
  return {.digest = wire.digest(),
          .current = wire.current(),
          .needed = wire.needed(),
          .last_ran = wire.has_last_ran() ? std::optional(wire.last_ran()) : std::nullopt};
}

// An agent from before names none of them.
void AddOthers(const v1::ReleasesResponse& wire, std::vector<InstalledRelease>& releases) {
  for (const auto& archive : wire.archives()) {
    releases.push_back({.kind = ReleaseKind::kArchive,
                        .name = "archive-" + archive.sha512().substr(0, kShortDigits),
                        .sha512 = archive.sha512(),
                        .bytes = archive.bytes()});
  }
  if (wire.has_adopted()) {
    releases.push_back({.kind = ReleaseKind::kAdopted,
                        .name = wire.adopted().version() + " (adopted)",
                        .version = wire.adopted().version(),
                        .generations = {GenerationOf(wire.adopted().generation())}});
  }
  for (const auto& unknown : wire.unknown()) {
    releases.push_back({.kind = ReleaseKind::kUnknown,
                        .name = "generation-" + unknown.digest(),
                        .problem_reason = unknown.problem_reason(),
                        .problem = unknown.problem()});
  }
}

base::Result<std::vector<InstalledRelease>> ReleasesOf(const v1::ReleasesResponse& wire,
                                                       model::ServerId /*server*/) {
  std::vector<InstalledRelease> releases;
  for (const auto& one : wire.releases()) {
    auto& release = releases.emplace_back(InstalledRelease{.kind = ReleaseKind::kUnpacked,
                                                           .name = one.name(),
                                                           .version = one.version(),
                                                           .sha512 = one.sha512(),
                                                           .bytes = one.bytes(),
                                                           .files = one.files(),
                                                           .problem_reason = one.problem_reason(),
                                                           .problem = one.problem()});
    for (const auto& generation : one.generations()) {
      release.generations.push_back(GenerationOf(generation));
    }
  }
  AddOthers(wire, releases);
  return releases;
}

}  // namespace

std::vector<Answer<std::vector<InstalledRelease>>> GrpcAgents::GetReleases(bool verify) {
  const auto all = impl_->All();
  auto responses = verify ? AskAll<ReleaseAsync, v1::VerifyReleasesRequest, v1::ReleasesResponse>(
                                all, &ReleaseAsync::VerifyReleases, {}, kLongDeadline)
                          : AskAll<ReleaseAsync, v1::ListReleasesRequest, v1::ReleasesResponse>(
                                all, &ReleaseAsync::ListReleases, {}, kListDeadline);
  return Answers<std::vector<InstalledRelease>>(all, std::move(responses), ReleasesOf);
}

base::Result<std::vector<std::string>> GrpcAgents::RemoveRelease(model::ServerId server,
                                                                 const RunIdentity& run,
                                                                 const std::string& name) {
  v1::RemoveReleaseRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  request.set_name(name);
  ZW_ASSIGN(const auto reply,
            (impl_->Ask<ReleaseAsync, v1::RemoveReleaseRequest, v1::RemoveReleaseResponse>(
                server, &ReleaseAsync::RemoveRelease, request, kLongDeadline)));
  return std::vector<std::string>(reply.generations().begin(), reply.generations().end());
}

}  // namespace zoowarden::controller
