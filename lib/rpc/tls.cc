#include "rpc/tls.h"

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "rpc/any_agent.h"
#include "rpc/status.h"
#include "rpc/tls_memory.h"

#include <absl/synchronization/mutex.h>
#include <grpc/support/log.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace zoowarden::rpc {
namespace {

using grpc::experimental::ExternalCertificateVerifier;
using grpc::experimental::StaticDataCertificateProvider;
using grpc::experimental::TlsCustomVerificationCheckRequest;

// gRPC's threads may outlive main: whoever drops its last object on one of them leaves the rest to
// a detached thread. OpenSSL's cleanup at exit would free what they still hold (a double free,
// github.com/grpc/grpc/issues/38539). Only the first use of OpenSSL can prevent that, and pki/ or
// sys/ may be it, hence before main. The memory goes with the process.
const int kNoCleanupAtExit = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);

// MinProtocol would be overwritten by gRPC, which sets its own minimum; Protocol becomes options,
// which it leaves alone. Nobody resumes a session (who is revoked must not), and to make two
// tickets for each an agent would read its peer's certificate twice more.
constexpr std::string_view kOpenSslConfiguration =
    "openssl_conf = zoowarden\n"
    "[zoowarden]\n"
    "ssl_conf = contexts\n"
    "[contexts]\n"
    "system_default = tls13\n"
    "[tls13]\n"
    "Protocol = -ALL,TLSv1.3\n"
    "NumTickets = 0\n";

void LoadConfiguration() {
  ZW_CHECK(kNoCleanupAtExit == 1, "OpenSSL could not be told to leave its memory alone at exit");
  // The machine's own configuration first: loaded later, it would replace ours.
  ZW_CHECK(OPENSSL_init_ssl(0, nullptr) == 1, "OpenSSL could not be started");
  BIO* text =
      BIO_new_mem_buf(kOpenSslConfiguration.data(), static_cast<int>(kOpenSslConfiguration.size()));
  CONF* configuration = NCONF_new(nullptr);
  ZW_CHECK(NCONF_load_bio(configuration, text, nullptr) > 0,
           "OpenSSL did not read the configuration that forces TLS 1.3");
  ZW_CHECK(CONF_modules_load(configuration, nullptr, 0) > 0,
           "OpenSSL did not accept the configuration that forces TLS 1.3");
  NCONF_free(configuration);
  BIO_free(text);
}

void CheckObeyed() {
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  ZW_CHECK(context != nullptr, "OpenSSL made no TLS context");
  constexpr std::uint64_t kOlder =
      SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2 | SSL_OP_NO_SSLv3;
  const std::uint64_t options = SSL_CTX_get_options(context);
  const std::size_t tickets = SSL_CTX_get_num_tickets(context);
  SSL_CTX_free(context);
  ZW_CHECK((options & kOlder) == kOlder && (options & SSL_OP_NO_TLSv1_3) == 0,
           "OpenSSL would still speak older versions than TLS 1.3");
  ZW_CHECK(tickets == 0, "OpenSSL would still let sessions be resumed");
}

void LogGrpc(gpr_log_func_args* line) {
  const std::string_view message(line->message);
  // Identities are not host names, so every handshake would log the first. The second is a
  // handshake that took too long, which the call's own error says.
  if (line->severity < GPR_LOG_SEVERITY_ERROR ||
      message.find("No match found for server name") != std::string_view::npos ||
      message.find("cancel_check_peer") != std::string_view::npos) {
    return;
  }
  base::LogWarn("component=grpc " + base::Printable(message));
}

// What lives as long as the credentials that the verifier belongs to.
struct Behind {
  std::shared_ptr<pki::LiveCredentials> own;
  std::shared_ptr<TlsMemory> memory;
  std::shared_ptr<pki::PeerJudge> judge;  // nullptr: every server of the CA passes
};

// The chain was verified before this is called.
class ExactIdentityVerifier final : public ExternalCertificateVerifier {
 public:
  explicit ExactIdentityVerifier(Behind behind) : behind_(std::move(behind)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)> /*callback*/,
              grpc::Status* sync_status) override {
    const auto names = request->uri_names();
    const grpc::string_ref wanted = request->target_name();
    if (names.size() != 1 ||
        !IsWantedPeer({wanted.data(), wanted.size()}, {names[0].data(), names[0].size()})) {
      const std::string shown = names.size() == 1
                                    ? "'" + std::string(names[0].data(), names[0].size()) + "'"
                                    : std::to_string(names.size()) + " URI names";
      *sync_status =
          grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                       base::Printable("the server's certificate is for " + shown + ", not for '" +
                                       std::string(wanted.data(), wanted.size()) + "'"));
    } else {
      const auto certificate = request->peer_cert();
      *sync_status =
          behind_.judge == nullptr
              ? grpc::Status::OK
              : ToGrpcStatus(behind_.judge->Judge({certificate.data(), certificate.size()}));
    }
    return true;
  }
  void Cancel(TlsCustomVerificationCheckRequest* /*request*/) override {}

 private:
  Behind behind_;
};

std::shared_ptr<grpc::ChannelCredentials> WithExactNames(
    grpc::experimental::TlsChannelCredentialsOptions& options, Behind behind) {
  options.watch_root_certs();
  options.set_verify_server_certs(true);
  // The name to check is not a host name, and calls do not choose their own.
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      ExternalCertificateVerifier::Create<ExactIdentityVerifier>(std::move(behind)));
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

void ForceTls13() {
  static std::once_flag once;
  std::call_once(once, [] {
    LoadConfiguration();
    CheckObeyed();
    gpr_set_log_function(&LogGrpc);
    // gRPC's locks are not ours to debug, and Debian's build looks for cycles at each of them.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  });
}

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(
    std::shared_ptr<pki::LiveCredentials> own, std::shared_ptr<pki::PeerJudge> judge) {
  ForceTls13();
  auto memory = std::make_shared<TlsMemory>(*own->Get());
  own->Follow([memory](const pki::Credentials& present) { memory->Put(present); });
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(memory->MakeProvider());
  options.watch_identity_key_cert_pairs();
  return WithExactNames(options,
                        {.own = std::move(own), .memory = memory, .judge = std::move(judge)});
}

std::shared_ptr<grpc::ChannelCredentials> MakeTrustingCredentials(const std::string& ca_pem) {
  ForceTls13();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<StaticDataCertificateProvider>(ca_pem));
  return WithExactNames(options, {});
}

}  // namespace zoowarden::rpc
