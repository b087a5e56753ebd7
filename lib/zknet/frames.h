// The big-endian values and length-prefixed buffers that ZooKeeper's client protocol consists of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::zknet {

template <typename T>
void Put(std::string& out, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>((static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift)) &
                             0xffU);
  }
}

inline void PutBuffer(std::string& out, std::string_view bytes) {
  Put(out, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

// Reads from the front; after the first value that is not there, nothing is.
class FrameReader {
 public:
  explicit FrameReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T Take() {
    const auto raw = TakeBytes(sizeof(T));
    std::uint64_t value = 0;
    for (const char byte : raw) {
      value = (value << 8U) | static_cast<unsigned char>(byte);
    }
    return static_cast<T>(value);
  }
  // A buffer whose length is -1 (Java's null) is an empty one.
  std::string_view TakeBuffer() {
    const auto size = Take<std::int32_t>();
    if (size < -1) {
      good_ = false;
    }
    return size > 0 ? TakeBytes(static_cast<std::size_t>(size)) : std::string_view();
  }
  std::string_view TakeBytes(std::size_t size) {
    if (!good_ || size > bytes_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

}  // namespace zoowarden::zknet
