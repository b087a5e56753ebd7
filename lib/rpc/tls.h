// Mutual TLS 1.3 and nothing else: the only makers of gRPC credentials in this project.
//
// gRPC 1.51 has no public setting for a minimum version, so TLS 1.3 is forced process-wide through
// OpenSSL's configuration. Both makers below do that first; there is no plaintext path.
//
// A program with this in it ends without OpenSSL's cleanup: gRPC's threads may still use OpenSSL
// then.
#pragma once

#include "pki/credentials.h"
#include "pki/peer_judge.h"
#include "rpc/refusal.h"

#include <memory>

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace zoowarden::rpc {

// Every TLS context that this process makes from now on speaks TLS 1.3 only. Aborts when OpenSSL
// does not obey. Also sends gRPC's own log lines through base/log.h without the noise. Idempotent,
// thread-safe; call it before any gRPC object exists.
void ForceTls13();

// Clients must show a certificate of the same CA, which the judge is asked about at each call; what
// it may call is method_table.h's matter, bound to these credentials for every method of the
// server. `on_refused` may be empty.
[[nodiscard]] std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const pki::Credentials& credentials,
    std::shared_ptr<pki::PeerJudge> judge,
    RefusalSink on_refused);

// Accepts a server only when its certificate is of the same CA and has exactly one URI name, the
// one that the channel asks for (channel.h), and the judge lets it pass. One object serves any
// number of channels.
[[nodiscard]] std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(
    const pki::Credentials& credentials, std::shared_ptr<pki::PeerJudge> judge);

}  // namespace zoowarden::rpc
