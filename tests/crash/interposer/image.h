// The disk at the moment of a power cut, and calls of the kernel past the wrapped functions.
#pragma once

#include <cstdint>

namespace zoowarden::crash {

inline long Address(const void* pointer) {
  return static_cast<long>(reinterpret_cast<std::intptr_t>(pointer));
}

// As syscall() answers, without the wrapper of it.
long RawCall(long number, long a = 0, long b = 0, long c = 0, long d = 0);

// From now on each Moment of a sync is preceded by a copy of the image to `next`, whose digits then
// count up in place. Null: none.
void SetCuts(const char* image, char* next);

// Copies, and holds all other calls that sync until this one is done, so that what is copied is
// what the disk held at one moment.
class Moment {
 public:
  explicit Moment(bool of_sync);
  ~Moment();
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

 private:
  bool holds_ = false;
};

}  // namespace zoowarden::crash
