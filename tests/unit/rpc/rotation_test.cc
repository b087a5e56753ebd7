// New certificates and new CAs under a running listener and running clients.
#include "tests/unit/rpc/loopback.h"

namespace zoowarden::rpc {
namespace {

class RotationTest : public LoopbackTest {
 protected:
  void SetUp() override {
    LoopbackTest::SetUp();
    server_.reset();
    Put("agent", IssueFrom("ca", pki::Role::kAgent, 1));
    own_ = Load("agent");
    own_->Follow([this](const pki::Credentials& now) { judge_->Trust(now.ca_pem); });
    auto server = StartServer("127.0.0.1:0", own_, judge_, {&observe_, &operate_});
    ASSERT_TRUE(server);
    server_.emplace(std::move(*server));
  }
  // The three files of that name, each exchanged whole.
  void Put(const std::string& name, const pki::Credentials& credentials) {
    const auto files = Files(name);
    ASSERT_TRUE(sys::EnsureDirectory(files.ca.parent_path(), 0700));
    ASSERT_TRUE(sys::WriteFileAtomically(files.ca, credentials.ca_pem, 0600));
    ASSERT_TRUE(sys::WriteFileAtomically(files.key, credentials.key_pem, 0600));
    ASSERT_TRUE(sys::WriteFileAtomically(files.certificate, credentials.certificate_pem, 0600));
  }
  [[nodiscard]] pki::CredentialFiles Files(const std::string& name) const {
    return pki::FilesIn(directory_->path() / name);
  }
  std::shared_ptr<pki::LiveCredentials> Load(const std::string& name) {
    auto loaded = pki::LiveCredentials::Load(Files(name), clock_);
    EXPECT_TRUE(loaded) << loaded.error().message();
    return *loaded;
  }
  // What the server shows on a new connection.
  std::string SerialShown() {
    const auto client = IssueFrom("ca", pki::Role::kViewer);
    std::string serial;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    v1::Observation reply;
    auto trusting = client;
    trusting.ca_pem = own_->Get()->ca_pem;
    const auto status = v1::ObserveService::NewStub(ChannelAs(trusting))
                            ->GetStatus(&context, v1::GetStatusRequest(), &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const auto shown = pki::ParseCertificate(PeerCertificate(*context.auth_context()));
    return shown ? shown->serial : "";
  }

  std::shared_ptr<pki::LiveCredentials> own_;
};

TEST_F(RotationTest, TheNextConnectionSeesTheNewCertificateAndOpenOnesGoOn) {
  const auto open = ChannelAs(IssueFrom("ca", pki::Role::kViewer));
  ASSERT_TRUE(GetStatus(open).status.ok());
  for (int i = 0; i < 3; ++i) {
    const auto fresh = IssueFrom("ca", pki::Role::kAgent, 1);
    Put("agent", fresh);
    EXPECT_EQ(SerialShown(), fresh.info.serial);
    EXPECT_TRUE(GetStatus(open).status.ok());
  }
}

TEST_F(RotationTest, HalfWrittenOrMismatchedFilesLeaveTheGoodOnes) {
  const auto serial = own_->Get()->info.serial;
  const auto other = IssueFrom("ca", pki::Role::kAgent, 1);
  for (const std::string& key : {std::string(), other.key_pem.substr(0, 50), other.key_pem}) {
    ASSERT_TRUE(sys::WriteFileAtomically(Files("agent").key, key, 0600));
    EXPECT_EQ(SerialShown(), serial);
  }
  ASSERT_TRUE(sys::WriteFileAtomically(Files("agent").ca, "half a CA", 0600));
  EXPECT_EQ(SerialShown(), serial);
}

TEST_F(RotationTest, ANewCaIsTakenBesideTheOldOneAndTheOldOneCanGo) {
  ASSERT_TRUE(pki::InitCa(directory_->path() / "next", "lab", clock_));
  const auto old_viewer = IssueFrom("ca", pki::Role::kViewer);
  auto new_viewer = IssueFrom("next", pki::Role::kViewer);
  const auto bundle = old_viewer.ca_pem + new_viewer.ca_pem;
  const auto next_ca = new_viewer.ca_pem;
  new_viewer.ca_pem = bundle;
  EXPECT_FALSE(GetStatus(ChannelAs(new_viewer)).status.ok()) << "not trusted yet";
  auto agent = *own_->Get();
  agent.ca_pem = bundle;
  Put("agent", agent);
  EXPECT_TRUE(GetStatus(ChannelAs(new_viewer)).status.ok());
  const auto open = ChannelAs(old_viewer);
  EXPECT_TRUE(GetStatus(open).status.ok());
  agent = IssueFrom("next", pki::Role::kAgent, 1);
  agent.ca_pem = next_ca;
  Put("agent", agent);
  EXPECT_EQ(ToError(GetStatus(open).status).reason(), "pki.removed_ca");
  EXPECT_TRUE(GetStatus(ChannelAs(new_viewer)).status.ok());
}

// The client's side polls: gRPC offers no other way.
TEST_F(RotationTest, AClientShowsItsNewCertificateOnItsNextConnection) {
  auto viewer = IssueFrom("ca", pki::Role::kViewer);
  Put("viewer", viewer);
  const auto client = Load("viewer");
  const auto credentials = MakeChannelCredentials(client, JudgeOf(viewer));
  const auto who = [&] {
    return GetStatus(MakeChannel(server_->address(), pki::AgentIdentity("lab", 1), credentials));
  };
  ASSERT_TRUE(who().status.ok());
  const auto fresh = IssueFrom("ca", pki::Role::kViewer);
  Put("viewer", fresh);
  client->Refresh();
  ASSERT_TRUE(pki::Revoke(directory_->path() / "ca", viewer.info.serial, clock_));
  const auto list = directory_->path() / "list.pem";
  ASSERT_TRUE(pki::WriteCrl({.ca_directory = directory_->path() / "ca", .out = list}, clock_));
  judge_ = std::make_shared<pki::PeerJudge>(fresh.ca_pem, list, clock_);
  server_.reset();
  auto server = StartServer("127.0.0.1:0", own_, judge_, {&observe_, &operate_});
  ASSERT_TRUE(server);
  server_.emplace(std::move(*server));
  bool taken = false;
  for (const auto end = clock_.BootTime() + std::chrono::seconds(10);
       !taken && clock_.BootTime() < end;) {
    taken = who().status.ok();
  }
  EXPECT_TRUE(taken) << "only the new certificate is let in";
}

}  // namespace
}  // namespace zoowarden::rpc
