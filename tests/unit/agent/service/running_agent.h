// A whole agent of server 1 behind its real listener on loopback, without a ZooKeeper; and callers
// of every role.
#pragma once

#include "agent/service/agent_core.h"
#include "agent/service/certificates.h"
#include "agent/service/services.h"
#include "pki/authority.h"
#include "pki/credentials.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "rpc/tls.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "tests/unit/agent/service/config_below.h"
#include "zoowarden/v1/lease.grpc.pb.h"
#include "zoowarden/v1/operate.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace zoowarden::agent {

class RunningAgentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-agent-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    ASSERT_TRUE(pki::InitCa(scratch_->path() / "ca", "lab", clock_));
    Start();
  }

  [[nodiscard]] config::AgentConfig Config() const { return ConfigBelow(scratch_->path()); }

  // The state directory stays.
  void Stop() {
    server_.reset();
    services_.reset();
    certificates_.reset();
    core_.reset();
  }
  // Ends the one that runs.
  void Start() {
    Stop();
    auto core = AgentCore::Open(Config(), clock_);
    ASSERT_TRUE(core) << core.error().message();
    core_ = std::move(*core);
    certificates_ = std::make_unique<Certificates>(Files(), Own(), clock_);
    services_ = std::make_unique<Services>(*core_, *certificates_, UploadIdle());
    auto server = rpc::StartServer("127.0.0.1:0",
                                   certificates_->own(),
                                   certificates_->judge(),
                                   services_->All(),
                                   AuditOfRefusals(*core_));
    ASSERT_TRUE(server) << server.error().message();
    server_.emplace(std::move(*server));
  }

  // The agent's certificate files and its revocation list; none unless a test says so.
  [[nodiscard]] virtual config::PkiFiles Files() const { return {}; }
  [[nodiscard]] virtual std::shared_ptr<pki::LiveCredentials> Own() {
    return std::make_shared<pki::LiveCredentials>(As(pki::Role::kAgent, 1));
  }
  [[nodiscard]] virtual std::chrono::milliseconds UploadIdle() const { return kUploadIdle; }
  [[nodiscard]] std::string At(const std::string& name) const { return scratch_->path() / name; }

  // What is no longer needed goes from the disk after the answer.
  void WaitForRemovals() const {
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (LeftIn("releases") + LeftIn("generations") > 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), ends);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  pki::Credentials As(pki::Role role, std::optional<std::uint32_t> server = std::nullopt) {
    const auto out = scratch_->path() / ("key" + std::to_string(++issued_));
    const auto made = pki::Issue({.ca_directory = scratch_->path() / "ca",
                                  .out_directory = out,
                                  .role = role,
                                  .server = server},
                                 clock_);
    EXPECT_TRUE(made) << made.error().message();
    auto loaded = pki::LoadCredentials(pki::FilesIn(out), clock_);
    EXPECT_TRUE(loaded) << loaded.error().message();
    return *loaded;
  }

  // One connection a role, kept.
  std::shared_ptr<grpc::Channel> Channel(pki::Role role) {
    auto& channel = channels_[{role, server_->address()}];
    if (channel == nullptr) {
      const auto caller =
          role == pki::Role::kAgent ? As(role, 2) : As(role);  // another server's agent
      channel = ChannelOf(caller);
    }
    return channel;
  }

  std::shared_ptr<grpc::Channel> ChannelOf(const pki::Credentials& caller) {
    const auto judge = std::make_shared<pki::PeerJudge>(caller.ca_pem, "", clock_);
    return rpc::MakeChannel(
        server_->address(),
        pki::AgentIdentity("lab", 1),
        rpc::MakeChannelCredentials(std::make_shared<pki::LiveCredentials>(caller), judge));
  }

  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }

  static v1::RunHeader Run(std::uint64_t epoch, const std::string& run = "run1") {
    v1::RunHeader header;
    header.set_ensemble("lab");
    header.set_run_id(run);
    header.set_epoch(epoch);
    header.set_holder("zoowarden://lab/operator " + run);
    return header;
  }

  grpc::Status Acquire(const v1::RunHeader& run,
                       bool take_over = false,
                       pki::Role role = pki::Role::kOperator) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::AcquireRequest request;
    *request.mutable_run() = run;
    request.set_take_over(take_over);
    v1::Lease reply;
    return v1::LeaseService::NewStub(Channel(role))->Acquire(&context, request, &reply);
  }

  grpc::Status Upload(pki::Role role,
                      const v1::RunHeader& run,
                      const std::string& sha512,
                      const std::string& content) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::GetUploadResponse reply;
    const auto stub = v1::OperateService::NewStub(Channel(role));
    const auto stream = stub->Upload(&context, &reply);
    v1::UploadRequest request;
    *request.mutable_run() = run;
    request.set_sha512(sha512);
    request.set_total_size(content.size());
    request.set_data(content);
    stream->Write(request);
    stream->WritesDone();
    return stream->Finish();
  }

  [[nodiscard]] std::ptrdiff_t LeftIn(const std::string& directory) const {
    return std::count_if(
        std::filesystem::directory_iterator(At(directory)), {}, [](const auto& entry) {
          return entry.path().filename().native().starts_with(".old-");
        });
  }

  sys::RealClock clock_;
  std::optional<sys::TempDir> scratch_;
  int issued_ = 0;
  std::unique_ptr<AgentCore> core_;
  std::unique_ptr<Certificates> certificates_;
  std::unique_ptr<Services> services_;
  std::optional<rpc::ServerHandle> server_;
  std::map<std::pair<pki::Role, std::string>, std::shared_ptr<grpc::Channel>> channels_;
};

}  // namespace zoowarden::agent
