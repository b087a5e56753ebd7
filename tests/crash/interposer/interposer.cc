// Loaded before the C library (LD_PRELOAD), it sees every call by which a program opens or changes
// files below some directories: the program's own, SQLite's and libarchive's. It logs them, lets
// the k-th of a kind fail, or copies the image of the disk before each one that makes something
// durable.
//
// No lock, no memory and no guarded static: waiting for a guard is a call of syscall(), which is
// wrapped here. No header that declares the wrapped functions is included where that can be helped:
// the declarations would disagree about exceptions.
#include "tests/crash/interposer/interposer.h"

#include "tests/crash/interposer/image.h"

#include <asm/unistd.h>
#include <dlfcn.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

extern "C" char* getenv(const char* name) noexcept;

namespace zoowarden::crash {
namespace {

using mode_t = unsigned int;
using off_t = long;
using ssize_t = long;

constexpr int kCreate = 0100;
constexpr int kTemporary = 020000000;
constexpr int kAppendToLog = 02000000 | 02000 | 0100 | 01;
constexpr int kHere = -100;
constexpr int kPass = -1;

struct IoVector {
  void* base;
  std::size_t length;
};

enum class Kind { kOpen, kWrite, kSync, kRename, kOther };
constexpr std::array<const char*, 5> kKinds = {"open", "write", "sync", "rename", "other"};

const char* below = nullptr;
const char* log_file = nullptr;
Kind failing = Kind::kOther;
long failing_at = 0;
int failing_with = 0;
std::array<std::atomic<long>, kKinds.size()> counts{};

// Text without the C library: a path, or a line for the log.
struct Text {
  std::array<char, 4200> bytes{};
  std::size_t size = 0;

  Text& Add(const char* more) {
    while (*more != '\0' && size + 1 < bytes.size()) {
      bytes[size++] = *more++;
    }
    bytes[size] = '\0';
    return *this;
  }
  Text& AddNumber(int number) {
    std::array<char, 12> digits{};
    std::size_t at = digits.size() - 1;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    return Add(&digits[at]);
  }
  Text& AddTarget(const char* link) {
    const long got = RawCall(__NR_readlinkat,
                             kHere,
                             Address(link),
                             Address(&bytes[size]),
                             static_cast<long>(bytes.size() - size - 1));
    size += got > 0 ? static_cast<std::size_t>(got) : 0;
    bytes[size] = '\0';
    return *this;
  }
};

bool StartsWith(const char*& text, const char* word) {
  const char* at = text;
  while (*word != '\0') {
    if (*at++ != *word++) {
      return false;
    }
  }
  text = at;
  return true;
}

long ReadNumber(const char*& text) {
  long number = 0;
  while (*text >= '0' && *text <= '9') {
    number = number * 10 + (*text++ - '0');
  }
  return number;
}

[[gnu::constructor]] void ReadEnvironment() {
  const char* fault = getenv(kIoFault);
  for (std::size_t i = 0; fault != nullptr && i < kKinds.size(); ++i) {
    if (StartsWith(fault, kKinds[i])) {
      failing = static_cast<Kind>(i);
      failing_at = ReadNumber(++fault);
      failing_with = static_cast<int>(ReadNumber(++fault));
    }
  }
  SetCuts(getenv(kIoImage), getenv(kIoNextCut));
  log_file = getenv(kIoLog);
  below = getenv(kIoBelow);
}

bool IsWatched(const char* path) {
  for (const char* entry = below; entry != nullptr && *entry != '\0';) {
    const char* at = path;
    while (*entry != '\0' && *entry != ':' && *entry == *at) {
      ++entry;
      ++at;
    }
    if ((*entry == '\0' || *entry == ':') && (*at == '\0' || *at == '/')) {
      return true;
    }
    while (*entry != '\0' && *entry++ != ':') {
    }
  }
  return false;
}

void WriteToLog(const Text& line) {
  if (log_file == nullptr) {
    return;
  }
  const long log = RawCall(__NR_openat, kHere, Address(log_file), kAppendToLog, 0600);
  RawCall(__NR_write, log, Address(line.bytes.data()), static_cast<long>(line.size));
  RawCall(__NR_close, log);
}

// kPass, or what is to happen instead: an errno, or 0 for half a write.
int Judge(Kind kind, const char* name, const char* path) {
  if (!IsWatched(path)) {
    return kPass;
  }
  const bool hit = ++counts[static_cast<std::size_t>(kind)] == failing_at && kind == failing;
  Text line;
  line.Add(hit ? "HIT " : "").Add(kKinds[static_cast<std::size_t>(kind)]).Add(" ").Add(name);
  WriteToLog(line.Add(" ").Add(path).Add("\n"));
  return hit ? failing_with : kPass;
}

int See(Kind kind, const char* name, int directory, const char* path) {
  if (below == nullptr || (directory < 0 && directory != kHere)) {
    return kPass;
  }
  const int kept = errno;
  Text whole;
  if (path == nullptr || *path != '/') {
    Text link;
    link.Add("/proc/self/");
    directory == kHere ? link.Add("cwd") : link.Add("fd/").AddNumber(directory);
    whole.AddTarget(link.bytes.data());
    whole.Add(path == nullptr ? "" : "/");
  }
  const int verdict = Judge(kind, name, whole.Add(path == nullptr ? "" : path).bytes.data());
  errno = kept;
  return verdict;
}

int See(Kind kind, const char* name, int descriptor) {
  return See(kind, name, descriptor, nullptr);
}

template <typename F>
F* Real(std::atomic<void*>& found, const char* name) {
  void* real = found.load();
  if (real == nullptr) {
    found = real = dlsym(RTLD_NEXT, name);
  }
  return reinterpret_cast<F*>(real);
}

}  // namespace
}  // namespace zoowarden::crash

using namespace zoowarden::crash;

#define ZW_REAL(type, name)                 \
  static std::atomic<void*> found{nullptr}; \
  auto* const real = Real<type>(found, #name)

#define ZW_WRAP_AS(result, none, name, kind, parameters, arguments, ...)   \
  extern "C" result name parameters {                                      \
    ZW_REAL(result parameters, name);                                      \
    if (const int error = See(kind, #name, __VA_ARGS__); error != kPass) { \
      errno = error;                                                       \
      return none;                                                         \
    }                                                                      \
    const Moment moment(kind == Kind::kSync);                              \
    return real arguments;                                                 \
  }
// The function's last words are where: a descriptor, or a directory and a path.
#define ZW_WRAP(name, kind, parameters, arguments, ...) \
  ZW_WRAP_AS(int, -1, name, kind, parameters, arguments, __VA_ARGS__)

ZW_WRAP(fsync, Kind::kSync, (int fd), (fd), fd)
ZW_WRAP(fdatasync, Kind::kSync, (int fd), (fd), fd)
ZW_WRAP(rename, Kind::kRename, (const char* from, const char* to), (from, to), kHere, to)
ZW_WRAP(renameat,
        Kind::kRename,
        (int from_in, const char* from, int to_in, const char* to),
        (from_in, from, to_in, to),
        to_in,
        to)
ZW_WRAP(renameat2,
        Kind::kRename,
        (int from_in, const char* from, int to_in, const char* to, unsigned int flags),
        (from_in, from, to_in, to, flags),
        to_in,
        to)

ZW_WRAP(mkdir, Kind::kOther, (const char* path, mode_t mode), (path, mode), kHere, path)
ZW_WRAP(mkdirat, Kind::kOther, (int in, const char* path, mode_t mode), (in, path, mode), in, path)
ZW_WRAP(rmdir, Kind::kOther, (const char* path), (path), kHere, path)
ZW_WRAP(remove, Kind::kOther, (const char* path), (path), kHere, path)
ZW_WRAP(unlink, Kind::kOther, (const char* path), (path), kHere, path)
ZW_WRAP(unlinkat, Kind::kOther, (int in, const char* path, int flags), (in, path, flags), in, path)
ZW_WRAP(link, Kind::kOther, (const char* from, const char* to), (from, to), kHere, to)
ZW_WRAP(linkat,
        Kind::kOther,
        (int from_in, const char* from, int to_in, const char* to, int flags),
        (from_in, from, to_in, to, flags),
        to_in,
        to)
ZW_WRAP(symlink, Kind::kOther, (const char* target, const char* path), (target, path), kHere, path)
ZW_WRAP(symlinkat,
        Kind::kOther,
        (const char* target, int in, const char* path),
        (target, in, path),
        in,
        path)
ZW_WRAP(truncate, Kind::kOther, (const char* path, off_t size), (path, size), kHere, path)
ZW_WRAP(ftruncate, Kind::kOther, (int fd, off_t size), (fd, size), fd)
ZW_WRAP(ftruncate64, Kind::kOther, (int fd, off_t size), (fd, size), fd)
ZW_WRAP(chmod, Kind::kOther, (const char* path, mode_t mode), (path, mode), kHere, path)
ZW_WRAP(fchmod, Kind::kOther, (int fd, mode_t mode), (fd, mode), fd)
ZW_WRAP(fchmodat,
        Kind::kOther,
        (int in, const char* path, mode_t mode, int flags),
        (in, path, mode, flags),
        in,
        path)

ZW_WRAP_AS(
    int, error, posix_fallocate64, Kind::kWrite, (int fd, off_t at, off_t size), (fd, at, size), fd)
ZW_WRAP(mkostemp64, Kind::kOpen, (char* name, int flags), (name, flags), kHere, name)
ZW_WRAP(__open64_2, Kind::kOpen, (const char* path, int flags), (path, flags), kHere, path)
ZW_WRAP(
    __openat64_2, Kind::kOpen, (int in, const char* path, int flags), (in, path, flags), in, path)
ZW_WRAP(mkstemp, Kind::kOpen, (char* name), (name), kHere, name)
ZW_WRAP(mkostemp, Kind::kOpen, (char* name, int flags), (name, flags), kHere, name)
ZW_WRAP_AS(char*, nullptr, mkdtemp, Kind::kOther, (char* name), (name), kHere, name)
ZW_WRAP_AS(FILE*,
           nullptr,
           fopen,
           Kind::kOpen,
           (const char* path, const char* mode),
           (path, mode),
           kHere,
           path)
ZW_WRAP_AS(FILE*,
           nullptr,
           fopen64,
           Kind::kOpen,
           (const char* path, const char* mode),
           (path, mode),
           kHere,
           path)
ZW_WRAP(__open_2, Kind::kOpen, (const char* path, int flags), (path, flags), kHere, path)
ZW_WRAP(__openat_2, Kind::kOpen, (int in, const char* path, int flags), (in, path, flags), in, path)

#define ZW_AND ,
// A mode follows only where a file may be made.
#define ZW_WRAP_OPEN(name, first, pass, in)                                    \
  extern "C" int name(first const char* path, int flags, ...) {                \
    ZW_REAL(int(first const char*, int, mode_t), name);                        \
    mode_t mode = 0;                                                           \
    if ((flags & (kCreate | kTemporary)) != 0) {                               \
      va_list rest;                                                            \
      va_start(rest, flags);                                                   \
      mode = va_arg(rest, mode_t);                                             \
      va_end(rest);                                                            \
    }                                                                          \
    if (const int error = See(Kind::kOpen, #name, in, path); error != kPass) { \
      errno = error;                                                           \
      return -1;                                                               \
    }                                                                          \
    return real(pass path, flags, mode);                                       \
  }
ZW_WRAP_OPEN(open, , , kHere)
ZW_WRAP_OPEN(open64, , , kHere)
ZW_WRAP_OPEN(openat, int in ZW_AND, in ZW_AND, in)
ZW_WRAP_OPEN(openat64, int in ZW_AND, in ZW_AND, in)

#define ZW_WRAP_WRITE(name, parameters, before, bytes, after)                     \
  extern "C" ssize_t name parameters {                                            \
    ZW_REAL(ssize_t parameters, name);                                            \
    const int verdict = See(Kind::kWrite, #name, fd);                             \
    if (verdict > 0) {                                                            \
      errno = verdict;                                                            \
      return -1;                                                                  \
    }                                                                             \
    return real(before, verdict == kPass || bytes < 2 ? bytes : bytes / 2 after); \
  }
ZW_WRAP_WRITE(write, (int fd, const void* data, std::size_t bytes), fd ZW_AND data, bytes, )
ZW_WRAP_WRITE(pwrite,
              (int fd, const void* data, std::size_t bytes, off_t at),
              fd ZW_AND data,
              bytes,
              ZW_AND at)
ZW_WRAP_WRITE(pwrite64,
              (int fd, const void* data, std::size_t bytes, off_t at),
              fd ZW_AND data,
              bytes,
              ZW_AND at)
ZW_WRAP_WRITE(sendfile,
              (int fd, int from, off_t* at, std::size_t bytes),
              fd ZW_AND from ZW_AND at,
              bytes, )

// Of several buffers half of the first one.
#define ZW_WRAP_WRITE_VECTOR(name, parameters, after)               \
  extern "C" ssize_t name parameters {                              \
    ZW_REAL(ssize_t parameters, name);                              \
    const int verdict = See(Kind::kWrite, #name, fd);               \
    if (verdict > 0) {                                              \
      errno = verdict;                                              \
      return -1;                                                    \
    }                                                               \
    if (verdict == kPass || count < 1) {                            \
      return real(fd, vector, count after);                         \
    }                                                               \
    const IoVector half = {vector->base, (vector->length + 1) / 2}; \
    return real(fd, &half, 1 after);                                \
  }
ZW_WRAP_WRITE_VECTOR(writev, (int fd, const IoVector* vector, int count), )
ZW_WRAP_WRITE_VECTOR(pwritev, (int fd, const IoVector* vector, int count, off_t at), ZW_AND at)
ZW_WRAP_WRITE_VECTOR(pwritev64, (int fd, const IoVector* vector, int count, off_t at), ZW_AND at)

// openat2 has no function of its own in the C library.
extern "C" long syscall(long number, ...) {
  ZW_REAL(long(long, ...), syscall);
  va_list rest;
  va_start(rest, number);
  std::array<long, 6> a{};
  for (long& value : a) {
    value = va_arg(rest, long);
  }
  va_end(rest);
  if (number == __NR_openat2) {
    const auto* path = reinterpret_cast<const char*>(a[1]);
    if (const int error = See(Kind::kOpen, "openat2", static_cast<int>(a[0]), path);
        error != kPass) {
      errno = error;
      return -1;
    }
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
