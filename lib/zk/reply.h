// What every four-letter-word reply has in common: the ways in which a server refuses to answer.
//
// Reasons: zk.not_serving (no quorum, still loading), zk.word_refused (not in
// 4lw.commands.whitelist), zk.reply_empty, zk.reply_truncated, zk.reply_malformed. Pure functions.
#pragma once

#include "base/error.h"

#include <string_view>

namespace zoowarden::zk {

// Fails for a refusal, an empty reply, control characters or a reply without its last newline;
// `word` names the command in the message.
[[nodiscard]] base::Status CheckReply(std::string_view word, std::string_view reply);

[[nodiscard]] base::Error MalformedReply(std::string_view word, std::string_view what);
[[nodiscard]] base::Error TruncatedReply(std::string_view word, std::string_view missing);

}  // namespace zoowarden::zk
