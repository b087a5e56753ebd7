// A client's connection to one agent.
#pragma once

#include "pki/identity.h"

#include <memory>
#include <string>

namespace grpc {
class Channel;
class ChannelCredentials;
}  // namespace grpc

namespace zoowarden::rpc {

// Connects when first used and again whenever it broke. Only the server that shows exactly `peer`
// in its certificate is spoken to, whatever address it is found at. `credentials` come from
// MakeChannelCredentials. Use the callback API: an idle synchronous client does not answer
// keepalive and loses healthy connections.
[[nodiscard]] std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& address,
    const pki::Identity& peer,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace zoowarden::rpc
