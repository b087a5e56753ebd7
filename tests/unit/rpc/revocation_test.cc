// Revocation over real sockets: on connections that are open already, and on new ones.
#include "pki/revocation.h"

#include "tests/unit/rpc/loopback.h"

namespace zoowarden::rpc {
namespace {

class RevocationTlsTest : public LoopbackTest {
 protected:
  void SetUp() override {
    LoopbackTest::SetUp();
    PutList();
    viewer_ = IssueFrom("ca", pki::Role::kViewer);
    channel_ = ChannelAs(viewer_);
    ASSERT_TRUE(GetStatus(channel_).status.ok());
    calls_ = observe_.calls;
  }
  [[nodiscard]] std::filesystem::path Crl() const override {
    return directory_->path() / "crl.pem";
  }
  void PutList(pki::Days lifetime = pki::Days(180)) {
    ASSERT_TRUE(pki::WriteCrl(
        {.ca_directory = directory_->path() / "ca", .out = Crl(), .lifetime = lifetime}, clock_));
  }
  void Revoke(const pki::Credentials& who) {
    ASSERT_TRUE(pki::Revoke(directory_->path() / "ca", who.info.serial, clock_));
    PutList();
  }
  static std::string ReasonOf(const std::shared_ptr<grpc::Channel>& channel) {
    const auto reply = GetStatus(channel);
    return reply.status.ok() ? "ok" : ToError(reply.status).reason();
  }

  pki::Credentials viewer_;
  std::shared_ptr<grpc::Channel> channel_;
  int calls_ = 0;
};

TEST_F(RevocationTlsTest, TheNextCallOnAnOpenConnectionIsRefused) {
  const auto other = ChannelAs(IssueFrom("ca", pki::Role::kViewer));
  Revoke(viewer_);
  EXPECT_EQ(ReasonOf(channel_), "pki.revoked");
  EXPECT_EQ(observe_.calls, calls_);
  EXPECT_EQ(ReasonOf(ChannelAs(viewer_)), "pki.revoked") << "on a new connection";
  EXPECT_EQ(ReasonOf(other), "ok") << "somebody else";
}

TEST_F(RevocationTlsTest, WithoutItsListNobodyIsServed) {
  std::filesystem::remove(Crl());
  EXPECT_EQ(ReasonOf(channel_), "pki.crl_missing");
  EXPECT_EQ(ReasonOf(ChannelAs(IssueFrom("ca", pki::Role::kOperator))), "pki.crl_missing");
  EXPECT_EQ(observe_.calls, calls_);
  PutList();
  EXPECT_EQ(ReasonOf(channel_), "ok");
}

TEST_F(RevocationTlsTest, ARemovedCaEndsItsOpenConnectionsCalls) {
  ASSERT_TRUE(pki::InitCa(directory_->path() / "next", "lab", clock_));
  judge_->Trust(IssueFrom("next", pki::Role::kViewer).ca_pem);
  EXPECT_EQ(ReasonOf(channel_), "pki.removed_ca");
}

TEST_F(RevocationTlsTest, ARevokedAgentIsNotSpokenTo) {
  const auto agent = IssueFrom("ca", pki::Role::kAgent, 1);
  const auto stolen = StartServer("127.0.0.1:0", Fixed(agent), judge_, {&observe_});
  ASSERT_TRUE(stolen);
  const auto own = IssueFrom("ca", pki::Role::kViewer);
  const auto ask = [&] {
    const auto judge = std::make_shared<pki::PeerJudge>(own.ca_pem, Crl(), clock_);
    return GetStatus(MakeChannel(stolen->address(),
                                 pki::AgentIdentity("lab", 1),
                                 MakeChannelCredentials(Fixed(own), judge)))
        .status;
  };
  EXPECT_TRUE(ask().ok());
  Revoke(agent);
  const auto calls = observe_.calls.load();
  const auto refused = ask();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(refused.error_message().find("has been revoked"), std::string::npos)
      << refused.error_message();
  EXPECT_EQ(observe_.calls, calls);
}

}  // namespace
}  // namespace zoowarden::rpc
