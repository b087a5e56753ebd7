// The value of a `server.N` line: `host:quorum:election[:role]`, several of them separated by '|'
// (3.6 on), and after ';' the client address as `port` or `host:port` (3.5 on).
//
// Pure functions. QuorumServer.initializeWithAddressString is the source of the rules; 3.4 also
// takes a line without election port (host:quorum), which only its old election algorithm can use.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::zk {

struct QuorumAddress {
  std::string host;  // without the brackets of an IPv6 literal
  std::uint16_t quorum_port = 0;
  std::optional<std::uint16_t> election_port;
  bool operator==(const QuorumAddress&) const = default;
};

struct ClientAddress {
  std::string host;  // empty = not named, which means all addresses
  std::uint16_t port = 0;
  bool operator==(const ClientAddress&) const = default;
};

struct ServerLine {
  std::vector<QuorumAddress> addresses;  // at least one
  std::optional<model::Role> role;       // nullopt = not named, which means participant
  std::optional<ClientAddress> client;
  [[nodiscard]] model::Role EffectiveRole() const {
    return role.value_or(model::Role::kParticipant);
  }
  bool operator==(const ServerLine&) const = default;
};

struct ServerLineError {
  std::size_t offset = 0;  // of the faulty part in the value
  std::string what;
};

// Syntax only; what a release line accepts of it is decided in start_mode.h.
[[nodiscard]] tl::expected<ServerLine, ServerLineError> ParseServerLine(std::string_view value);
[[nodiscard]] std::string PrintServerLine(const ServerLine& line);

}  // namespace zoowarden::zk
