#include "rpc/enrolment.h"
#include "rpc/limits.h"
#include "rpc/listen.h"
#include "rpc/status.h"
#include "rpc/tls.h"
#include "zoowarden/v1/enrol.grpc.pb.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <mutex>
#include <utility>

namespace zoowarden::rpc {
namespace {

class EnrolHandlers final : public v1::EnrolService::Service {
 public:
  explicit EnrolHandlers(Enroller enroller) : enroller_(std::move(enroller)) {}

  grpc::Status Enrol(grpc::ServerContext* /*context*/,
                     const v1::EnrolRequest* request,
                     v1::EnrolResponse* reply) override {
    const std::lock_guard lock(mutex_);
    const auto enrolled = enroller_({.token_id = request->token_id(),
                                     .secret = request->secret(),
                                     .request_pem = request->request_pem()});
    if (!enrolled) {
      return ToGrpcStatus(enrolled.error());
    }
    reply->set_certificate_pem(enrolled->certificate_pem);
    reply->set_ca_pem(enrolled->ca_pem);
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  Enroller enroller_;
};

}  // namespace

base::Result<ServerHandle> StartEnrolment(const std::string& address,
                                          const pki::KeyPair& shown,
                                          Enroller enroller) {
  ForceTls13();
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          std::vector<grpc::experimental::IdentityKeyCertPair>{
              {.private_key = shown.key_pem, .certificate_chain = shown.certificate_pem}}));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  auto service = std::make_unique<EnrolHandlers>(std::move(enroller));
  ZW_ASSIGN(auto handle,
            Listen(address, grpc::experimental::TlsServerCredentials(options), {service.get()}));
  handle.Own(std::move(service));
  return handle;
}

}  // namespace zoowarden::rpc
