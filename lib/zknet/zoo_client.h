// A ZooKeeper client pinned to one member, on libzookeeper: the znode canary, its read-back through
// each member, and the committed configuration. Debian's build has neither TLS nor SASL.
//
// One owner thread; every call has a deadline and blocks at most that long. Closing may take up to
// 3 s when the member has stopped reading (zookeeper_close flushes its queue). Nothing is logged.
//
// Errors: kDeadlineExceeded zk.timeout (unknown whether it happened), kUnavailable zk.closed (the
// connection or the session ended), kPermissionDenied zk.no_permission, kNotFound zk.no_node,
// kInternal zk.client_error.
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "zknet/connection.h"

#include <chrono>
#include <memory>
#include <string>

namespace zoowarden::zknet {

struct NodeRead {
  std::string data;
  model::Zxid modified;  // Stat.mzxid: the write that the data comes from
};

class ZooClient {
 public:
  // Returns when a session is made.
  [[nodiscard]] static base::Result<ZooClient> Connect(const Endpoint& member,
                                                       std::chrono::milliseconds timeout);
  ZooClient(ZooClient&& other) noexcept;
  ZooClient& operator=(ZooClient&& other) noexcept;
  ~ZooClient();

  // Sets `path`, creating it and its parents (open to everybody) where they are missing. Returns
  // the exact zxid of the write. Idempotent but for that zxid.
  [[nodiscard]] base::Result<model::Zxid> WriteCanary(const std::string& path,
                                                      const std::string& data,
                                                      std::chrono::milliseconds timeout);

  // Reads what this member has applied; it may be behind others.
  [[nodiscard]] base::Result<NodeRead> Read(const std::string& path,
                                            std::chrono::milliseconds timeout);

  // The text of /zookeeper/config as this member has it, for zk/committed_config.h. zk.no_node
  // before 3.5.
  [[nodiscard]] base::Result<std::string> CommittedConfig(std::chrono::milliseconds timeout);

 private:
  class Handle;
  explicit ZooClient(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace zoowarden::zknet
