#include "agent/service/call_audit.h"
#include "agent/service/handlers.h"
#include "agent/service/observation_wire.h"
#include "base/text.h"
#include "rpc/member_wire.h"
#include "rpc/status.h"
#include "zoowarden/v1/adopt.grpc.pb.h"

namespace zoowarden::agent {
namespace {

constexpr std::size_t kMaxSentence = 2'000;

// Names of files are bytes, fields of messages are text.
std::string Shown(const std::string& path) { return base::Printable(path, kMaxSentence); }

void ConfigurationTo(const model::Discovery& found, v1::Configuration& wire) {
  for (const auto& [key, value] : found.configuration.settings) {
    (*wire.mutable_settings())[key] = value;
  }
  wire.set_java_heap(found.configuration.java.heap);
  for (const std::string& option : found.configuration.java.options) {
    wire.add_java_options(option);
  }
  for (const model::Member& member : found.members) {
    rpc::MemberToWire(member, *wire.add_members());
  }
  wire.set_client_port(found.client_port);
}

void PathsTo(const std::vector<std::string>& paths,
             google::protobuf::RepeatedPtrField<std::string>& wire) {
  for (const std::string& path : paths) {
    *wire.Add() = Shown(path);
  }
}

void InstallationTo(const model::Discovery& found, v1::Discovery& wire) {
  wire.set_user(Shown(found.user));
  wire.set_java(Shown(found.java));
  wire.set_configuration_file(Shown(found.configuration_file));
  wire.set_dynamic_file(Shown(found.dynamic_file));
  wire.set_release_directory(Shown(found.release_directory));
  wire.set_log_directory(Shown(found.log_directory));
  wire.set_launcher(std::string(model::ForeignLauncherName(found.launcher)));
  wire.set_unit(Shown(found.unit));
  PathsTo(found.unit_files, *wire.mutable_unit_files());
  PathsTo(found.environment_files, *wire.mutable_environment_files());
  *wire.mutable_ports() = {found.ports.begin(), found.ports.end()};
}

void ToWire(const model::Discovery& found, v1::Discovery& wire) {
  wire.set_server(found.id.value);
  if (found.process) {
    agent::ToWire(*found.process, *wire.mutable_process());
  }
  wire.set_mode(agent::ToWire(found.mode));
  if (found.version) {
    wire.set_version(found.version->ToString());
  }
  InstallationTo(found, wire);
  ConfigurationTo(found, *wire.mutable_configuration());
  for (const std::string& note : found.notes) {
    wire.add_notes(base::Printable(note, kMaxSentence));
  }
  for (const model::Obstacle& obstacle : found.obstacles) {
    auto& out = *wire.add_obstacles();
    out.set_reason(obstacle.reason);
    out.set_text(base::Printable(obstacle.text, kMaxSentence));
  }
}

class AdoptHandlers final : public v1::AdoptService::Service {
 public:
  explicit AdoptHandlers(AgentCore& core) : core_(core) {}

  grpc::Status Discover(grpc::ServerContext* context,
                        const v1::DiscoverRequest* /*request*/,
                        v1::Discovery* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    ToWire(core_.Discover(), *reply);
    return grpc::Status::OK;
  }

  grpc::Status Adopt(grpc::ServerContext* context,
                     const v1::AdoptRequest* request,
                     v1::AdoptReply* reply) override {
    CallAudit audit(core_, *context, "AdoptService/Adopt", request->run());
    audit.SetDetail(request->expected_digest());
    if (const auto fenced = CheckFenced(core_, request->run()); !fenced) {
      return audit.Done(fenced);
    }
    if (const auto written = audit.Begin(); !written) {
      return audit.Done(written);
    }
    const auto adopted = core_.Adopt(FromWire(request->run()),
                                     {.pid = request->pid(),
                                      .start_time = request->start_time(),
                                      .digest = request->expected_digest()});
    if (adopted) {
      agent::ToWire(*adopted, *reply->mutable_generation());
    }
    return audit.Done(adopted);
  }

 private:
  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAdoptService(AgentCore& core) {
  return std::make_unique<AdoptHandlers>(core);
}

}  // namespace zoowarden::agent
