// TLS 1.3 and nothing else: with server_credentials.h and enrolment_server.cc, the only makers of
// gRPC credentials in this project.
//
// gRPC 1.51 has no public setting for a minimum version, so TLS 1.3 is forced process-wide through
// OpenSSL's configuration. Every maker does that first; there is no plaintext path.
//
// A program with this in it ends without OpenSSL's cleanup: gRPC's threads may still use OpenSSL
// then.
#pragma once

#include "pki/live_credentials.h"
#include "pki/peer_judge.h"

#include <memory>
#include <string>

namespace grpc {
class ChannelCredentials;
}  // namespace grpc

namespace zoowarden::rpc {

// Every TLS context that this process makes from now on speaks TLS 1.3 only. Aborts when OpenSSL
// does not obey. Also sends gRPC's own log lines through base/log.h without the noise, and spares
// its locks the search for deadlocks. Idempotent, thread-safe; call it before any gRPC object
// exists.
void ForceTls13();

// Accepts a server only when its certificate is of the same CA and has exactly one URI name, the
// one that the channel asks for, or any agent's where it asks for that (channel.h), and the judge
// lets it pass. New connections show `own` as they change, after a second at most. One object
// serves any number of channels.
[[nodiscard]] std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(
    std::shared_ptr<pki::LiveCredentials> own, std::shared_ptr<pki::PeerJudge> judge);

// For who has no certificate yet: trusts servers of that CA, by name as above, and shows nothing.
[[nodiscard]] std::shared_ptr<grpc::ChannelCredentials> MakeTrustingCredentials(
    const std::string& ca_pem);

}  // namespace zoowarden::rpc
