// A member that answers reads as a script says.
#pragma once

#include "fake_zookeeper.h"

#include <functional>
#include <string>
#include <utility>

namespace zoowarden::zknet {

inline constexpr std::int32_t kGetData = 4;
inline constexpr std::int32_t kGetAcl = 6;

inline std::string Buffer(const std::string& bytes) {
  return BigEndian(static_cast<std::int32_t>(bytes.size())) + bytes;
}

inline std::string StatOf(std::int64_t czxid, std::int32_t version, std::int32_t children = 0) {
  return BigEndian(czxid) + BigEndian(std::int64_t{9}) + BigEndian(std::int64_t{1}) +
         BigEndian(std::int64_t{2}) + BigEndian(version) + BigEndian(std::int32_t{5}) +
         BigEndian(std::int32_t{6}) + BigEndian(std::int64_t{0x77}) + BigEndian(std::int32_t{4}) +
         BigEndian(children) + BigEndian(std::int64_t{3});
}

inline const std::string kOpenAcl =
    BigEndian(std::int32_t{1}) + BigEndian(std::int32_t{31}) + Buffer("world") + Buffer("anyone");

// Answers every request as the script says: error and body, by type and path.
struct Member {
  struct Answer {
    std::int32_t error = 0;
    std::string body;
  };
  std::function<Answer(std::int32_t type, const std::string& path)> answer;
  int refuse_sessions = 0;
  std::string closes_at;  // a path: once, the connection ends instead of an answer
  std::int64_t last_seen = 0;

  void Serve(Peer peer) {
    const auto connect = ReadFrame(peer);
    if (!connect || connect->size() != 45) {
      return;
    }
    last_seen = Number(*connect, 4, 8);
    if (refuse_sessions > 0) {
      --refuse_sessions;
      return;
    }
    peer.Write(Frame(ConnectResponse(1)));
    while (const auto request = ReadFrame(peer)) {
      const auto type = static_cast<std::int32_t>(Number(*request, 4, 4));
      if (type == -11) {
        peer.Write(Frame(ReplyHeader(Number(*request, 0, 4), 1, 0)));
        return;
      }
      const auto size = static_cast<std::size_t>(Number(*request, 8, 4));
      const auto path = request->substr(12, size);
      if (!closes_at.empty() && path == closes_at) {
        closes_at.clear();
        return;
      }
      const auto said = answer(type, path);
      peer.Write(Frame(ReplyHeader(Number(*request, 0, 4), 0x10, said.error) + said.body));
    }
  }
};

}  // namespace zoowarden::zknet
