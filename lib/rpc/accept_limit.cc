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
#include <mutex>
#include <string>
#include <vector>

namespace zoowarden::rpc {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kTellEvery{10};
constexpr std::chrono::milliseconds kForgetEvery{100};

// gRPC owns the descriptor and does not say when it closes it; the inode of a socket is its own.
struct Held {
  int fd = -1;
  ino_t inode = 0;
  std::string address;
};

ino_t InodeOf(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

std::string AddressOf(const sockaddr_storage& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* address = nullptr;
  if (peer.ss_family == AF_INET) {
    address = &reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
  } else if (peer.ss_family == AF_INET6) {
    address = &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
  }
  const bool known = address != nullptr &&
                     ::inet_ntop(peer.ss_family, address, text.data(), text.size()) != nullptr;
  return known ? text.data() : "unknown";
}

class Door {
 public:
  void Set(const AcceptLimits& limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
  }

  // As accept4; what is not admitted is closed, and the next one is taken.
  int Accept(int listener, sockaddr_storage& peer, socklen_t& size, int flags) {
    while (true) {
      size = sizeof(peer);
      const auto fd = static_cast<int>(::syscall(SYS_accept4, listener, &peer, &size, flags));
      if (fd >= 0 && Admit(fd, AddressOf(peer))) {
        return fd;
      }
      if (fd >= 0) {
        ::close(fd);
      } else if (!MayGoOn(listener)) {
        return -1;
      }
    }
  }

 private:
  // errno says what went wrong; sets what gRPC is to be told when it is to wait.
  bool MayGoOn(int listener) {
    switch (errno) {
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
        return true;
      case EMFILE:
      case ENFILE:
        return TurnOneAway(listener);
      case ENOBUFS:
      case ENOMEM:
        errno = EAGAIN;
        return false;
      default:
        return false;
    }
  }

  // With the descriptor that is kept for this: else the caller would wait in the queue for ever.
  bool TurnOneAway(int listener) {
    const std::lock_guard lock(mutex_);
    Tell("no descriptor is free; raise LimitNOFILE of this service");
    const bool spare = spare_.valid();
    spare_.Reset();
    const auto fd =
        spare ? static_cast<int>(::syscall(SYS_accept4, listener, nullptr, nullptr, SOCK_CLOEXEC))
              : -1;
    if (fd >= 0) {
      ::close(fd);
    }
    KeepSpare();
    errno = EAGAIN;
    return fd >= 0;
  }

  bool Admit(int fd, const std::string& address) {
    const std::lock_guard lock(mutex_);
    KeepSpare();
    std::erase_if(held_, [fd](const Held& held) { return held.fd == fd; });
    if (IsFull(address)) {
      ForgetClosed();
    }
    if (IsFull(address)) {
      Tell("there are " + std::to_string(held_.size()) + ", " + std::to_string(From(address)) +
           " of them from " + address);
      return false;
    }
    held_.push_back({.fd = fd, .inode = InodeOf(fd), .address = address});
    return true;
  }

  [[nodiscard]] std::ptrdiff_t From(const std::string& address) const {
    return std::count_if(
        held_.begin(), held_.end(), [&](const Held& held) { return held.address == address; });
  }
  [[nodiscard]] bool IsFull(const std::string& address) const {
    return std::ssize(held_) >= limits_.connections || From(address) >= limits_.from_one_address;
  }

  // A call of the kernel for each: not for each of those who knock in vain.
  void ForgetClosed() {
    const auto now = steady_clock::now();
    if (now - forgot_ >= kForgetEvery) {
      forgot_ = now;
      std::erase_if(held_, [](const Held& held) { return InodeOf(held.fd) != held.inode; });
    }
  }

  void KeepSpare() {
    if (!spare_.valid()) {
      spare_ = sys::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
  }

  void Tell(const std::string& why) {
    const auto now = steady_clock::now();
    if (told_ == steady_clock::time_point() || now - told_ >= kTellEvery) {
      told_ = now;
      base::LogWarn("connections=refused " + why);
    }
  }

  std::mutex mutex_;
  AcceptLimits limits_;
  std::vector<Held> held_;
  sys::UniqueFd spare_;
  steady_clock::time_point told_;
  steady_clock::time_point forgot_;
};

Door& TheDoor() {
  static Door door;
  return door;
}

}  // namespace

void SetAcceptLimits(const AcceptLimits& limits) { TheDoor().Set(limits); }

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
