#include "zk/mntr.h"

#include "base/text.h"
#include "zk/reply.h"

#include <utility>

namespace zoowarden::zk {
namespace {

using base::Fail;
using base::Result;

constexpr std::string_view kWord = "mntr";

Result<std::string> Value(const MntrReply& reply, std::string_view name) {
  const auto found = reply.values.find(name);
  if (found == reply.values.end()) {
    return Fail(TruncatedReply(kWord, name));
  }
  return found->second;
}

}  // namespace

Result<MntrReply> ParseMntr(std::string_view text) {
  ZW_TRY(CheckReply(kWord, text));
  MntrReply reply;
  for (const auto line : base::Split(text, '\n')) {
    if (base::Trim(line).empty()) {
      continue;
    }
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos || !line.starts_with("zk_")) {
      return Fail(MalformedReply(kWord, line));
    }
    const auto [at, added] =
        reply.values.emplace(line.substr(0, tab), base::Trim(line.substr(tab + 1)));
    // A metric that is printed twice is the server's affair; what is decided on must be
    // unambiguous.
    if (!added && (at->first == "zk_version" || at->first == "zk_server_state" ||
                   at->first == "zk_peer_state")) {
      return Fail(MalformedReply(kWord, "twice: " + at->first));
    }
  }
  ZW_ASSIGN(const std::string version_text, Value(reply, "zk_version"));
  const auto version = model::ParseVersion(version_text);
  if (!version) {
    return Fail(MalformedReply(kWord, "zk_version " + version_text));
  }
  ZW_ASSIGN(const std::string state, Value(reply, "zk_server_state"));
  const auto mode = ParseServerMode(state);
  if (!mode) {
    return Fail(MalformedReply(kWord, "zk_server_state " + state));
  }
  reply.version = *version;
  reply.mode = *mode;
  if (const auto peer = reply.values.find("zk_peer_state"); peer != reply.values.end()) {
    reply.peer_state = peer->second;
  }
  return reply;
}

bool IsBroadcasting(std::string_view peer_state) {
  return peer_state == "leading - broadcast" || peer_state == "following - broadcast" ||
         peer_state == "observing - broadcast";
}

}  // namespace zoowarden::zk
