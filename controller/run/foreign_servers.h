// The agents of servers that Zoowarden did not install: what they find, and taking it over. Calls
// block until every asked agent answered or its deadline passed; one caller at a time.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "model/discovery.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

// Without an id any agent of the ensemble is spoken to; what it says must agree with its
// certificate all the same.
struct AgentAt {
  std::string address;  // HOST:PORT
  std::optional<model::ServerId> id;
};

// What was seen and approved; the agent refuses to adopt anything else.
struct ApprovedServer {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;
  std::string digest;
};

class ForeignServers {
 public:
  virtual ~ForeignServers() = default;
  // Which server each agent is of, by its certificate. In the order of the agents.
  virtual std::vector<base::Result<model::ServerId>> Identify() = 0;
  // In the same order.
  virtual std::vector<base::Result<model::Discovery>> Discover() = 0;
  // `agent` counts from 0 in that order.
  virtual base::Status Adopt(std::size_t agent,
                             const RunIdentity& run,
                             const ApprovedServer& approved) = 0;
};

}  // namespace zoowarden::controller
