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

// The same for a peer that has a name but no identity.
[[nodiscard]] std::shared_ptr<grpc::Channel> MakeChannelTo(
    const std::string& address,
    const std::string& uri,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials);

// The same to any agent of the ensemble, for who does not know its server's id yet;
// rpc::PeerIdentity of the call's context tells it afterwards.
[[nodiscard]] std::shared_ptr<grpc::Channel> MakeChannelToAnyAgent(
    const std::string& address,
    const std::string& ensemble,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace zoowarden::rpc
