#include "zk/srvr.h"

#include "base/text.h"
#include "zk/reply.h"

#include <array>
#include <map>
#include <utility>

namespace zoowarden::zk {
namespace {

using base::Fail;
using base::Result;
using Fields = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kWord = "srvr";
constexpr std::string_view kReadOnlyLine = "READ-ONLY mode; serving only read-only clients";

struct ModeName {
  ServerMode mode;
  std::string_view name;
};
constexpr std::array<ModeName, 5> kModeNames = {{{ServerMode::kLeader, "leader"},
                                                 {ServerMode::kFollower, "follower"},
                                                 {ServerMode::kObserver, "observer"},
                                                 {ServerMode::kStandalone, "standalone"},
                                                 {ServerMode::kReadOnly, "read-only"}}};

struct Lines {
  Fields fields;
  bool read_only = false;
};

Result<Lines> CollectLines(std::string_view reply) {
  Lines lines;
  bool in_clients = false;  // `stat` lists its clients between "Clients:" and an empty line
  for (std::string_view line : base::Split(reply, '\n')) {
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (in_clients || line.empty()) {
      in_clients = in_clients && !line.empty();
      continue;
    }
    if (line == kReadOnlyLine) {
      lines.read_only = true;
      continue;
    }
    if (line == "Clients:") {
      in_clients = true;
      continue;
    }
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos || colon == 0) {
      return Fail(MalformedReply(kWord, line));
    }
    if (!lines.fields.emplace(line.substr(0, colon), line.substr(colon + 2)).second) {
      return Fail(MalformedReply(kWord, "twice: " + std::string(line)));
    }
  }
  return lines;
}

Result<std::string> Field(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  if (found == fields.end()) {
    return Fail(TruncatedReply(kWord, "'" + std::string(name) + "'"));
  }
  return found->second;
}

Result<std::uint64_t> Number(const Fields& fields, std::string_view name) {
  ZW_ASSIGN(const std::string text, Field(fields, name));
  const auto value = base::ParseUnsigned(text);
  if (!value) {
    return Fail(MalformedReply(kWord, std::string(name) + ": " + text));
  }
  return *value;
}

// A request is counted after it was handed on and may be done by then, so that the count is -1 for
// a moment (ZooKeeperServer.submitRequest, apache/zookeeper); the rest of the reply is as good.
Result<std::uint64_t> Outstanding(const Fields& fields) {
  ZW_ASSIGN(const std::string text, Field(fields, "Outstanding"));
  if (text.starts_with('-') && base::ParseUnsigned(text.substr(1))) {
    return 0;
  }
  return Number(fields, "Outstanding");
}

Result<model::Zxid> ZxidField(const Fields& fields) {
  ZW_ASSIGN(const std::string text, Field(fields, "Zxid"));
  const auto value =
      text.starts_with("0x") ? base::ParseUnsigned(text.substr(2), 16) : std::nullopt;
  // Negative numbers are the servers' "nothing here" (a database without autocreate is at -1).
  if (!value || *value > INT64_MAX) {
    return Fail(MalformedReply(kWord, "Zxid: " + text));
  }
  return model::Zxid{*value};
}

bool IsLatency(std::string_view text) {
  const auto parts = base::Split(text, '/');
  if (parts.size() != 3) {
    return false;
  }
  for (const auto part : parts) {
    if (part.empty() || part.find_first_not_of("0123456789.") != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

Result<ServerMode> ModeField(const Lines& lines) {
  ZW_ASSIGN(const std::string text, Field(lines.fields, "Mode"));
  const auto mode = ParseServerMode(text);
  if (!mode || (lines.read_only && *mode != ServerMode::kReadOnly)) {
    return Fail(
        MalformedReply(kWord, "Mode: " + text + (lines.read_only ? " while READ-ONLY" : "")));
  }
  return *mode;
}

}  // namespace

std::string_view ServerModeName(ServerMode mode) {
  for (const auto& entry : kModeNames) {
    if (entry.mode == mode) {
      return entry.name;
    }
  }
  return "read-only";
}

std::optional<ServerMode> ParseServerMode(std::string_view name) {
  for (const auto& entry : kModeNames) {
    if (entry.name == name) {
      return entry.mode;
    }
  }
  return std::nullopt;
}

Result<SrvrReply> ParseSrvr(std::string_view text) {
  ZW_TRY(CheckReply(kWord, text));
  ZW_ASSIGN(const Lines lines, CollectLines(text));
  SrvrReply reply;
  ZW_ASSIGN(reply.version_text, Field(lines.fields, "Zookeeper version"));
  const auto version = model::ParseVersion(reply.version_text);
  if (!version) {
    return Fail(MalformedReply(kWord, "Zookeeper version: " + reply.version_text));
  }
  reply.version = *version;
  ZW_ASSIGN(reply.latency, Field(lines.fields, "Latency min/avg/max"));
  if (!IsLatency(reply.latency)) {
    return Fail(MalformedReply(kWord, "Latency min/avg/max: " + reply.latency));
  }
  ZW_ASSIGN(reply.received, Number(lines.fields, "Received"));
  ZW_ASSIGN(reply.sent, Number(lines.fields, "Sent"));
  ZW_ASSIGN(reply.connections, Number(lines.fields, "Connections"));
  ZW_ASSIGN(reply.outstanding, Outstanding(lines.fields));
  ZW_ASSIGN(reply.zxid, ZxidField(lines.fields));
  ZW_ASSIGN(reply.mode, ModeField(lines));
  ZW_ASSIGN(reply.node_count, Number(lines.fields, "Node count"));
  return reply;
}

std::string PrintSrvr(const SrvrReply& reply) {
  std::string text = "Zookeeper version: " + reply.version_text + "\n";
  if (reply.mode == ServerMode::kReadOnly) {
    text += std::string(kReadOnlyLine) + "\n";
  }
  text += "Latency min/avg/max: " + reply.latency + "\n";
  text += "Received: " + std::to_string(reply.received) + "\n";
  text += "Sent: " + std::to_string(reply.sent) + "\n";
  text += "Connections: " + std::to_string(reply.connections) + "\n";
  text += "Outstanding: " + std::to_string(reply.outstanding) + "\n";
  text += "Zxid: " + reply.zxid.ToString() + "\n";
  text += "Mode: " + std::string(ServerModeName(reply.mode)) + "\n";
  text += "Node count: " + std::to_string(reply.node_count) + "\n";
  return text;
}

}  // namespace zoowarden::zk
