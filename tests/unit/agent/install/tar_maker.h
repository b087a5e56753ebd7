// Tar archives made block by block, for what no archiver would write.
#pragma once

#include <zlib.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace zoowarden::agent {

struct TarEntry {
  std::string name;
  std::string content;
  char type = '0';
  unsigned int mode = 0644;
  std::string link;
  std::string size_field;  // raw, instead of the content's size
};

// One entry: header block and padded content.
inline std::string Tar(const TarEntry& entry) {
  constexpr std::size_t kBlock = 512;
  std::string header(kBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  const auto octal = [](unsigned long long value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%0*llo", digits, value);
    return std::string(text);
  };
  put(0, std::string_view(entry.name).substr(0, 100));
  put(100, octal(entry.mode, 7));
  put(108, "0000000");
  put(116, "0000000");
  put(124, entry.size_field.empty() ? octal(entry.content.size(), 11) : entry.size_field);
  put(136, "14000000000");
  put(148, "        ");
  header[156] = entry.type;
  put(157, std::string_view(entry.link).substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  put(329, "0000001");
  put(337, "0000002");
  unsigned int sum = 0;
  for (const unsigned char byte : header) {
    sum += byte;
  }
  put(148, octal(sum, 6) + std::string(1, '\0'));
  std::string padded = entry.content;
  padded.resize((padded.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return header + padded;
}

inline std::string TarEnd() { return std::string(10 * 1024, '\0'); }

// One record of a pax header, whose length counts itself.
inline std::string PaxRecord(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) {
    ++length;
  }
  return std::to_string(length) + rest;
}

// A pax header for the entry that follows.
inline std::string Pax(const std::string& records) {
  return Tar({.name = "pax", .content = records, .type = 'x'});
}

// Packs in pieces, so that gigabytes of zeros need no memory.
class Gzip {
 public:
  Gzip() { deflateInit2(&stream_, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY); }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  void Add(std::string_view bytes) { Deflate(bytes, Z_NO_FLUSH); }
  std::string Finish() {
    Deflate({}, Z_FINISH);
    return packed_;
  }

 private:
  void Deflate(std::string_view bytes, int flush) {
    char piece[16 * 1024];
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece);
      stream_.avail_out = sizeof piece;
      deflate(&stream_, flush);
      packed_.append(piece, sizeof piece - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  z_stream stream_{};
  std::string packed_;
};

inline std::string Packed(std::string_view bytes) {
  Gzip gzip;
  gzip.Add(bytes);
  return gzip.Finish();
}

}  // namespace zoowarden::agent
