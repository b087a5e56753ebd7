// Reads what znodes are on one member, many at a time, as a client without credentials: data and
// ACL are turned into checksums here and go no further. Reads only; its session is the one
// transaction that it costs, and the end of it another.
//
// Blocking with a deadline for each call, one owner thread. Errors: those of raw_session.h and
// kPermissionDenied zk.authentication_required, for a member that lets nobody read without.
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "model/znode.h"
#include "zknet/raw_session.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::zknet {

struct ReadZnode {
  model::Znode znode;
  std::int32_t children = 0;  // how many it had
};

// The names below one znode, by their bytes; what the server sent is kept as it is.
class ChildNames {
 public:
  ChildNames() = default;
  // Malformed: nothing.
  [[nodiscard]] static std::optional<ChildNames> Parse(std::string body);

  [[nodiscard]] std::size_t size() const { return starts_.size(); }
  [[nodiscard]] std::string_view at(std::size_t index) const;

 private:
  std::string body_;
  std::vector<std::uint32_t> starts_;  // of each name's length, in order of the names
};

class ZnodeReader {
 public:
  // The member makes the session once it has applied `at_least`: before that it closes the
  // connection (zk.no_session), and this tries again until the time is up.
  [[nodiscard]] static base::Result<ZnodeReader> Open(const Endpoint& member,
                                                      model::Zxid at_least,
                                                      std::chrono::milliseconds timeout);

  // One for each path, in their order.
  [[nodiscard]] base::Result<std::vector<ReadZnode>> Read(std::span<const std::string> paths);
  // One for each path; empty for one that is not there any more or may not be read.
  [[nodiscard]] base::Result<std::vector<ChildNames>> Children(std::span<const std::string> paths);

  // How many paths are best asked for at once: fewer after large data, and for long, because the
  // member holds all of it in memory until it has been taken.
  [[nodiscard]] std::size_t Window() const;
  // The bytes of data that the window reckons with, 0 = nothing was read yet; for the reader after
  // this one.
  [[nodiscard]] std::size_t largest() const { return largest_; }
  void Expect(std::size_t largest) { largest_ = largest; }

  void Close() { session_.Close(); }

 private:
  explicit ZnodeReader(RawSession session) : session_(std::move(session)) {}
  // The reply to the oldest request; refuses those that no reading can go on from.
  [[nodiscard]] base::Result<RawSession::Reply> Next(std::int32_t xid);
  [[nodiscard]] base::Result<ReadZnode> Take(const std::string& path, std::int32_t xid);

  RawSession session_;
  std::size_t largest_ = 0;
};

}  // namespace zoowarden::zknet
