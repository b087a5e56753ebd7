// A server without a certificate, the listener where the CA is, and somebody in between.
#include "rpc/enrolment.h"

#include "pki/request.h"
#include "tests/unit/rpc/loopback.h"

namespace zoowarden::rpc {
namespace {

constexpr std::chrono::seconds kDeadline{10};

class EnrolmentTlsTest : public LoopbackTest {
 protected:
  void SetUp() override {
    LoopbackTest::SetUp();
    listener_.emplace(Listener("ca"));
    token_ = TokenOf("ca");
  }
  [[nodiscard]] std::filesystem::path Ca(const std::string& name) const {
    return directory_->path() / name;
  }
  ServerHandle Listener(const std::string& ca) {
    const auto shown = pki::IssueForListener(Ca(ca), std::chrono::hours(1), clock_);
    EXPECT_TRUE(shown);
    return ListenerThatShows(*shown);
  }
  ServerHandle ListenerThatShows(const pki::KeyPair& shown) {
    auto listener =
        StartEnrolment("127.0.0.1:0", shown, [this](const pki::EnrolmentRequest& request) {
          ++asked_;
          return pki::Enrol(Ca("ca"), request, pki::Days(30), clock_);
        });
    EXPECT_TRUE(listener) << listener.error().message();
    return std::move(*listener);
  }
  pki::Token TokenOf(const std::string& ca) {
    return pki::MakeToken(Ca(ca), 1, std::chrono::hours(1), clock_).value();
  }
  std::string Ask(const std::string& address) {
    const auto got = AskForCertificate(address, token_, request_.request_pem, kDeadline);
    if (got) {
      enrolled_ = *got;
    }
    return got ? "ok" : got.error().reason();
  }

  std::optional<ServerHandle> listener_;
  pki::Token token_;
  pki::NewRequest request_ = pki::MakeRequest().value();
  pki::Enrolled enrolled_;
  std::atomic<int> asked_ = 0;
};

TEST_F(EnrolmentTlsTest, ATokenGivesACertificateOnceForTheKeyThatStayedHere) {
  EXPECT_EQ(Ask(listener_->address()), "ok");
  EXPECT_TRUE(
      pki::CheckPair({.certificate_pem = enrolled_.certificate_pem, .key_pem = request_.key_pem},
                     enrolled_.ca_pem));
  EXPECT_EQ(pki::ParseCertificate(enrolled_.ca_pem)->fingerprint, token_.ca_fingerprint);
  EXPECT_EQ(Ask(listener_->address()), "enrol.token_used");
}

TEST_F(EnrolmentTlsTest, SomebodyInBetweenLearnsNothing) {
  ASSERT_TRUE(pki::InitCa(Ca("thief"), "lab", clock_));
  const auto thief = Listener("thief");
  EXPECT_EQ(Ask(thief.address()), "enrol.other_ca");
  // The public certificate of the right CA beside a certificate that it did not sign.
  auto shown = pki::IssueForListener(Ca("thief"), std::chrono::hours(1), clock_).value();
  shown.certificate_pem = pki::SplitBundle(shown.certificate_pem)->front() +
                          sys::ReadFile(Ca("ca") / "ca.pem", 100'000).value();
  const auto better = ListenerThatShows(shown);
  EXPECT_EQ(Ask(better.address()), "");
  // An owned agent: the right CA, and not the listener's name.
  const auto agent = IssueFrom("ca", pki::Role::kAgent, 2);
  const auto owned = ListenerThatShows(
      {.certificate_pem = agent.certificate_pem + agent.ca_pem, .key_pem = agent.key_pem});
  EXPECT_EQ(Ask(owned.address()), "");
  EXPECT_EQ(asked_, 0) << "the secret was told";
  EXPECT_EQ(Ask(listener_->address()), "ok") << "the token is still good";
}

TEST_F(EnrolmentTlsTest, WithoutAListenerItSaysWhatToStart) {
  const std::string address = listener_->address();
  listener_.reset();
  EXPECT_EQ(Ask(address), "enrol.no_listener");
}

TEST_F(EnrolmentTlsTest, TheListenerServesNothingElse) {
  const auto channel =
      MakeChannelTo(listener_->address(),
                    pki::ListenerUri("lab"),
                    MakeTrustingCredentials(sys::ReadFile(Ca("ca") / "ca.pem", 100'000).value()));
  EXPECT_EQ(GetStatus(channel).status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(EnrolmentTlsTest, AnAgentDoesNotLetTheListenersCertificateIn) {
  const auto shown = pki::IssueForListener(Ca("ca"), std::chrono::hours(1), clock_).value();
  auto client = IssueFrom("ca", pki::Role::kViewer);
  client.certificate_pem = shown.certificate_pem;
  client.key_pem = shown.key_pem;
  EXPECT_FALSE(GetStatus(ChannelAs(client)).status.ok());
  EXPECT_EQ(observe_.calls, 0);
}

}  // namespace
}  // namespace zoowarden::rpc
