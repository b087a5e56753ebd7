#include "tests/crash/interposer/image.h"

#include <asm/unistd.h>
#include <dlfcn.h>

#include <atomic>

namespace zoowarden::crash {
namespace {

constexpr int kHere = -100;
constexpr int kCloseOnExec = 02000000;
constexpr int kCreateToWrite = 0100 | 01;
constexpr int kSeekSet = 0;
constexpr int kSeekEnd = 2;
constexpr int kSeekData = 3;
constexpr int kSeekHole = 4;

const char* image = nullptr;
char* next_cut = nullptr;
std::atomic_flag busy = ATOMIC_FLAG_INIT;

// The holes stay holes: an image is mostly empty.
void CopyImage() {
  const long source = RawCall(__NR_openat, kHere, Address(image), kCloseOnExec);
  const long target =
      RawCall(__NR_openat, kHere, Address(next_cut), kCreateToWrite | kCloseOnExec, 0600);
  const long end = RawCall(__NR_lseek, source, 0, kSeekEnd);
  for (long at = 0; (at = RawCall(__NR_lseek, source, at, kSeekData)) >= 0;) {
    const long hole = RawCall(__NR_lseek, source, at, kSeekHole);
    RawCall(__NR_lseek, source, at, kSeekSet);
    RawCall(__NR_lseek, target, at, kSeekSet);
    while (at < hole) {
      const long sent = RawCall(__NR_sendfile, target, source, 0, hole - at);
      if (sent <= 0) {
        break;
      }
      at += sent;
    }
  }
  RawCall(__NR_ftruncate, target, end);
  RawCall(__NR_close, source);
  RawCall(__NR_close, target);
}

// ".../0041.img" → ".../0042.img", in place.
void Advance() {
  char* digit = next_cut;
  while (*digit != '\0') {
    ++digit;
  }
  digit -= 5;  // before ".img"
  while (++*digit > '9') {
    *digit-- = '0';
  }
}

}  // namespace

long RawCall(long number, long a, long b, long c, long d) {
  static std::atomic<void*> found{nullptr};
  void* real = found.load();
  if (real == nullptr) {
    found = real = dlsym(RTLD_NEXT, "syscall");
  }
  return reinterpret_cast<long (*)(long, ...)>(real)(number, a, b, c, d);
}

void SetCuts(const char* of_image, char* next) {
  image = next == nullptr ? nullptr : of_image;
  next_cut = next;
}

Moment::Moment(bool of_sync) : holds_(of_sync && image != nullptr) {
  if (!holds_) {
    return;
  }
  while (busy.test_and_set()) {
    RawCall(__NR_sched_yield);
  }
  CopyImage();
  Advance();
}

Moment::~Moment() {
  if (holds_) {
    busy.clear();
  }
}

}  // namespace zoowarden::crash
