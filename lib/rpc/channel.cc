#include "rpc/channel.h"

#include "rpc/any_agent.h"
#include "rpc/limits.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <limits>

namespace zoowarden::rpc {

std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& address,
    const pki::Identity& peer,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  return MakeChannelTo(address, peer.ToUri(), credentials);
}

std::shared_ptr<grpc::Channel> MakeChannelToAnyAgent(
    const std::string& address,
    const std::string& ensemble,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  return MakeChannelTo(address, AnyAgentOf(ensemble), credentials);
}

std::shared_ptr<grpc::Channel> MakeChannelTo(
    const std::string& address,
    const std::string& uri,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  // What the credentials' verifier compares the certificate with.
  arguments.SetSslTargetNameOverride(uri);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMinReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMinReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  // A window of its own from the start, in place of pings that measure it after each answer.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindowBytes);
  // A repeated call must be our decision: it carries a sequence number.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // No HTTP proxy of the environment may stand between, and channels share no connections.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace zoowarden::rpc
