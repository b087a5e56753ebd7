#include "agent/adopt/adoption.h"

#include "config/digests.h"
#include "model/secrets.h"

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

base::Status CheckApproved(const model::Discovery& found,
                           const model::Generation& generation,
                           const ApprovedAdoption& approved) {
  if (!found.process || found.process->pid != approved.pid ||
      found.process->start_time != approved.start_time) {
    return Fail(ErrorCode::kFailedPrecondition,
                "adopt.other_process",
                "the server was restarted since it was looked at; try again");
  }
  const std::string digest = config::GenerationDigest(
      generation.version, generation.release_sha512, generation.configuration_digest);
  if (digest != approved.digest) {
    return Fail(ErrorCode::kFailedPrecondition,
                "adopt.changed",
                "what runs here is not what ensemble.yaml says (generation " + digest +
                    " instead of " + approved.digest + "); import again");
  }
  return base::Ok();
}

}  // namespace

base::Result<model::Generation> Adopt(const DiscoverInputs& inputs,
                                      const ApprovedAdoption& approved,
                                      Generations& generations) {
  Discovered discovered = Discover(inputs);
  const model::Discovery& found = discovered.facts;
  if (!found.obstacles.empty()) {
    const model::Obstacle& first = found.obstacles.front();
    return Fail(ErrorCode::kFailedPrecondition, first.reason, first.text);
  }
  GenerationRecord record{
      .generation = {.version = *found.version,
                     .release_sha512 = std::string(model::kAdoptedRelease),
                     .configuration_digest = config::ConfigurationDigest(found.configuration)},
      .server = found.id,
      .declared_servers = static_cast<std::uint32_t>(found.members.size()),
      .settings = model::MaskSecrets(found.configuration.settings),
      .foreign = std::move(discovered.paths)};
  ZW_TRY(CheckApproved(found, record.generation, approved));
  return generations.Adopt(
      {.record = std::move(record),
       .start = discovered.start ? std::optional(PrintStart(*discovered.start)) : std::nullopt});
}

}  // namespace zoowarden::agent
