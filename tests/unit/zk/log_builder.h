// Writes transaction log bytes as a server does, for round trips and damaged tails.
#pragma once

#include "zk/txn_log.h"

#include <cstdint>
#include <string>

namespace zoowarden::zk {

inline void PutBigEndian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU);
  }
}

inline std::string LogHeader() {
  std::string out = "ZKLG";
  PutBigEndian(out, 2, 4);
  PutBigEndian(out, 0, 8);
  return out;
}

inline Bytes AsBytes(const std::string& text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

inline std::string LogEntryBytes(const LogEntry& entry, const std::string& record) {
  std::string body;
  PutBigEndian(body, static_cast<std::uint64_t>(entry.session_id), 8);
  PutBigEndian(body, static_cast<std::uint32_t>(entry.cxid), 4);
  PutBigEndian(body, entry.zxid.value, 8);
  PutBigEndian(body, static_cast<std::uint64_t>(entry.time_ms), 8);
  PutBigEndian(body, static_cast<std::uint32_t>(entry.type), 4);
  body += record;
  std::string out;
  PutBigEndian(out, Adler32(AsBytes(body)), 8);
  PutBigEndian(out, body.size(), 4);
  return out + body + "B";
}

inline std::string LogEntryBytes(std::uint64_t zxid) {
  return LogEntryBytes({.zxid = {zxid}, .time_ms = 1, .type = 5}, "record");
}

}  // namespace zoowarden::zk
