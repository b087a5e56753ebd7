#include "zk/txn_log.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace zoowarden::zk {
namespace {

constexpr std::array<unsigned char, 8> kLogMagic = {'Z', 'K', 'L', 'G', 0, 0, 0, 2};
constexpr std::array<unsigned char, 4> kSnapshotMagic = {'Z', 'K', 'S', 'N'};
constexpr std::array<unsigned char, 2> kGzipMagic = {0x1f, 0x8b};
constexpr std::array<unsigned char, 8> kSnappyMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::array<unsigned char, 5> kSnapshotSeal = {0, 0, 0, 1, '/'};
constexpr unsigned char kEndOfRecord = 'B';

template <typename T>
T ReadBigEndian(Bytes bytes, std::size_t offset) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>((value << 8U) | bytes[offset + i]);
  }
  return static_cast<T>(value);
}

template <std::size_t N>
bool BeginsWith(Bytes bytes, const std::array<unsigned char, N>& magic) {
  return bytes.size() >= N && std::equal(magic.begin(), magic.end(), bytes.begin());
}

std::optional<model::Zxid> ParseHexSuffix(std::string_view text) {
  const auto value = base::ParseUnsigned(text, 16);
  return value ? std::optional(model::Zxid{*value}) : std::nullopt;
}

}  // namespace

bool IsLogHeader(Bytes bytes) { return BeginsWith(bytes, kLogMagic); }

std::uint32_t Adler32(Bytes bytes) {
  constexpr std::uint32_t kModulo = 65521;
  constexpr std::size_t kBlock = 5552;  // the sums cannot overflow within so many bytes
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  while (!bytes.empty()) {
    const auto block = bytes.first(std::min(kBlock, bytes.size()));
    for (const auto byte : block) {
      a += byte;
      b += a;
    }
    a %= kModulo;
    b %= kModulo;
    bytes = bytes.subspan(block.size());
  }
  return (b << 16U) | a;
}

LogItem DecodeLogEntry(Bytes bytes) {
  if (bytes.size() < kLogEntryPrefix) {
    return LogEof{};
  }
  const auto checksum = ReadBigEndian<std::uint64_t>(bytes, 0);
  const auto length = ReadBigEndian<std::int32_t>(bytes, 8);
  if (checksum == 0 && length == 0) {
    return LogPadding{};
  }
  if (length < static_cast<std::int32_t>(kTxnHeaderSize) ||
      length > static_cast<std::int32_t>(kMaxTxnSize)) {
    return LogPartial{"a length of " + std::to_string(length), 0};
  }
  const auto body_size = static_cast<std::size_t>(length);
  const std::size_t size = kLogEntryPrefix + body_size + 1;
  if (bytes.size() < size) {
    return LogPartial{"the entry is cut", size};
  }
  if (bytes[size - 1] != kEndOfRecord) {
    return LogPartial{"no end mark", 0};
  }
  const auto body = bytes.subspan(kLogEntryPrefix, body_size);
  if (Adler32(body) != checksum) {
    return LogPartial{"wrong checksum", 0};
  }
  return LogEntry{.session_id = ReadBigEndian<std::int64_t>(body, 0),
                  .cxid = ReadBigEndian<std::int32_t>(body, 8),
                  .zxid = {ReadBigEndian<std::uint64_t>(body, 12)},
                  .time_ms = ReadBigEndian<std::int64_t>(body, 20),
                  .type = ReadBigEndian<std::int32_t>(body, 28),
                  .checksum = static_cast<std::uint32_t>(checksum),
                  .size = size};
}

std::optional<model::Zxid> ZxidOfLogName(std::string_view name) {
  return name.starts_with("log.") ? ParseHexSuffix(name.substr(4)) : std::nullopt;
}

std::optional<SnapshotName> ParseSnapshotName(std::string_view name) {
  constexpr std::string_view kPrefix = "snapshot.";
  if (!name.starts_with(kPrefix)) {
    return std::nullopt;
  }
  name.remove_prefix(kPrefix.size());
  const auto plain = name.substr(0, name.find('.'));
  const auto suffix = name.substr(plain.size());
  const auto zxid = ParseHexSuffix(plain);
  if (!zxid || !(suffix.empty() || suffix == ".gz" || suffix == ".snappy")) {
    return std::nullopt;
  }
  return SnapshotName{*zxid, !suffix.empty()};
}

bool IsSnapshotHead(std::string_view name, Bytes first_bytes) {
  if (name.ends_with(".gz")) {
    return BeginsWith(first_bytes, kGzipMagic);
  }
  if (name.ends_with(".snappy")) {
    return BeginsWith(first_bytes, kSnappyMagic);
  }
  return BeginsWith(first_bytes, kSnapshotMagic);
}

bool IsSnapshotTail(Bytes last_bytes) {
  return last_bytes.size() >= kSnapshotSeal.size() &&
         std::equal(kSnapshotSeal.begin(), kSnapshotSeal.end(), last_bytes.end() - 5);
}

}  // namespace zoowarden::zk
