// Credentials in the form that gRPC's file watcher reads, without a file: it is the one way in
// which gRPC 1.51 takes new ones while it runs. For this component's .cc files (gRPC's headers).
//
// What the watcher finds half-written or not belonging together would end the good credentials. So
// it is given memory files only, in which checked ones are put. Key and certificate are in one
// file, which is exchanged at one stroke; the watcher reads it twice, and knows by its modification
// time, another for each, when it has read two. No key lies in a second place of a disk.
#pragma once

#include "pki/credentials.h"
#include "sys/fd.h"

#include <grpcpp/security/tls_certificate_provider.h>

#include <ctime>
#include <memory>
#include <mutex>
#include <string>

namespace zoowarden::rpc {

class TlsMemory {
 public:
  explicit TlsMemory(const pki::Credentials& first);

  // Thread-safe; new handshakes use them after two seconds at most.
  void Put(const pki::Credentials& credentials);

  // Reads what was Put, all its life; so this object must live as long. Ends with its last owner.
  [[nodiscard]] std::shared_ptr<grpc::experimental::CertificateProviderInterface> MakeProvider()
      const;

 private:
  class File {
   public:
    void Put(const std::string& content, std::time_t modified);
    [[nodiscard]] std::string path() const;

   private:
    sys::UniqueFd fd_;  // keeps its number, so the path stays
  };

  std::mutex mutex_;
  std::time_t modified_ = 1;
  File ca_;
  File identity_;  // key and certificate
};

}  // namespace zoowarden::rpc
