#include "controller/agents/connection_error.h"

#include "controller/run/denial.h"

#include <gtest/gtest.h>

namespace zoowarden::controller {
namespace {

using base::ErrorCode;

const Dialled kDialled{.agent = "127.0.201.1:7443", .who = "server 1", .ca = "/pki/ca.pem"};
const std::string kFailed =
    "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.201.1:7443: ";

base::Error Said(const std::string& raw, ErrorCode code = ErrorCode::kUnavailable) {
  return ConnectionError(kDialled, base::Error(code, "", raw));
}

TEST(ConnectionErrorTest, AnAgentThatDoesNotRunIsSaidWithWhatToStart) {
  const auto error = Said(kFailed + "Failed to connect to remote host: Connection refused");
  EXPECT_EQ(error.message(),
            "nobody listens at 127.0.201.1:7443; start zoowarden-agent on server 1");
  EXPECT_TRUE(error.Is(ErrorCode::kUnavailable));
  EXPECT_FALSE(IsDenial(error));
}

TEST(ConnectionErrorTest, AForeignCaIsSaidWithTheFileThatDecides) {
  const auto error = Said(kFailed +
                          "Tls handshake failed: SSL_ERROR_SSL: error:0A000086:SSL "
                          "routines::certificate verify failed");
  EXPECT_EQ(error.message(),
            "the certificate of the agent at 127.0.201.1:7443 is signed by another CA than "
            "/pki/ca.pem, or has expired; is that the CA of this ensemble? If so, renew the "
            "certificate there with 'zoowarden pki issue'");
  EXPECT_TRUE(error.Is(ErrorCode::kUnavailable)) << "a run must not take it for an answer";
  EXPECT_TRUE(IsDenial(error));
}

TEST(ConnectionErrorTest, WhatOurVerifierSaidIsKeptAndNothingElse) {
  const auto error = Said(kFailed +
                          "Custom verification check failed with error: UNAUTHENTICATED: the "
                          "server's certificate is for 'a', not for 'b'");
  EXPECT_EQ(error.message(),
            "the agent at 127.0.201.1:7443: the server's certificate is for 'a', not for 'b'");
  EXPECT_TRUE(IsDenial(error));
}

TEST(ConnectionErrorTest, OtherWaysNotToGetThereAreSentences) {
  EXPECT_EQ(Said("Socket closed").message(),
            "127.0.201.1:7443 closes the connection: no agent listens there, or one that does not "
            "take this certificate; its log says which");
  EXPECT_EQ(Said(kFailed + "No route to host").message(),
            "127.0.201.1:7443 cannot be reached: there is no route to it");
  EXPECT_EQ(Said("Deadline Exceeded", ErrorCode::kDeadlineExceeded).message(),
            "no answer from 127.0.201.1:7443 in time");
}

TEST(ConnectionErrorTest, WhatAnAgentSaidStays) {
  const base::Error said(ErrorCode::kUnavailable, "zk.down", "Connection refused by ZooKeeper");
  EXPECT_EQ(ConnectionError(kDialled, said).message(), said.message());
  EXPECT_EQ(Said("role agent may not call it", ErrorCode::kPermissionDenied).message(),
            "role agent may not call it");
}

}  // namespace
}  // namespace zoowarden::controller
