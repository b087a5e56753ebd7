#include "zk/reply.h"

#include "base/text.h"

#include <algorithm>
#include <string>

namespace zoowarden::zk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Fail;

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7f;
}

}  // namespace

Error MalformedReply(std::string_view word, std::string_view what) {
  return {ErrorCode::kDataLoss,
          "zk.reply_malformed",
          "the reply to '" + std::string(word) + "' is malformed: " + base::Printable(what, 120)};
}

Error TruncatedReply(std::string_view word, std::string_view missing) {
  return {ErrorCode::kDataLoss,
          "zk.reply_truncated",
          "the reply to '" + std::string(word) + "' is cut short: no " + std::string(missing)};
}

base::Status CheckReply(std::string_view word, std::string_view reply) {
  if (base::Trim(reply).empty()) {
    return Fail(ErrorCode::kUnavailable,
                "zk.reply_empty",
                "the server closed the connection without answering '" + std::string(word) + "'");
  }
  if (std::any_of(reply.begin(), reply.end(), IsControl)) {
    return Fail(MalformedReply(word, "control characters"));
  }
  // StatCommand, MonitorCommand and the AdminServer all say exactly this.
  if (reply.starts_with("This ZooKeeper instance is not currently serving requests")) {
    return Fail(ErrorCode::kUnavailable,
                "zk.not_serving",
                "the server says that it is not currently serving requests");
  }
  if (reply.find("is not executed because it is not in the whitelist") != std::string_view::npos) {
    return Fail(ErrorCode::kPermissionDenied,
                "zk.word_refused",
                "the server refuses '" + std::string(word) +
                    "': allow it with 4lw.commands.whitelist in its configuration");
  }
  if (reply.back() != '\n') {
    return Fail(TruncatedReply(word, "end of line"));
  }
  return base::Ok();
}

}  // namespace zoowarden::zk
