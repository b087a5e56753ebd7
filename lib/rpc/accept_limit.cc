#include "rpc/accept_limit.h"

#include "base/log.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <mutex>
#include <string>
#include <unordered_map>

namespace zoowarden::rpc {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kTellEvery{10};
constexpr std::chrono::milliseconds kForgetEvery{100};
// Who knocks faster than he is turned away does not keep gRPC's thread. Those who wait behind come
// in with the next caller, for whom gRPC is woken again: the agent's own look at its port is one.
constexpr int kMostInOneGo = 64;

// gRPC owns the descriptor and does not say when it closes it; the inode of a socket is its own.
struct Held {
  ino_t inode = 0;
  std::string address;
};
using HeldByFd = std::unordered_map<int, Held>;

ino_t InodeOf(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

std::string TextOf(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, address, text.data(), text.size()) == nullptr ? "unknown"
                                                                           : text.data();
}

class Door {
 public:
  void Set(const AcceptLimits& limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
    told_ = {};
    forgot_ = {};
    KeepSpare();
  }

  // As accept4; what is not admitted is closed, and the next one is taken. Throws nothing: it is
  // called from C.
  int Accept(int listener, sockaddr_storage& peer, socklen_t& size, int flags) noexcept {
    for (int turned_away = 0; turned_away < kMostInOneGo; ++turned_away) {
      size = sizeof(peer);
      const auto fd = static_cast<int>(::syscall(SYS_accept4, listener, &peer, &size, flags));
      const int why = errno;
      try {
        if (fd >= 0 && Admit(fd, CountedAs(peer))) {
          return fd;
        }
        if (fd < 0 && !MayGoOn(listener, why)) {
          return -1;
        }
      } catch (...) {  // no memory: this caller is turned away too
      }
      if (fd >= 0) {
        ::close(fd);
      }
    }
    errno = EAGAIN;
    return -1;
  }

  AcceptState Now() {
    const std::lock_guard lock(mutex_);
    AcceptState now{.not_admitted = not_admitted_, .without_descriptor = std::nullopt};
    if (want_began_) {
      now.without_descriptor =
          std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - *want_began_);
    }
    return now;
  }

  void NoteNoDescriptor() {
    const std::lock_guard lock(mutex_);
    want_began_ = want_began_.value_or(steady_clock::now());
  }

 private:
  enum class Why { kBounds, kNoDescriptor };

  // errno says what went wrong; sets what gRPC is to be told when it is to wait.
  bool MayGoOn(int listener, int why) {
    switch (why) {
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
        return true;
      case EMFILE:
      case ENFILE:
        return TurnOneAway(listener, why);
      case ENOBUFS:
      case ENOMEM:
        errno = EAGAIN;
        return false;
      default:
        errno = why;
        return false;
    }
  }

  // With the descriptor that is kept for this: else the caller would wait in the queue for ever.
  bool TurnOneAway(int listener, int why) {
    const std::lock_guard lock(mutex_);
    const bool spare = spare_.valid();
    spare_.Reset();
    sys::UniqueFd caller(
        spare ? static_cast<int>(::syscall(SYS_accept4, listener, nullptr, nullptr, SOCK_CLOEXEC))
              : -1);
    // The kernel takes a descriptor before it looks for a caller: there may be none.
    const bool nobody = spare && !caller.valid() && errno == EAGAIN;
    const bool turned_away = caller.valid();
    caller.Reset();
    KeepSpare();
    if (!nobody) {
      ++not_admitted_;
    }
    if (!nobody && why == EMFILE) {
      want_began_ = want_began_.value_or(steady_clock::now());
      Tell(Why::kNoDescriptor, "no descriptor is free; raise LimitNOFILE of this service");
    } else if (!nobody) {
      Tell(Why::kNoDescriptor, "the machine has no file free; raise fs.file-max");
    }
    errno = EAGAIN;
    return turned_away;
  }

  bool Admit(int fd, const std::string& address) {
    const std::lock_guard lock(mutex_);
    KeepSpare();
    want_began_.reset();  // a descriptor there was, whatever becomes of the caller
    if (const auto before = held_.find(fd); before != held_.end()) {
      Forget(before);
    }
    if (IsFull(address)) {
      ForgetClosed();
    }
    if (IsFull(address)) {
      ++not_admitted_;
      Tell(Why::kBounds,
           "there are " + std::to_string(held_.size()) + ", " + std::to_string(From(address)) +
               " of them from " + address);
      return false;
    }
    int& from = from_[address];
    held_.insert_or_assign(fd, Held{.inode = InodeOf(fd), .address = address});
    ++from;
    return true;
  }

  [[nodiscard]] int From(const std::string& address) const {
    const auto from = from_.find(address);
    return from == from_.end() ? 0 : from->second;
  }
  [[nodiscard]] bool IsFull(const std::string& address) const {
    return std::ssize(held_) >= limits_.connections || From(address) >= limits_.from_one_address;
  }

  // A call of the kernel for each: not for each of those who knock in vain.
  void ForgetClosed() {
    const auto now = steady_clock::now();
    if (now - forgot_ >= kForgetEvery) {
      forgot_ = now;
      for (auto each = held_.begin(); each != held_.end();) {
        each = InodeOf(each->first) == each->second.inode ? std::next(each) : Forget(each);
      }
    }
  }

  HeldByFd::iterator Forget(HeldByFd::iterator which) {
    if (const auto from = from_.find(which->second.address); --from->second == 0) {
      from_.erase(from);
    }
    return held_.erase(which);
  }

  void KeepSpare() {
    if (!spare_.valid()) {
      spare_ = sys::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
  }

  // Apart: who goes over the bounds all the time does not hide that there are no descriptors.
  void Tell(Why why, const std::string& words) {
    const auto now = steady_clock::now();
    auto& told = told_.at(static_cast<std::size_t>(why));
    if (!told || now - *told >= kTellEvery) {
      told = now;
      base::LogWarn("connections=refused " + words);
    }
  }

  std::mutex mutex_;
  AcceptLimits limits_;
  HeldByFd held_;
  std::unordered_map<std::string, int> from_;  // how many of them
  sys::UniqueFd spare_;
  std::uint64_t not_admitted_ = 0;
  std::optional<steady_clock::time_point> want_began_;
  std::array<std::optional<steady_clock::time_point>, 2> told_;  // by Why
  steady_clock::time_point forgot_;
};

// Never destroyed: gRPC's threads may still accept while the program ends.
Door& TheDoor() {
  static auto* const kDoor = new Door;
  return *kDoor;
}

}  // namespace

void SetAcceptLimits(const AcceptLimits& limits) { TheDoor().Set(limits); }

AcceptState AcceptsNow() { return TheDoor().Now(); }

void NoteNoDescriptor() { TheDoor().NoteNoDescriptor(); }

std::string CountedAs(const sockaddr_storage& caller) {
  if (caller.ss_family == AF_INET) {
    return TextOf(AF_INET, &reinterpret_cast<const sockaddr_in&>(caller).sin_addr);
  }
  if (caller.ss_family != AF_INET6) {
    return "unknown";
  }
  constexpr std::size_t kNetwork = 8;
  constexpr std::size_t kMapped = 12;
  in6_addr address = reinterpret_cast<const sockaddr_in6&>(caller).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    return TextOf(AF_INET, &address.s6_addr[kMapped]);
  }
  std::fill(std::begin(address.s6_addr) + kNetwork, std::end(address.s6_addr), 0);
  return TextOf(AF_INET6, &address) + "/64";
}

AcceptLimits UsualAcceptLimits() {
  AcceptLimits usual;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const auto half = static_cast<int>(std::min<rlim_t>(limit.rlim_cur / 2, 1U << 20U));
    usual.connections = std::min(usual.connections, half);
    usual.from_one_address = std::min(usual.from_one_address, (half + 1) / 2);
  }
  return usual;
}

}  // namespace zoowarden::rpc

// In the place of the C library's: the linker makes a program's own definition known to the
// libraries that it is linked with.
extern "C" int accept4(int listener, sockaddr* address, socklen_t* size, int flags) {
  sockaddr_storage peer{};
  socklen_t peer_size = 0;
  const int fd = zoowarden::rpc::TheDoor().Accept(listener, peer, peer_size, flags);
  if (fd >= 0 && address != nullptr && size != nullptr) {
    std::memcpy(address, &peer, std::min(*size, peer_size));
    *size = peer_size;
  }
  return fd;
}
