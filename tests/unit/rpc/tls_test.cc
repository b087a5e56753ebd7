// Who is let in and who is not, with real certificates over real sockets.
#include "base/text.h"
#include "sys/fd.h"
#include "tests/unit/rpc/loopback.h"

#include <arpa/inet.h>
#include <grpcpp/generic/generic_stub.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <future>

namespace zoowarden::rpc {
namespace {

using grpc::StatusCode;
using TlsTest = LoopbackTest;

// A client written against OpenSSL alone, so that gRPC's own client cannot hide the server's
// answer.
class RawClient {
 public:
  explicit RawClient(int version) : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    // Undo in this client what ForceTls13 does to the whole process.
    SSL_CTX_clear_options(context_.get(), SSL_OP_NO_TLSv1_2);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
  }

  RawClient& Show(const pki::Credentials& credentials) {
    BIO* cert_text = BIO_new_mem_buf(credentials.certificate_pem.data(), -1);
    BIO* key_text = BIO_new_mem_buf(credentials.key_pem.data(), -1);
    X509* certificate = PEM_read_bio_X509(cert_text, nullptr, nullptr, nullptr);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(cert_text);
    BIO_free(key_text);
    return *this;
  }

  // Whether the server completes a handshake and then still speaks (in TLS 1.3 a server refuses a
  // client's certificate only after the client's own handshake has ended).
  bool IsLetIn(const std::string& address) {
    const sys::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(
        static_cast<std::uint16_t>(*base::ParseUnsigned(address.substr(address.rfind(':') + 1))));
    ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
    SSL_set_fd(tls.get(), socket.get());
    constexpr unsigned char kH2[] = {2, 'h', '2'};
    SSL_set_alpn_protos(tls.get(), kH2, sizeof(kH2));
    if (SSL_connect(tls.get()) != 1) {
      return false;
    }
    // The first frame of HTTP/2 comes from the server unasked.
    char frame = 0;
    const bool spoken = SSL_read(tls.get(), &frame, 1) == 1;
    may_resume_ = SSL_SESSION_is_resumable(SSL_get0_session(tls.get())) == 1;
    return spoken;
  }

  // Whether the last server that let this client in would skip the judgement of its certificate
  // when it comes back.
  [[nodiscard]] bool may_resume() const { return may_resume_; }

 private:
  bool may_resume_ = false;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

TEST_F(TlsTest, TheRightIdentitiesAreAccepted) {
  const auto reply = GetStatus(ChannelAs(IssueFrom("ca", pki::Role::kViewer)));
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.observation.note(), "zoowarden://lab/viewer");
}

TEST_F(TlsTest, AHandlersErrorArrivesWithItsReason) {
  const auto error = ToError(Begin(ChannelAs(IssueFrom("ca", pki::Role::kOperator))));
  EXPECT_EQ(operate_.calls, 1);
  EXPECT_EQ(error.code(), base::ErrorCode::kFailedPrecondition);
  EXPECT_EQ(error.reason(), "test.reason");
  EXPECT_EQ(error.message(), "no");
}

TEST_F(TlsTest, AViewerMayNotCallAMutatingMethod) {
  const auto status = Begin(ChannelAs(IssueFrom("ca", pki::Role::kViewer)));
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_NE(status.error_message().find("viewer may not call"), std::string::npos)
      << status.error_message();
  EXPECT_EQ(operate_.calls, 0);
}

TEST_F(TlsTest, AnotherAgentMayNotCallAtAll) {
  const auto status = GetStatus(ChannelAs(IssueFrom("ca", pki::Role::kAgent, 2))).status;
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(observe_.calls, 0);
}

TEST_F(TlsTest, AMethodThatNobodyRegisteredIsDeniedAndNotMerelyUnknown) {
  const auto channel = ChannelAs(IssueFrom("ca", pki::Role::kOperator));
  grpc::TemplatedGenericStub<v1::GetStatusRequest, v1::Observation> stub(channel);
  grpc::ClientContext context;
  v1::GetStatusRequest request;
  v1::Observation reply;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context,
                 "/zoowarden.v1.ObserveService/Erase",
                 grpc::StubOptions(),
                 &request,
                 &reply,
                 [&](grpc::Status status) { ended.set_value(std::move(status)); });
  const grpc::Status status = ended.get_future().get();
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
}

TEST_F(TlsTest, ACertificateOfAForeignCaIsRefused) {
  ASSERT_TRUE(pki::InitCa(directory_->path() / "foreign", "lab", clock_));
  auto client = IssueFrom("foreign", pki::Role::kOperator);
  EXPECT_EQ(GetStatus(ChannelAs(client)).status.error_code(), StatusCode::UNAVAILABLE)
      << "a client that trusts the foreign CA";
  client.ca_pem = IssueFrom("ca", pki::Role::kOperator).ca_pem;
  EXPECT_EQ(GetStatus(ChannelAs(client)).status.error_code(), StatusCode::UNAVAILABLE)
      << "a client that trusts ours";
  EXPECT_EQ(observe_.calls, 0);
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  const auto uri = "zoowarden://lab/operator";
  EXPECT_EQ(GetStatus(ChannelAs(Forge(uri, Now() - pki::Days(1)))).status.error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_EQ(observe_.calls, 0);
  EXPECT_TRUE(GetStatus(ChannelAs(Forge(uri, Now() + pki::Days(1)))).status.ok())
      << "the same certificate, not expired";
}

TEST_F(TlsTest, ACertificateWithoutRoleOrOfAnotherEnsembleIsRefused) {
  for (const char* uri :
       {"", "zoowarden://lab", "zoowarden://lab/admin", "zoowarden://other/operator"}) {
    const auto status = GetStatus(ChannelAs(Forge(uri, Now() + pki::Days(1)))).status;
    EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED) << uri;
  }
  EXPECT_EQ(observe_.calls, 0);
}

TEST_F(TlsTest, AClientWithoutCertificateIsRefused) {
  EXPECT_FALSE(RawClient(TLS1_3_VERSION).IsLetIn(server_->address()));
  EXPECT_TRUE(RawClient(TLS1_3_VERSION)
                  .Show(IssueFrom("ca", pki::Role::kViewer))
                  .IsLetIn(server_->address()))
      << "the same client with a certificate";
}

TEST_F(TlsTest, PlaintextIsRefused) {
  const auto channel = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  EXPECT_FALSE(GetStatus(channel).status.ok());
  EXPECT_EQ(observe_.calls, 0);
}

// The client's side: an address proves nothing, only the name in the certificate does.
TEST_F(TlsTest, AServerWithAnotherAgentsCertificateIsNotSpokenTo) {
  const auto credentials = CredentialsOf(IssueFrom("ca", pki::Role::kOperator));
  for (const auto& wanted : {pki::AgentIdentity("lab", 2),
                             pki::AgentIdentity("lab", 11),
                             pki::AgentIdentity("other", 1)}) {
    const auto reply = GetStatus(MakeChannel(server_->address(), wanted, credentials));
    EXPECT_EQ(reply.status.error_code(), StatusCode::UNAVAILABLE) << wanted.ToUri();
    EXPECT_NE(reply.status.error_message().find("not for '" + wanted.ToUri() + "'"),
              std::string::npos)
        << reply.status.error_message();
  }
  EXPECT_EQ(observe_.calls, 0);
}

TEST_F(TlsTest, WhoAsksForAnyAgentOfItsEnsembleSpeaksToAgentsOnly) {
  const auto client = CredentialsOf(IssueFrom("ca", pki::Role::kOperator));
  const auto any = [&](const std::string& address, const std::string& ensemble) {
    return GetStatus(MakeChannelToAnyAgent(address, ensemble, client)).status.error_code();
  };
  EXPECT_EQ(any(server_->address(), "lab"), StatusCode::OK);
  EXPECT_EQ(any(server_->address(), "other"), StatusCode::UNAVAILABLE);
  FakeObserve observe;
  const auto operators =
      StartServer("127.0.0.1:0", Fixed(IssueFrom("ca", pki::Role::kOperator)), judge_, {&observe});
  ASSERT_TRUE(operators);
  EXPECT_EQ(any(operators->address(), "lab"), StatusCode::UNAVAILABLE);
  const auto starred = StartServer("127.0.0.1:0",
                                   Fixed(Forge("zoowarden://lab/agent/*", Now() + pki::Days(1))),
                                   judge_,
                                   {&observe});
  ASSERT_TRUE(starred);
  EXPECT_EQ(any(starred->address(), "lab"), StatusCode::UNAVAILABLE);
  EXPECT_EQ(observe.calls, 0);
}

TEST_F(TlsTest, AServerOfAForeignCaIsNotSpokenTo) {
  ASSERT_TRUE(pki::InitCa(directory_->path() / "foreign", "lab", clock_));
  const auto impostor = StartServer(
      "127.0.0.1:0", Fixed(IssueFrom("foreign", pki::Role::kAgent, 1)), judge_, {&observe_});
  ASSERT_TRUE(impostor);
  const auto credentials = CredentialsOf(IssueFrom("ca", pki::Role::kOperator));
  const auto reply =
      GetStatus(MakeChannel(impostor->address(), pki::AgentIdentity("lab", 1), credentials));
  EXPECT_EQ(reply.status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(observe_.calls, 0);
}

TEST_F(TlsTest, AServerWithoutAnAgentsNameIsNotSpokenTo) {
  // An operator's certificate must not pass for an agent's either.
  for (const char* uri : {"", "zoowarden://lab/operator"}) {
    auto shown = Forge(uri, Now() + pki::Days(1));
    shown.identity.ensemble = "lab";
    const auto impostor = StartServer("127.0.0.1:0", Fixed(shown), judge_, {&observe_});
    ASSERT_TRUE(impostor);
    const auto credentials = CredentialsOf(IssueFrom("ca", pki::Role::kOperator));
    const auto reply =
        GetStatus(MakeChannel(impostor->address(), pki::AgentIdentity("lab", 1), credentials));
    EXPECT_EQ(reply.status.error_code(), StatusCode::UNAVAILABLE);
  }
  EXPECT_EQ(observe_.calls, 0);
}

TEST_F(TlsTest, NobodyIsGivenASessionToComeBackWith) {
  RawClient client(TLS1_3_VERSION);
  EXPECT_TRUE(client.Show(IssueFrom("ca", pki::Role::kViewer)).IsLetIn(server_->address()));
  EXPECT_FALSE(client.may_resume());
}

TEST_F(TlsTest, Tls12IsRefused) {
  const auto credentials = IssueFrom("ca", pki::Role::kOperator);
  EXPECT_FALSE(RawClient(TLS1_2_VERSION).Show(credentials).IsLetIn(server_->address()));
  EXPECT_TRUE(RawClient(TLS1_3_VERSION).Show(credentials).IsLetIn(server_->address()))
      << "the same client with TLS 1.3";
}

}  // namespace
}  // namespace zoowarden::rpc
