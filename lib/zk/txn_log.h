// ZooKeeper's transaction log and snapshot files as bytes: what was written, and where it ends.
//
// The format is the same from 3.4 to 3.9: a 16-byte header, then entries of checksum (Adler-32),
// length, TxnHeader and record, and a closing 'B'. Files are preallocated with zeros, so neither
// size nor time says anything, and a running server writes in chunks, so a cut entry is normal.
// Logged is not committed: the last zxid may go backwards after a truncation by a leader.
// Pure functions on bytes; durable_zxid.h reads the files.
#pragma once

#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace zoowarden::zk {

using Bytes = std::span<const unsigned char>;

inline constexpr std::size_t kLogHeaderSize = 16;
inline constexpr std::size_t kLogEntryPrefix = 12;  // checksum and length
inline constexpr std::size_t kTxnHeaderSize = 32;
// Far above jute.maxbuffer's default of 1 MiB; a larger length is taken for garbage.
inline constexpr std::size_t kMaxTxnSize = 64U << 20U;

struct LogEntry {
  std::int64_t session_id = 0;
  std::int32_t cxid = 0;
  model::Zxid zxid;
  std::int64_t time_ms = 0;
  std::int32_t type = 0;  // -10 createSession, -11 closeSession, -1 error, 1 create, 5 setData, ...
  std::uint32_t checksum = 0;
  std::size_t size = 0;  // bytes of the whole entry in the file
};
struct LogEof {};      // the file ends here
struct LogPadding {};  // preallocated zeros begin here
struct LogPartial {    // cut or damaged; read again later from the same offset
  std::string why;
  std::size_t wanted = 0;  // bytes that would be needed to decide, 0 = more would not help
};
using LogItem = std::variant<LogEntry, LogEof, LogPadding, LogPartial>;

// Is this the beginning of a transaction log ("ZKLG", version 2)?
[[nodiscard]] bool IsLogHeader(Bytes bytes);

// Decodes the entry at the beginning of `bytes`. LogEof and LogPartial are about these bytes: the
// caller, who knows whether the file has more, asks again with at least `wanted` bytes.
[[nodiscard]] LogItem DecodeLogEntry(Bytes bytes);

[[nodiscard]] std::uint32_t Adler32(Bytes bytes);

// "log.100000001" -> 0x100000001; nullopt for every other name.
[[nodiscard]] std::optional<model::Zxid> ZxidOfLogName(std::string_view name);

struct SnapshotName {
  model::Zxid zxid;
  bool compressed = false;  // .gz or .snappy (snapshot.compression.method, 3.6 on)
};
[[nodiscard]] std::optional<SnapshotName> ParseSnapshotName(std::string_view name);

// A plain snapshot begins with "ZKSN" and ends with 00 00 00 01 '/': the end is written last. Of a
// compressed one only the beginning can be looked at, which is all that ZooKeeper looks at, too.
[[nodiscard]] bool IsSnapshotHead(std::string_view name, Bytes first_bytes);
[[nodiscard]] bool IsSnapshotTail(Bytes last_bytes);

}  // namespace zoowarden::zk
