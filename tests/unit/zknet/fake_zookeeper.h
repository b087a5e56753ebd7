// The few frames of ZooKeeper's protocol that the tests play from the server's side.
#pragma once

#include "fake_server.h"

#include <cstdint>
#include <optional>
#include <string>

namespace zoowarden::zknet {

template <typename T>
std::string BigEndian(T value) {
  std::string out;
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift));
  }
  return out;
}

inline std::int64_t Number(const std::string& bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes.at(offset + i));
  }
  return static_cast<std::int64_t>(size == 4 ? static_cast<std::int32_t>(value)
                                             : static_cast<std::int64_t>(value));
}

inline std::string Frame(const std::string& body) {
  return BigEndian(static_cast<std::int32_t>(body.size())) + body;
}

inline std::string ConnectResponse(std::int64_t session_id, char read_only = '\0') {
  return BigEndian(std::int32_t{0}) + BigEndian(std::int32_t{4000}) + BigEndian(session_id) +
         BigEndian(std::int32_t{16}) + std::string(16, 'p') + read_only;
}

inline std::string ReplyHeader(std::int64_t xid, std::int64_t zxid, std::int32_t error) {
  return BigEndian(static_cast<std::int32_t>(xid)) + BigEndian(zxid) + BigEndian(error);
}

// The body of the next frame; nullopt when the client has gone.
inline std::optional<std::string> ReadFrame(const Peer& peer, const std::string& begun = "") {
  const auto prefix = begun + peer.Read(4 - begun.size());
  if (prefix.size() < 4) {
    return std::nullopt;
  }
  return peer.Read(static_cast<std::size_t>(Number(prefix, 0, 4)));
}

}  // namespace zoowarden::zknet
