#include "rpc/server_credentials.h"

#include "rpc/gate.h"
#include "rpc/status.h"
#include "rpc/tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpcpp/support/status.h>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zoowarden::rpc {
namespace {

std::vector<std::string> Properties(const grpc_auth_context* context, const char* name) {
  std::vector<std::string> values;
  auto iterator = grpc_auth_context_find_properties_by_name(context, name);
  while (const auto* property = grpc_auth_property_iterator_next(&iterator)) {
    values.emplace_back(property->value, property->value_length);
  }
  return values;
}

std::string PathOf(const grpc_metadata* metadata, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (grpc_slice_str_cmp(metadata[i].key, ":path") == 0) {
      const grpc_slice& value = metadata[i].value;
      return {GRPC_SLICE_START_PTR(value), GRPC_SLICE_END_PTR(value)};
    }
  }
  return {};
}

// Lives as long as gRPC's own credentials: these end it.
struct Guard {
  std::shared_ptr<pki::LiveCredentials> own;
  Gate gate;
  std::mutex mutex;
  pki::LiveCredentials::Snapshot given;
};

grpc_ssl_certificate_config_reload_status Fetch(void* guard,
                                                grpc_ssl_server_certificate_config** config) {
  auto& own = *static_cast<Guard*>(guard);
  own.own->Refresh();
  const std::lock_guard lock(own.mutex);
  const auto present = own.own->Get();
  if (own.given == present) {
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  }
  const grpc_ssl_pem_key_cert_pair pair{.private_key = present->key_pem.c_str(),
                                        .cert_chain = present->certificate_pem.c_str()};
  *config = grpc_ssl_server_certificate_config_create(present->ca_pem.c_str(), &pair, 1);
  own.given = present;
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

// NOLINTNEXTLINE(readability-function-size): gRPC says what it is given.
void Process(void* guard,
             grpc_auth_context* context,
             const grpc_metadata* metadata,
             std::size_t count,
             grpc_process_auth_metadata_done_cb done,
             void* call) {
  auto& own = *static_cast<Guard*>(guard);
  own.own->Refresh();
  const auto certificates = Properties(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  const auto passed =
      own.gate.Check({.uris = Properties(context, GRPC_PEER_URI_PROPERTY_NAME),
                      .certificate_pem = certificates.size() == 1 ? certificates[0] : std::string(),
                      .method = PathOf(metadata, count)});
  const auto status = passed ? grpc::Status::OK : ToGateStatus(passed.error());
  done(call,
       nullptr,
       0,
       nullptr,
       0,
       static_cast<grpc_status_code>(status.error_code()),
       status.error_message().c_str());
}

class LiveServerCredentials final : public grpc::ServerCredentials {
 public:
  explicit LiveServerCredentials(std::unique_ptr<Guard> guard)
      : credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, &Fetch, guard.get()))) {
    grpc_server_credentials_set_auth_metadata_processor(
        credentials_,
        {.process = &Process,
         .destroy = [](void* state) { delete static_cast<Guard*>(state); },
         .state = guard.release()});
  }
  ~LiveServerCredentials() override { grpc_server_credentials_release(credentials_); }
  LiveServerCredentials(const LiveServerCredentials&) = delete;
  LiveServerCredentials& operator=(const LiveServerCredentials&) = delete;

  // The gate is part of them; nobody may put another in its place.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeLiveServerCredentials(
    std::shared_ptr<pki::LiveCredentials> own,
    std::shared_ptr<pki::PeerJudge> judge,
    RefusalSink on_refused) {
  ForceTls13();
  const std::string ensemble = own->Get()->identity.ensemble;
  return std::make_shared<LiveServerCredentials>(std::unique_ptr<Guard>(
      new Guard{.own = std::move(own),
                .gate = Gate(ensemble, std::move(judge), std::move(on_refused)),
                .mutex = {},
                .given = nullptr}));
}

}  // namespace zoowarden::rpc
