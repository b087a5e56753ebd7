// ForeignServers over gRPC. Which certificate an agent must show is the channels' matter.
#pragma once

#include "controller/run/foreign_servers.h"

#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Channel;
}  // namespace grpc

namespace zoowarden::controller {

struct ForeignConnection {
  AgentAt agent;
  std::shared_ptr<grpc::Channel> channel;
  std::string ca;  // the file by which it is believed, for messages
};

[[nodiscard]] std::unique_ptr<ForeignServers> MakeGrpcForeignServers(
    std::string ensemble, std::vector<ForeignConnection> connections);

}  // namespace zoowarden::controller
