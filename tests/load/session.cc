#include "tests/load/session.h"

#include <array>
#include <future>
#include <memory>
#include <utility>

namespace zoowarden::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A completion that may come after the caller has given up: it shares the promise.
using Completion = std::shared_ptr<std::promise<int>>;

void Complete(int code, const void* context) {
  const std::unique_ptr<Completion> completion(
      static_cast<Completion*>(const_cast<void*>(context)));
  (*completion)->set_value(code);
}

void CompleteText(int code, const char* /*text*/, const void* context) { Complete(code, context); }

base::Error ErrorOf(const std::string& what, int code) {
  return base::Error(base::ErrorCode::kUnavailable, what + ": " + zerror(code));
}

}  // namespace

Outcome OutcomeOf(int code) {
  switch (code) {
    case ZOK:
      return Outcome::kAcknowledged;
    case ZBADVERSION:
    case ZNODEEXISTS:
      return Outcome::kVersionRefused;
    case ZNONODE:
    case ZNOAUTH:
    case ZINVALIDACL:
    case ZBADARGUMENTS:
    case ZUNIMPLEMENTED:
    case ZMARSHALLINGERROR:
    case ZINVALIDSTATE:  // the library did not send it
    case ZSESSIONMOVED:
    case ZNOTREADONLY:
      return Outcome::kFailed;
    default:
      return Outcome::kUnknown;
  }
}

Session::Session(SessionOptions options) : options_(std::move(options)) { Open(); }

Session::~Session() { Close(); }

void Session::Open() {
  expired_ = false;
  authenticated_ = options_.auth.empty();
  handle_ = zookeeper_init(options_.hosts.c_str(),
                           &Session::OnEvent,
                           static_cast<int>(options_.timeout.count()),
                           nullptr,
                           this,
                           ZOO_NO_LOG_CLIENTENV);
}

void Session::Close() {
  if (handle_ != nullptr) {
    zookeeper_close(std::exchange(handle_, nullptr));
  }
  const std::lock_guard lock(mutex_);
  connected_ = false;
}

void Session::OnEvent(
    zhandle_t* /*handle*/, int type, int state, const char* /*path*/, void* context) noexcept {
  auto* self = static_cast<Session*>(context);
  if (type != ZOO_SESSION_EVENT) {
    return;
  }
  const std::lock_guard lock(self->mutex_);
  const bool connected = state == ZOO_CONNECTED_STATE;
  if (self->connected_ && !connected) {
    ++self->connection_losses_;
  }
  if (state == ZOO_EXPIRED_SESSION_STATE) {
    ++self->sessions_expired_;
    self->expired_ = true;
  }
  if (state == ZOO_AUTH_FAILED_STATE) {
    self->expired_ = true;
  }
  self->connected_ = connected;
  self->changed_.notify_all();
}

bool Session::Authenticate(steady_clock::time_point deadline) {
  const auto colon = options_.auth.find(':');
  const auto scheme = options_.auth.substr(0, colon);
  const auto credentials = colon == std::string::npos ? "" : options_.auth.substr(colon + 1);
  const auto promise = std::make_shared<std::promise<int>>();
  auto done = promise->get_future();
  auto context = std::make_unique<Completion>(promise);
  const int code = zoo_add_auth(handle_,
                                scheme.c_str(),
                                credentials.c_str(),
                                static_cast<int>(credentials.size()),
                                Complete,
                                context.get());
  if (code != ZOK) {
    return false;
  }
  static_cast<void>(context.release());  // Complete owns it now
  return done.wait_until(deadline) == std::future_status::ready && done.get() == ZOK;
}

bool Session::WaitConnected(milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (steady_clock::now() < deadline) {
    if (handle_ == nullptr || expired_ || is_unrecoverable(handle_) != 0) {
      Close();
      Open();
      if (handle_ == nullptr) {
        return false;
      }
    }
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, deadline, [this] { return connected_ || expired_.load(); });
      if (!connected_) {
        continue;
      }
    }
    if (authenticated_) {
      return true;
    }
    authenticated_ = Authenticate(deadline);
  }
  return false;
}

Outcome Session::Create(const std::string& path, const std::string& data) {
  return OutcomeOf(zoo_create(handle_,
                              path.c_str(),
                              data.data(),
                              static_cast<int>(data.size()),
                              &ZOO_OPEN_ACL_UNSAFE,
                              /*mode=*/0,
                              nullptr,
                              0));
}

Outcome Session::Set(const std::string& path, const std::string& data, std::int32_t version) {
  return OutcomeOf(
      zoo_set(handle_, path.c_str(), data.data(), static_cast<int>(data.size()), version));
}

bool Session::EnsureParent(const std::string& path) {
  const auto outcome = Create(path, "");
  return outcome == Outcome::kAcknowledged || outcome == Outcome::kVersionRefused;
}

bool Session::Sync(const std::string& path) {
  const auto promise = std::make_shared<std::promise<int>>();
  auto done = promise->get_future();
  auto context = std::make_unique<Completion>(promise);
  if (zoo_async(handle_, path.c_str(), CompleteText, context.get()) != ZOK) {
    return false;
  }
  static_cast<void>(context.release());  // Complete owns it now
  return done.get() == ZOK;
}

base::Result<Reading> Session::Read(const std::string& path) {
  std::array<char, 4096> buffer{};
  int size = static_cast<int>(buffer.size());
  Stat stat{};
  const int code = zoo_get(handle_, path.c_str(), /*watch=*/0, buffer.data(), &size, &stat);
  if (code == ZNONODE) {
    return Reading{};
  }
  if (code != ZOK) {
    return base::Fail(ErrorOf("reading " + path, code));
  }
  return Reading{
      .version = stat.version,
      .data = size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : ""};
}

base::Result<std::vector<std::string>> Session::Children(const std::string& path) {
  String_vector names{};
  const int code = zoo_get_children(handle_, path.c_str(), /*watch=*/0, &names);
  if (code != ZOK) {
    return base::Fail(ErrorOf("listing " + path, code));
  }
  std::vector<std::string> children(names.data, names.data + names.count);
  deallocate_String_vector(&names);
  return children;
}

}  // namespace zoowarden::load
