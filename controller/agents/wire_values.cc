#include "controller/agents/wire_values.h"

#include "base/text.h"

#include <algorithm>
#include <limits>

namespace zoowarden::controller {

namespace {

bool IsIdentifierCharacter(char c) {
  constexpr std::string_view kPunctuation = "._:/@+-";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kPunctuation.find(c) != std::string_view::npos;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

base::Error BadWireValue(std::string_view field, std::string_view why) {
  return {base::ErrorCode::kDataLoss,
          "wire.bad_value",
          "the agent's answer cannot be used: " + std::string(field) + " " + std::string(why) +
              "; compare the versions of agent and controller"};
}

base::Status CheckIdentifier(std::string_view field, std::string_view text) {
  if (text.size() > kMaxIdentifier) {
    return base::Fail(BadWireValue(field, "is too long"));
  }
  if (!std::all_of(text.begin(), text.end(), IsIdentifierCharacter)) {
    return base::Fail(BadWireValue(field, "holds a character that no name has"));
  }
  return base::Ok();
}

base::Status NeedIdentifier(std::string_view field, std::string_view text) {
  if (text.empty()) {
    return base::Fail(BadWireValue(field, "is empty"));
  }
  return CheckIdentifier(field, text);
}

base::Status CheckExactText(std::string_view field, std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    return base::Fail(BadWireValue(field, "is too long"));
  }
  if (std::any_of(text.begin(), text.end(), IsControl)) {
    return base::Fail(BadWireValue(field, "holds control characters"));
  }
  return base::Ok();
}

base::Result<std::uint16_t> CheckPort(std::string_view field, std::uint32_t port) {
  if (port > 65'535) {
    return base::Fail(BadWireValue(field, "is " + std::to_string(port) + ", not a port"));
  }
  return static_cast<std::uint16_t>(port);
}

base::Result<std::int64_t> CheckUnixTime(std::string_view field, std::int64_t seconds) {
  constexpr std::int64_t kLastSecond = 253'402'300'799;
  if (seconds < 0 || seconds > kLastSecond) {
    return base::Fail(BadWireValue(field, "is no time"));
  }
  return seconds;
}

base::Status CheckCount(std::string_view field, std::size_t count, std::size_t limit) {
  if (count > limit) {
    return base::Fail(BadWireValue(field, "has " + std::to_string(count) + " entries"));
  }
  return base::Ok();
}

std::uint32_t WireMilliseconds(std::chrono::milliseconds duration) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(duration.count(), 0, kMost));
}

std::string ShownText(const std::string& text) { return base::Printable(text, kMaxText); }

}  // namespace zoowarden::controller
