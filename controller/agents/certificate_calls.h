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
};

}  // namespace zoowarden::controller
