#include "zknet/four_letter.h"

#include "base/check.h"

namespace zoowarden::zknet {
namespace {

constexpr std::size_t kMaxReply = 1U << 20U;

}  // namespace

base::Result<std::string> FourLetter(const Endpoint& endpoint,
                                     std::string_view word,
                                     std::chrono::milliseconds timeout) {
  ZW_CHECK(word.size() == 4, "a four-letter word has four letters");
  ZW_ASSIGN(Connection connection, Connection::Open(endpoint, timeout));
  ZW_TRY(connection.Send(word));
  return connection.ReceiveAll(kMaxReply);
}

}  // namespace zoowarden::zknet
