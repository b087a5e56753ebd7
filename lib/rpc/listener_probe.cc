#include "rpc/listener_probe.h"

#include "rpc/accept_limit.h"
#include "sys/fd.h"

#include <netdb.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace zoowarden::rpc {
namespace {

using base::ErrorCode;
using base::Fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

base::Status Refused(const std::string& address, const std::string& why) {
  return Fail(ErrorCode::kUnavailable,
              "listener.refused",
              "cannot connect to the own address " + address + ": " + why);
}

// Callers find none either, whether one comes just now or not.
base::Status NotLooked(const std::string& address, int error) {
  if (error == EMFILE) {
    NoteNoDescriptor();
  }
  return Fail(
      ErrorCode::kResourceExhausted,
      "listener.not_looked",
      "no connection to the own address " + address + " can be tried: " + std::strerror(error));
}

// What says nothing of the listener: this process, or the machine, has none left.
bool IsWant(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

struct Resolved {
  Addresses found{nullptr, &freeaddrinfo};
  int error = 0;  // errno of what went wrong on the way, if anything did
};

// An address that means "every interface" reaches this machine as well.
Resolved Resolve(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  const addrinfo hints{.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  // glibc also calls a name unknown whose tables it could not open, and leaves errno.
  errno = 0;
  const int code = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  const int error = code == EAI_MEMORY ? ENOMEM : errno;
  return {.found = Addresses(code == 0 ? found : nullptr, &freeaddrinfo), .error = error};
}

// True when the event, or an error, came before the deadline.
bool WaitOn(int fd, short events, steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready >= 0 || errno != EINTR) {
      return ready > 0;
    }
  }
}

int PendingError(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// What a client begins with. Empty without memory.
std::string ClientHello() {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                             &SSL_CTX_free);
  const std::unique_ptr<SSL, void (*)(SSL*)> client(
      context == nullptr ? nullptr : SSL_new(context.get()), &SSL_free);
  if (client == nullptr) {
    return {};
  }
  BIO* said = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), said);
  SSL_connect(client.get());  // says it, and waits for the answer
  const char* text = nullptr;
  const auto size = said == nullptr ? 0 : BIO_get_mem_data(said, &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

// Any byte is: only who accepts and has a descriptor for it sends one.
base::Status AnswerOn(int fd, const std::string& address) {
  char first = 0;
  if (recv(fd, &first, sizeof(first), 0) > 0) {
    return base::Ok();
  }
  return Fail(ErrorCode::kUnavailable,
              "listener.turned_away",
              "the own address " + address + " closes the connection without an answer");
}

base::Status Converse(int fd,
                      const addrinfo& to,
                      const std::string& address,
                      milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  if (connect(fd, to.ai_addr, to.ai_addrlen) != 0 && errno != EINPROGRESS) {
    return Refused(address, std::strerror(errno));
  }
  if (WaitOn(fd, POLLOUT, deadline)) {
    if (const int error = PendingError(fd); error != 0) {
      return Refused(address, std::strerror(error));
    }
    const std::string hello = ClientHello();
    send(fd, hello.data(), hello.size(), MSG_NOSIGNAL);  // what went wrong is seen below
    if (WaitOn(fd, POLLIN, deadline)) {
      return AnswerOn(fd, address);
    }
  }
  return Fail(ErrorCode::kUnavailable,
              "listener.silent",
              "the own address " + address + " gave no answer within " +
                  std::to_string(patience.count()) + " ms");
}

}  // namespace

std::string WithoutName(const std::string& address) {
  const Addresses found = Resolve(address).found;
  std::array<char, NI_MAXHOST> host{};
  if (found == nullptr || getnameinfo(found->ai_addr,
                                      found->ai_addrlen,
                                      host.data(),
                                      host.size(),
                                      nullptr,
                                      0,
                                      NI_NUMERICHOST) != 0) {
    return address;
  }
  const std::string number = host.data();
  const bool brackets = found->ai_family == AF_INET6;
  return (brackets ? "[" + number + "]" : number) + address.substr(address.rfind(':'));
}

base::Status ProbeListener(const std::string& address, milliseconds patience) {
  const auto [to, error] = Resolve(address);
  if (to == nullptr) {
    return IsWant(error) ? NotLooked(address, error)
                         : Refused(address, "its name cannot be resolved");
  }
  const sys::UniqueFd fd(socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) {
    return IsWant(errno) ? NotLooked(address, errno) : Refused(address, std::strerror(errno));
  }
  return Converse(fd.get(), *to, address, patience);
}

}  // namespace zoowarden::rpc
