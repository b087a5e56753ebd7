// The last transaction that is on a server's disk: what survives a power cut.
//
// Opens the newest transaction log and snapshot read-only and calls fdatasync on what it has read
// before it believes it: seeing an entry alone proves write(2), since another process reads the
// page cache. A restarted member may lose what it only holds in memory (ZOOKEEPER-4785, 3642,
// 3911).
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "zk/txn_log.h"

#include <cstdint>
#include <map>
#include <string>

namespace zoowarden::zk {

struct DurableZxid {
  model::Zxid zxid;      // max(last logged, newest valid snapshot); 0x0 when there is neither
  std::string evidence;  // "log.100000001 up to 0x10000002a, snapshot.0; both synced"
  bool found = false;    // any valid log entry or snapshot at all
  // The newest log holds bytes but no whole entry: `zxid` comes from older files and is only a
  // lower bound. Normal for a moment while a server writes; after a crash it may stay so.
  bool newest_log_torn = false;
};

// How far one log file has been read.
struct LogScan {
  std::uint64_t inode = 0;
  std::uint64_t offset = kLogHeaderSize;  // behind the last whole entry
  std::size_t last_size = 0;              // bytes of that entry, 0 = none yet
  std::uint32_t last_checksum = 0;
  model::Zxid last_zxid;
  bool torn = false;  // bytes that are no entry follow
};

// Keeps the offsets of the files it has read, so that repeated calls read only what is new.
// One owner thread. Never writes. Errors: kNotFound (zk.no_data) when a directory is missing,
// kUnavailable (zk.log_unreadable) when a file cannot be opened, synced or read.
class DurableZxidReader {
 public:
  // The server's dataDir and dataLogDir, without "version-2"; they may be the same.
  DurableZxidReader(std::string data_directory, std::string data_log_directory);

  [[nodiscard]] base::Result<DurableZxid> Read();

 private:
  base::Result<DurableZxid> ReadLogs();
  base::Status AddSnapshot(DurableZxid& durable) const;

  std::string snapshot_directory_;
  std::string log_directory_;
  std::map<std::string, LogScan> scans_;  // by file name
};

}  // namespace zoowarden::zk
