#include "agent/install/packed_stream.h"

#include "sys/digest.h"
#include "sys/errno_error.h"

#define ZLIB_CONST  // the input is not written to
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr int kGzipWindow = 16 + MAX_WBITS;
// Headers and padding of one entry, long names included.
constexpr std::uint64_t kEntryOverhead = 4096;
// What a small archive may unpack to whatever its ratio: tar pads with zeros to 10 KiB and more.
constexpr std::uint64_t kRatioFloor = 256 * 1024;

}  // namespace

struct PackedStream::Impl {
  int fd = -1;
  std::uint64_t ratio_bytes = 0;
  std::uint64_t most_bytes = 0;
  const ArchiveLimits limits;

  sys::Hasher hasher{sys::Hash::kSha512};
  std::array<char, kPieceBytes> packed{};
  std::string_view unread;  // of `packed`
  std::array<char, kPieceBytes> unpacked{};
  bool begun = false;
  bool gzip = false;
  bool gzip_ended = false;
  z_stream inflater{};
  std::uint64_t given = 0;
  std::uint64_t end_of_data = 0;

  Status Fill();
  Result<std::string_view> Inflate();
  Status Account(std::string_view piece);
};

Status PackedStream::Impl::Fill() {
  ssize_t got = 0;
  do {
    got = ::read(fd, packed.data(), packed.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return Fail(sys::ErrnoError("read", "the archive", errno));
  }
  unread = {packed.data(), static_cast<std::size_t>(got)};
  hasher.Update(unread);
  return Ok();
}

Result<std::string_view> PackedStream::Impl::Inflate() {
  inflater.next_out = reinterpret_cast<Bytef*>(unpacked.data());
  inflater.avail_out = static_cast<uInt>(unpacked.size());
  while (!gzip_ended && inflater.avail_out == unpacked.size()) {
    if (unread.empty()) {
      ZW_TRY(Fill());
    }
    if (unread.empty()) {
      return RefuseArchive("truncated", "it ends in the middle of its gzip data");
    }
    inflater.next_in = reinterpret_cast<const Bytef*>(unread.data());
    inflater.avail_in = static_cast<uInt>(unread.size());
    const int status = ::inflate(&inflater, Z_NO_FLUSH);
    unread.remove_prefix(unread.size() - inflater.avail_in);
    if (status != Z_OK && status != Z_STREAM_END) {
      return RefuseArchive("damaged", "its gzip data is damaged");
    }
    gzip_ended = status == Z_STREAM_END;
  }
  const std::string_view piece(unpacked.data(), unpacked.size() - inflater.avail_out);
  if (piece.empty()) {
    if (unread.empty()) {
      ZW_TRY(Fill());
    }
    if (!unread.empty()) {
      return RefuseArchive("trailing_data", "something follows its gzip data");
    }
  }
  return piece;
}

Status PackedStream::Impl::Account(std::string_view piece) {
  const auto data = piece.find_last_not_of('\0');
  if (data != std::string_view::npos) {
    end_of_data = given + data + 1;
  }
  given += piece.size();
  if (given > most_bytes) {
    return RefuseArchive("too_large",
                         "more than " + std::to_string(limits.bytes) + " bytes unpacked");
  }
  if (given > ratio_bytes) {
    return RefuseArchive(
        "ratio", "it unpacks to more than " + std::to_string(limits.ratio) + " times its size");
  }
  return Ok();
}

PackedStream::PackedStream(int fd, std::uint64_t archive_bytes, const ArchiveLimits& limits)
    : impl_(new Impl{.fd = fd,
                     .ratio_bytes = std::max(archive_bytes * limits.ratio, kRatioFloor),
                     .most_bytes = limits.bytes + limits.entries * kEntryOverhead,
                     .limits = limits}) {}

PackedStream::~PackedStream() {
  if (impl_->gzip) {
    ::inflateEnd(&impl_->inflater);
  }
}

Result<std::string_view> PackedStream::Next() {
  Impl& state = *impl_;
  if (!state.begun) {
    state.begun = true;
    ZW_TRY(state.Fill());
    if (state.unread.starts_with(kGzipMagic)) {
      state.gzip = ::inflateInit2(&state.inflater, kGzipWindow) == Z_OK;
      if (!state.gzip) {
        return Fail(base::ErrorCode::kResourceExhausted,
                    "no memory to unpack the archive; free some and stage it again");
      }
    }
  } else if (!state.gzip) {
    ZW_TRY(state.Fill());
  }
  if (!state.gzip) {
    ZW_TRY(state.Account(state.unread));
    return state.unread;
  }
  ZW_ASSIGN(const std::string_view piece, state.Inflate());
  ZW_TRY(state.Account(piece));
  return piece;
}

std::uint64_t PackedStream::given() const { return impl_->given; }
std::uint64_t PackedStream::end_of_data() const { return impl_->end_of_data; }
std::string PackedStream::FinishDigest() { return impl_->hasher.Finish(); }

}  // namespace zoowarden::agent
