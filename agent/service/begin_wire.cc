#include "agent/service/begin_wire.h"

#include "agent/install/releases.h"
#include "zoowarden/v1/operate.pb.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

constexpr std::uint32_t kMaxStepTimeoutMs = 24U * 3600U * 1000U;

tl::unexpected<base::Error> Bad(const std::string& field, const std::string& what) {
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "begin.bad_" + field,
                    "begin: " + field + " " + what + "; use the zoowarden of this release");
}

base::Status ReadRelease(const v1::Release& wire, StageRequest& stage) {
  const auto version = model::ParseVersion(wire.version());
  if (!version) {
    return Bad("version", "is not a release version");
  }
  if (!IsSha512(wire.sha512())) {
    return Bad("sha512", "must be 128 lower-case hexadecimal digits");
  }
  stage.release.version = *version;
  stage.release.sha512 = wire.sha512();
  stage.signature = wire.signature();
  stage.signature_required = wire.signature_required();
  return base::Ok();
}

base::Result<std::uint16_t> Port(const std::string& field, std::uint32_t value) {
  if (value == 0 || value > 65535) {
    return Bad(field, "must be a port from 1 to 65535");
  }
  return static_cast<std::uint16_t>(value);
}

base::Status ReadMembers(const v1::Configuration& wire, StageRequest& stage) {
  for (const auto& member : wire.members()) {
    model::Member out{.id = {member.id()},
                      .host = member.host(),
                      .role = member.role() == v1::ROLE_OBSERVER ? model::Role::kObserver
                                                                 : model::Role::kParticipant,
                      .weight = member.weight()};
    if (member.id() == 0 || member.host().empty()) {
      return Bad("members", "need an id and a host each");
    }
    if (member.role() != v1::ROLE_OBSERVER && member.role() != v1::ROLE_PARTICIPANT) {
      return Bad("members", "need a role that this agent knows: participant or observer");
    }
    ZW_ASSIGN(out.quorum_port, Port("quorum_port", member.quorum_port()));
    ZW_ASSIGN(out.election_port, Port("election_port", member.election_port()));
    if (member.has_group()) {
      out.group = member.group();
    }
    stage.members.push_back(std::move(out));
  }
  std::sort(stage.members.begin(), stage.members.end());
  return base::Ok();
}

base::Status ReadConfiguration(const v1::Configuration& wire, StageRequest& stage) {
  stage.configuration.settings = {wire.settings().begin(), wire.settings().end()};
  stage.configuration.java.heap = wire.java_heap();
  stage.configuration.java.options = {wire.java_options().begin(), wire.java_options().end()};
  for (const auto& file : wire.files()) {
    stage.configuration.files.push_back({.name = file.name(), .content = file.content()});
  }
  ZW_ASSIGN(stage.client_port, Port("client_port", wire.client_port()));
  return ReadMembers(wire, stage);
}

// A removal names what it removes and brings nothing.
base::Result<BeginRequest> ReadRemoval(const v1::BeginRequest& wire, BeginRequest request) {
  if (wire.from_generation().empty()) {
    return Bad("from_generation", "must name the generation to remove");
  }
  if (wire.has_release() || wire.has_configuration() || !wire.existing_generation().empty() ||
      !wire.expected_digest().empty()) {
    return Bad("kind", "'remove' takes no generation to go to");
  }
  return request;
}

}  // namespace

base::Result<BeginRequest> FromWire(const v1::BeginRequest& wire) {
  BeginRequest request;
  request.kind = wire.kind();
  request.from_generation = wire.from_generation();
  request.stage.expected_digest = wire.expected_digest();
  request.stage.existing_generation = wire.existing_generation();
  if (wire.kind() != kRestartKind && wire.kind() != kRemoveKind) {
    return Bad("kind", "is not one that this agent knows: it knows 'restart' and 'remove'");
  }
  if (wire.step_timeout_ms() == 0 || wire.step_timeout_ms() > kMaxStepTimeoutMs) {
    return Bad("step_timeout", "must be between 1 ms and one day");
  }
  request.step_timeout = std::chrono::milliseconds(wire.step_timeout_ms());
  if (wire.kind() == kRemoveKind) {
    return ReadRemoval(wire, std::move(request));
  }
  if (request.stage.existing_generation.empty()) {
    ZW_TRY(ReadRelease(wire.release(), request.stage));
    ZW_TRY(ReadConfiguration(wire.configuration(), request.stage));
  }
  return request;
}

}  // namespace zoowarden::agent
