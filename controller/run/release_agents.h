// The controller's view of the releases that lie on the servers. The real one speaks gRPC; calls
// block until every asked agent answered or its deadline passed.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct ReleaseGeneration {
  std::string digest;
  bool current = false;
  bool needed = false;                   // by an open operation or the running process
  std::optional<std::int64_t> last_ran;  // seconds since 1970, 0 = not known when; none = never
};

enum class ReleaseKind {
  kUnpacked,
  kArchive,  // staged and never unpacked: its version is not known
  kAdopted,  // what ran before adoption: not ours to remove
  kUnknown,  // a generation that does not say which release it is of; none is removed meanwhile
};

struct InstalledRelease {
  ReleaseKind kind = ReleaseKind::kUnpacked;
  std::string name;  // "3.9.4-9418f5e1", "archive-9418f5e1", "3.8.6 (adopted)", "generation-DIGEST"
  std::string version;
  std::string sha512;
  std::uint64_t bytes = 0;
  std::uint32_t files = 0;
  std::vector<ReleaseGeneration> generations;
  std::string problem_reason;  // empty = none found
  std::string problem;
};

class ReleaseAgents {
 public:
  virtual ~ReleaseAgents() = default;

  // `verify`: every file is read and compared with what was unpacked.
  virtual std::vector<Answer<std::vector<InstalledRelease>>> GetReleases(bool verify) = 0;
  // `name` of an unpacked one, or the SHA-512 of an archive. The digests of the generations that
  // went with it.
  virtual base::Result<std::vector<std::string>> RemoveRelease(model::ServerId server,
                                                               const RunIdentity& run,
                                                               const std::string& name) = 0;
};

}  // namespace zoowarden::controller
