// Loaded before the C library (LD_PRELOAD): the wall clock and the disk of the program that it is
// loaded into are as a test says, from one moment to the next, and so is whether it gets threads.
// All other clocks go on undisturbed.
//
// ZOOWARDEN_CONDITIONS names a file of three numbers of 64 bits, which the test changes while the
// program runs: seconds that the wall clock is ahead, milliseconds that each sync takes longer, and
// whether the machine has no thread and no process left to give.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

struct Conditions {
  std::int64_t seconds_ahead = 0;
  std::int64_t sync_milliseconds = 0;
  std::int64_t threads_used_up = 0;
};

const volatile Conditions kNone{};
const volatile Conditions* now = &kNone;

[[gnu::constructor]] void Open() {
  const char* name = std::getenv("ZOOWARDEN_CONDITIONS");
  const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return;
  }
  void* shown = mmap(nullptr, sizeof(Conditions), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (shown != MAP_FAILED) {
    now = static_cast<const volatile Conditions*>(shown);
  }
}

template <typename F>
F* Real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

void Delay() {
  const std::int64_t milliseconds = now->sync_milliseconds;
  timespec left{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  while (milliseconds > 0 && nanosleep(&left, &left) != 0) {
  }
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static auto* const real = Real<int(clockid_t, timespec*)>("clock_gettime");
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    time->tv_sec += now->seconds_ahead;
  }
  return result;
}

extern "C" int gettimeofday(timeval* time, void* zone) noexcept {
  static auto* const real = Real<int(timeval*, void*)>("gettimeofday");
  const int result = real(time, zone);
  if (result == 0) {
    time->tv_sec += now->seconds_ahead;
  }
  return result;
}

extern "C" time_t time(time_t* result) noexcept {
  static auto* const real = Real<time_t(time_t*)>("time");
  const time_t ahead = real(nullptr) + now->seconds_ahead;
  if (result != nullptr) {
    *result = ahead;
  }
  return ahead;
}

// Abseil, below gRPC, waits in the kernel until a time of the wall clock.
extern "C" long syscall(long number, ...) noexcept {
  static auto* const real = Real<long(long, ...)>("syscall");
  va_list words;
  va_start(words, number);
  long word[6];
  for (long& one : word) {
    one = va_arg(words, long);
  }
  va_end(words);
  timespec until{};
  if (number == SYS_futex && (word[1] & FUTEX_CLOCK_REALTIME) != 0 && word[3] != 0) {
    until = *reinterpret_cast<const timespec*>(word[3]);
    until.tv_sec = std::max<std::int64_t>(until.tv_sec - now->seconds_ahead, 0);
    word[3] = reinterpret_cast<long>(&until);
  }
  return real(number, word[0], word[1], word[2], word[3], word[4], word[5]);
}

extern "C" int fsync(int file) {
  static auto* const real = Real<int(int)>("fsync");
  Delay();
  return real(file);
}

extern "C" int fdatasync(int file) {
  static auto* const real = Real<int(int)>("fdatasync");
  Delay();
  return real(file);
}

extern "C" int pthread_create(pthread_t* thread,
                              const pthread_attr_t* attributes,
                              void* (*run)(void*),
                              void* argument) noexcept {
  static auto* const real = Real<decltype(pthread_create)>("pthread_create");
  return now->threads_used_up != 0 ? EAGAIN : real(thread, attributes, run, argument);
}

extern "C" pid_t fork() noexcept {
  static auto* const real = Real<pid_t()>("fork");
  if (now->threads_used_up != 0) {
    errno = EAGAIN;
    return -1;
  }
  return real();
}
