// A real agent listener on loopback and certificates of every kind to try on it.
#pragma once

#include "pki/authority.h"
#include "pki/credentials.h"
#include "pki/live_credentials.h"
#include "pki/revocation.h"
#include "rpc/channel.h"
#include "rpc/peer.h"
#include "rpc/server.h"
#include "rpc/status.h"
#include "rpc/tls.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "zoowarden/v1/observe.grpc.pb.h"
#include "zoowarden/v1/operate.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace zoowarden::rpc {

// Counts what reaches a handler.
class FakeObserve final : public v1::ObserveService::Service {
 public:
  grpc::Status GetStatus(grpc::ServerContext* context,
                         const v1::GetStatusRequest* /*request*/,
                         v1::Observation* reply) override {
    ++calls;
    const auto peer = PeerIdentity(*context->auth_context(), "lab");
    if (!peer) {
      return ToGrpcStatus(peer.error());
    }
    reply->set_note(peer->ToUri() + std::string(padding, '.'));
    return grpc::Status::OK;
  }
  std::atomic<int> calls = 0;
  std::atomic<std::size_t> padding = 0;
};

class FakeOperate final : public v1::OperateService::Service {
 public:
  grpc::Status Begin(grpc::ServerContext* /*context*/,
                     const v1::BeginRequest* /*request*/,
                     v1::OperationReply* /*reply*/) override {
    ++calls;
    return ToGrpcStatus(base::Error(base::ErrorCode::kFailedPrecondition, "test.reason", "no"));
  }
  std::atomic<int> calls = 0;
};

class LoopbackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-rpc-");
    ASSERT_TRUE(created);
    directory_.emplace(std::move(*created));
    ASSERT_TRUE(pki::InitCa(directory_->path() / "ca", "lab", clock_));
    const auto own = IssueFrom("ca", pki::Role::kAgent, 1);
    judge_ = std::make_shared<pki::PeerJudge>(own.ca_pem, Crl(), clock_);
    auto server = StartServer("127.0.0.1:0", Fixed(own), judge_, {&observe_, &operate_});
    ASSERT_TRUE(server) << server.error().message();
    server_.emplace(std::move(*server));
  }

  // Of any CA directory below the test's.
  pki::Credentials IssueFrom(const std::string& ca,
                             pki::Role role,
                             std::optional<std::uint32_t> server = std::nullopt) {
    const auto out = directory_->path() / ("out" + std::to_string(++issued_));
    const auto info = pki::Issue({.ca_directory = directory_->path() / ca,
                                  .out_directory = out,
                                  .role = role,
                                  .server = server},
                                 clock_);
    EXPECT_TRUE(info) << info.error().message();
    auto loaded = pki::LoadCredentials(pki::FilesIn(out), clock_);
    EXPECT_TRUE(loaded) << loaded.error().message();
    return *loaded;
  }

  // Signed by the ensemble's own CA, but saying what a test wants.
  pki::Credentials Forge(const std::string& uri, pki::UnixTime not_after) {
    const auto ca = directory_->path() / "ca";
    const pki::KeyPair authority{.certificate_pem = sys::ReadFile(ca / "ca.pem", 100'000).value(),
                                 .key_pem = sys::ReadFile(ca / "ca.key", 100'000).value()};
    const auto pair = pki::MakeCertificate(authority,
                                           {.serial = pki::NewSerial(),
                                            .organization = "lab",
                                            .common_name = "forged",
                                            .uri = uri,
                                            .for_servers = true,
                                            .for_clients = true,
                                            .not_before = Now() - pki::Days(30),
                                            .not_after = not_after});
    EXPECT_TRUE(pair);
    return {.ca_pem = authority.certificate_pem,
            .certificate_pem = pair->certificate_pem,
            .key_pem = pair->key_pem,
            .identity = {}};
  }
  pki::UnixTime Now() { return std::chrono::duration_cast<pki::UnixTime>(clock_.WallTime()); }

  struct Reply {
    grpc::Status status;
    v1::Observation observation;
  };
  static Reply GetStatus(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    Reply reply;
    reply.status = v1::ObserveService::NewStub(channel)->GetStatus(
        &context, v1::GetStatusRequest(), &reply.observation);
    return reply;
  }
  static grpc::Status Begin(const std::shared_ptr<grpc::Channel>& channel,
                            const v1::BeginRequest& request = {}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    v1::OperationReply reply;
    return v1::OperateService::NewStub(channel)->Begin(&context, request, &reply);
  }
  // The server's revocation list; none unless a test says so.
  [[nodiscard]] virtual std::filesystem::path Crl() const { return {}; }
  static std::shared_ptr<pki::LiveCredentials> Fixed(const pki::Credentials& own) {
    return std::make_shared<pki::LiveCredentials>(own);
  }
  // Lets everybody of the CA pass.
  std::shared_ptr<pki::PeerJudge> JudgeOf(const pki::Credentials& own) {
    return std::make_shared<pki::PeerJudge>(own.ca_pem, "", clock_);
  }
  std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const pki::Credentials& own) {
    return MakeChannelCredentials(Fixed(own), JudgeOf(own));
  }
  // To the test's server, expecting the right identity.
  std::shared_ptr<grpc::Channel> ChannelAs(const pki::Credentials& client) {
    return MakeChannel(server_->address(), pki::AgentIdentity("lab", 1), CredentialsOf(client));
  }

  sys::RealClock clock_;
  std::optional<sys::TempDir> directory_;
  int issued_ = 0;
  FakeObserve observe_;
  FakeOperate operate_;
  std::shared_ptr<pki::PeerJudge> judge_;
  std::optional<ServerHandle> server_;
};

}  // namespace zoowarden::rpc
