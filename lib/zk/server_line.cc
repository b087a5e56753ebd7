#include "zk/server_line.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace zoowarden::zk {
namespace {

template <typename T>
using Parsed = tl::expected<T, ServerLineError>;

// A part of the value together with its place.
struct Part {
  std::string_view text;
  std::size_t offset = 0;
};

tl::unexpected<ServerLineError> Wrong(const Part& part, std::string what) {
  return tl::unexpected<ServerLineError>({part.offset, std::move(what)});
}

std::vector<Part> SplitPart(const Part& part, char separator) {
  std::vector<Part> parts;
  std::size_t at = part.offset;
  for (const auto text : base::Split(part.text, separator)) {
    parts.push_back({text, at});
    at += text.size() + 1;
  }
  return parts;
}

// host:a:b with an IPv6 literal in brackets, as ConfigUtils.getHostAndPort splits it.
Parsed<std::vector<Part>> SplitAddress(const Part& part) {
  if (!part.text.starts_with('[')) {
    return SplitPart(part, ':');
  }
  const auto close = part.text.find(']');
  if (close == std::string_view::npos) {
    return Wrong(part, "'[' without a matching ']'");
  }
  std::vector<Part> parts = {{part.text.substr(1, close - 1), part.offset + 1}};
  const Part rest{part.text.substr(close + 1), part.offset + close + 1};
  if (rest.text.empty()) {
    return parts;
  }
  if (rest.text.front() != ':') {
    return Wrong(rest, "expected ':' after ']'");
  }
  const auto ports = SplitPart({rest.text.substr(1), rest.offset + 1}, ':');
  parts.insert(parts.end(), ports.begin(), ports.end());
  return parts;
}

Parsed<std::uint16_t> ParsePort(const Part& part) {
  const auto port = base::ParseUnsigned(part.text);
  if (!port || *port == 0 || *port > UINT16_MAX) {
    return Wrong(part, "'" + base::Printable(part.text, 40) + "' is not a port");
  }
  return static_cast<std::uint16_t>(*port);
}

Parsed<model::Role> ParseRolePart(const Part& part) {
  std::string name(base::Trim(part.text));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto role = model::ParseRole(name);
  if (!role) {
    return Wrong(part,
                 "'" + base::Printable(part.text, 40) + "' is neither participant nor observer");
  }
  return *role;
}

tl::expected<void, ServerLineError> AddAddress(const Part& part, ServerLine& line) {
  const auto parts = SplitAddress(part);
  if (!parts) {
    return tl::unexpected(parts.error());
  }
  if (parts->size() < 2 || parts->size() > 4 || parts->front().text.empty()) {
    return Wrong(part, "expected host:port:port or host:port:port:role");
  }
  const auto quorum = ParsePort(parts->at(1));
  if (!quorum) {
    return tl::unexpected(quorum.error());
  }
  QuorumAddress address{std::string(parts->front().text), *quorum, std::nullopt};
  if (parts->size() > 2) {
    const auto election = ParsePort(parts->at(2));
    if (!election) {
      return tl::unexpected(election.error());
    }
    address.election_port = *election;
  }
  line.addresses.push_back(std::move(address));
  if (parts->size() < 4) {
    return {};
  }
  const auto role = ParseRolePart(parts->at(3));
  if (!role) {
    return tl::unexpected(role.error());
  }
  if (line.role && *line.role != *role) {
    return Wrong(parts->at(3), "the addresses of one server have different roles");
  }
  line.role = *role;
  return {};
}

Parsed<ClientAddress> ParseClient(const Part& part) {
  const auto parts = SplitAddress(part);
  if (!parts) {
    return tl::unexpected(parts.error());
  }
  if (parts->size() > 2) {
    return Wrong(part, "expected port or host:port after ';'");
  }
  const auto port = ParsePort(parts->back());
  if (!port) {
    return tl::unexpected(port.error());
  }
  return ClientAddress{parts->size() == 2 ? std::string(parts->front().text) : "", *port};
}

std::string PrintHost(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

tl::expected<ServerLine, ServerLineError> ParseServerLine(std::string_view value) {
  const auto sides = SplitPart({value, 0}, ';');
  if (sides.size() > 2) {
    return Wrong(sides[2], "more than one ';'");
  }
  ServerLine line;
  for (const auto& address : SplitPart(sides[0], '|')) {
    if (const auto added = AddAddress(address, line); !added) {
      return tl::unexpected(added.error());
    }
  }
  if (sides.size() == 2) {
    auto client = ParseClient(sides[1]);
    if (!client) {
      return tl::unexpected(client.error());
    }
    line.client = *std::move(client);
  }
  return line;
}

std::string PrintServerLine(const ServerLine& line) {
  std::string text;
  for (const auto& address : line.addresses) {
    text += text.empty() ? "" : "|";
    text += PrintHost(address.host) + ":" + std::to_string(address.quorum_port);
    if (address.election_port) {
      text += ":" + std::to_string(*address.election_port);
      text += line.role ? ":" + std::string(model::RoleName(*line.role)) : "";
    }
  }
  if (line.client) {
    text += ";" + (line.client->host.empty() ? "" : PrintHost(line.client->host) + ":") +
            std::to_string(line.client->port);
  }
  return text;
}

}  // namespace zoowarden::zk
