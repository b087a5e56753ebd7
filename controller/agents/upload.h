// Sends one release archive to one agent in chunks, from where an earlier attempt ended.
//
// Blocks. Memory stays at one chunk. A connection that breaks is resumed as long as it makes
// progress; an agent that takes no chunk for 15 s ends the attempt.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace grpc {
class Channel;
}  // namespace grpc

namespace zoowarden::controller {

inline constexpr std::size_t kUploadChunkBytes = 64 * 1024;
// The same limit as the agent's.
inline constexpr std::uint64_t kMaxArchiveBytes = 1024ULL * 1024 * 1024;

struct UploadProgress {
  model::ServerId server;
  std::uint64_t sent = 0;
  std::uint64_t total = 0;
};

struct UploadJob {
  std::string ensemble;
  RunIdentity run;
  std::string path;  // the archive on this machine; empty = the agent fetches it itself
  std::string sha512;
  std::string version;
  std::function<void(std::uint64_t sent, std::uint64_t total)> on_progress;
};

// Without a path: asks the agent to take the archive from its own directories or mirrors, and waits
// for that; the agent bounds it. Does nothing when the agent has the archive or its release
// already.
[[nodiscard]] base::Status UploadArchive(const std::shared_ptr<grpc::Channel>& channel,
                                         const UploadJob& job);

}  // namespace zoowarden::controller
