#include "zk/properties.h"

#include "base/text.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace zoowarden::zk {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

// A configuration file is a few kilobytes; more is a wrong file.
constexpr std::size_t kMaxBytes = 1U << 20U;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\f'; }
bool IsLineEnd(char c) { return c == '\n' || c == '\r'; }

void AppendUtf8(std::string& text, std::uint32_t code) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0U | (code >> 6U));
    put(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    put(0xe0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3fU));
    put(0x80U | (code & 0x3fU));
  } else {
    put(0xf0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3fU));
    put(0x80U | ((code >> 6U) & 0x3fU));
    put(0x80U | (code & 0x3fU));
  }
}

// Reads one property after the other, following java.util.Properties.LineReader.
class Reader {
 public:
  Reader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  Result<std::vector<Property>> ReadAll() {
    std::vector<Property> properties;
    while (SkipToKey()) {
      Property property;
      property.line = line_;
      property.column = Column();
      ZW_ASSIGN(property.key, ReadKey());
      SkipSeparator();
      property.value_column = Column();
      ZW_ASSIGN(property.value, ReadValue());
      properties.push_back(std::move(property));
    }
    return properties;
  }

 private:
  [[nodiscard]] bool AtEnd() const { return at_ >= text_.size(); }
  [[nodiscard]] int Column() const { return static_cast<int>(at_ - line_begin_) + 1; }

  void SkipLineEnd() {
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
      ++at_;
    }
    ++at_;
    ++line_;
    line_begin_ = at_;
  }

  void SkipBlanks() {
    while (!AtEnd() && IsBlank(text_[at_])) {
      ++at_;
    }
  }

  // Joins a continued line to this one. False when the text at hand is not a continuation.
  bool SkipContinuation() {
    if (AtEnd() || text_[at_] != '\\') {
      return false;
    }
    if (at_ + 1 == text_.size()) {
      ++at_;  // a lone backslash at the end of the file is dropped
      return true;
    }
    if (!IsLineEnd(text_[at_ + 1])) {
      return false;
    }
    ++at_;
    SkipLineEnd();
    SkipBlanks();
    return true;
  }

  // Moves to the first character of the next key; false at the end of the text.
  bool SkipToKey() {
    while (!AtEnd()) {
      SkipBlanks();
      if (AtEnd()) {
        return false;
      }
      if (IsLineEnd(text_[at_])) {
        SkipLineEnd();
      } else if (text_[at_] == '#' || text_[at_] == '!') {
        while (!AtEnd() && !IsLineEnd(text_[at_])) {
          ++at_;
        }
      } else if (SkipContinuation()) {
        // Only a backslash so far: what follows belongs to this line, so it is no comment.
        if (!AtEnd() && !IsLineEnd(text_[at_])) {
          return true;
        }
      } else {
        return true;
      }
    }
    return false;
  }

  Result<std::string> ReadKey() {
    std::string key;
    while (!AtEnd() && !IsLineEnd(text_[at_])) {
      if (SkipContinuation()) {
        continue;
      }
      const char c = text_[at_];
      if (c == '=' || c == ':' || IsBlank(c)) {
        break;
      }
      ZW_TRY(ReadCharacter(key));
    }
    return key;
  }

  void SkipSeparator() {
    bool separator_seen = false;
    while (!AtEnd() && !IsLineEnd(text_[at_])) {
      if (IsBlank(text_[at_])) {
        ++at_;
      } else if (!separator_seen && (text_[at_] == '=' || text_[at_] == ':')) {
        separator_seen = true;
        ++at_;
      } else if (!SkipContinuation()) {
        return;
      }
    }
  }

  Result<std::string> ReadValue() {
    std::string value;
    while (!AtEnd() && !IsLineEnd(text_[at_])) {
      if (!SkipContinuation()) {
        ZW_TRY(ReadCharacter(value));
      }
    }
    return value;
  }

  base::Status ReadCharacter(std::string& out) {
    const char c = text_[at_++];
    if (c != '\\') {
      AppendUtf8(out, static_cast<unsigned char>(c));
      return base::Ok();
    }
    const char escaped = text_[at_++];
    switch (escaped) {
      case 't':
        out += '\t';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u':
        return ReadUnicode(out);
      default:
        AppendUtf8(out, static_cast<unsigned char>(escaped));
    }
    return base::Ok();
  }

  std::optional<std::uint32_t> FourDigits() {
    const auto unit =
        at_ + 4 <= text_.size() ? base::ParseUnsigned(text_.substr(at_, 4), 16) : std::nullopt;
    if (unit) {
      at_ += 4;
      return static_cast<std::uint32_t>(*unit);
    }
    return std::nullopt;
  }

  base::Status ReadUnicode(std::string& out) {
    const int column = Column() - 2;
    auto code = FourDigits();
    if (code && *code >= 0xd800 && *code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      const auto low = FourDigits();
      code = low && *low >= 0xdc00 && *low < 0xe000
                 ? std::optional(0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00))
                 : std::nullopt;
    }
    if (!code || (*code >= 0xd800 && *code < 0xe000)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "zoo_cfg.syntax",
                  std::string(name_) + ":" + std::to_string(line_) + ":" + std::to_string(column) +
                      ": malformed \\uXXXX escape");
    }
    AppendUtf8(out, *code);
    return base::Ok();
  }

  std::string_view text_;
  std::string_view name_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  int line_ = 1;
};

std::uint32_t NextCode(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const std::uint32_t first = byte(at);
  const std::size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  std::uint32_t code = more == 0 ? first : first & (0x3fU >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    code = (code << 6U) | (byte(at + i) & 0x3fU);
  }
  at += more + 1;
  return code;
}

void AppendUnicodeEscape(std::string& text, std::uint32_t code) {
  if (code >= 0x10000) {
    AppendUnicodeEscape(text, 0xd800 + ((code - 0x10000) >> 10U));
    AppendUnicodeEscape(text, 0xdc00 + ((code - 0x10000) & 0x3ffU));
    return;
  }
  const std::array<unsigned char, 2> bytes = {static_cast<unsigned char>(code >> 8U),
                                              static_cast<unsigned char>(code & 0xffU)};
  text += "\\u" + base::Hex(bytes);
}

// Which characters of a key or value need a backslash to stand for themselves.
bool NeedsBackslash(char c, bool is_key, bool first) {
  if (c == '\\') {
    return true;
  }
  if (c == ' ') {
    return is_key || first;
  }
  return is_key && (c == '=' || c == ':' || (first && (c == '#' || c == '!')));
}

// The letter after the backslash of a control character, 0 for those that have none.
char EscapeLetter(std::uint32_t code) {
  switch (code) {
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\f':
      return 'f';
    default:
      return 0;
  }
}

std::string Escape(std::string_view text, bool is_key) {
  std::string escaped;
  for (std::size_t at = 0; at < text.size();) {
    const bool first = at == 0;
    const std::uint32_t code = NextCode(text, at);
    if (const char letter = EscapeLetter(code); letter != 0) {
      escaped += '\\';
      escaped += letter;
    } else if (code < 0x20 || code >= 0x7f) {
      AppendUnicodeEscape(escaped, code);
    } else {
      const char c = static_cast<char>(code);
      escaped += NeedsBackslash(c, is_key, first) ? "\\" : "";
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

Result<std::vector<Property>> ParseProperties(std::string_view text, std::string_view name) {
  if (text.size() > kMaxBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "zoo_cfg.syntax",
                std::string(name) + ": larger than " + std::to_string(kMaxBytes) + " bytes");
  }
  return Reader(text, name).ReadAll();
}

std::string PrintProperties(const std::vector<Property>& properties) {
  std::string text;
  for (const auto& property : properties) {
    text += Escape(property.key, /*is_key=*/true) + "=" + Escape(property.value, /*is_key=*/false) +
            "\n";
  }
  return text;
}

}  // namespace zoowarden::zk
