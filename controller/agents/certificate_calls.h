// The calls about agents' certificates: no part of any run, and not fenced.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "model/ids.h"

#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct CrlInUse {
  std::uint64_t number = 0;
  std::int64_t not_after = 0;  // seconds since 1970 (UTC)
};

class CertificateCalls {
 public:
  virtual ~CertificateCalls() = default;

  // To every agent; one answer a server, in the order of ensemble.yaml.
  virtual std::vector<Answer<CrlInUse>> PutCrl(const std::string& crl_pem) = 0;

  // A request (PEM) for a key that the agent made and keeps.
  virtual base::Result<std::string> RequestCertificate(model::ServerId server) = 0;
  // For the last request; gives the serial that is shown from then on.
  virtual base::Result<std::string> InstallCertificate(model::ServerId server,
                                                       const std::string& certificate_pem) = 0;
};

}  // namespace zoowarden::controller
