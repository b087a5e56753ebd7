#include "zknet/zoo_client.h"

#include "base/check.h"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

namespace zoowarden::zknet {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;
using std::chrono::milliseconds;

constexpr int kSessionTimeoutMs = 6000;

// Where the library's completion thread leaves the answer to one call. Shared with it, because the
// caller may have given up by then.
struct Answer {
  std::mutex mutex;
  std::condition_variable arrived;
  bool done = false;
  int code = 0;
  std::string data;
  std::uint64_t modified = 0;
};
using SharedAnswer = std::shared_ptr<Answer>;

// The library hands the pointer back exactly once, at the latest when the handle is closed.
const void* Lend(const SharedAnswer& answer) { return new SharedAnswer(answer); }

void Deliver(int code, const char* data, int size, const Stat* stat, const void* lent) {
  const std::unique_ptr<const SharedAnswer> owner(static_cast<const SharedAnswer*>(lent));
  Answer& answer = **owner;
  const std::scoped_lock lock(answer.mutex);
  answer.done = true;
  answer.code = code;
  if (code == ZOK && data != nullptr && size > 0) {
    answer.data.assign(data, static_cast<std::size_t>(size));
  }
  answer.modified = code == ZOK && stat != nullptr ? static_cast<std::uint64_t>(stat->mzxid) : 0;
  answer.arrived.notify_all();
}
void OnData(int code, const char* data, int size, const Stat* stat, const void* lent) {
  Deliver(code, data, size, stat, lent);
}
void OnStat(int code, const Stat* stat, const void* lent) { Deliver(code, nullptr, 0, stat, lent); }
void OnString(int code, const char*, const void* lent) { Deliver(code, nullptr, 0, nullptr, lent); }

void DropLogLine(const char*) {}

base::Error AsError(int code, const std::string& what) {
  const auto message = what + ": " + ::zerror(code);
  switch (code) {
    case ZOPERATIONTIMEOUT:
      return {ErrorCode::kDeadlineExceeded, "zk.timeout", message};
    case ZCONNECTIONLOSS:
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE:
    case ZCLOSING:
    case ZSESSIONCLOSEDREQUIRESASLAUTH:
    case ZAUTHFAILED:
      return {ErrorCode::kUnavailable, "zk.closed", message};
    case ZNOAUTH:
      return {ErrorCode::kPermissionDenied, "zk.no_permission", message};
    case ZNONODE:
      return {ErrorCode::kNotFound, "zk.no_node", message};
    case ZNODEEXISTS:
      return {ErrorCode::kAlreadyExists, "zk.node_exists", message};
    default:
      return {ErrorCode::kInternal, "zk.client_error", message};
  }
}

// What is left of a deadline that several calls share.
class Budget {
 public:
  explicit Budget(milliseconds timeout) : end_(std::chrono::steady_clock::now() + timeout) {}
  [[nodiscard]] milliseconds Remaining() const {
    return std::max(std::chrono::ceil<milliseconds>(end_ - std::chrono::steady_clock::now()),
                    milliseconds(0));
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace

class ZooClient::Handle {
 public:
  explicit Handle(Endpoint member) : member_(std::move(member)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) {
      ::zookeeper_close(handle_);
    }
  }

  Status Open(milliseconds timeout) {
    handle_ = ::zookeeper_init2(member_.ToString().c_str(),
                                &Handle::OnState,
                                kSessionTimeoutMs,
                                nullptr,
                                this,
                                0,
                                &DropLogLine);
    if (handle_ == nullptr) {
      return Fail(ErrorCode::kUnavailable,
                  "zk.unreachable",
                  "cannot connect to " + member_.ToString() + ": " + std::strerror(errno));
    }
    std::unique_lock lock(mutex_);
    if (!state_changed_.wait_for(lock, timeout, [this] { return connected_ || ended_; })) {
      return Fail(ErrorCode::kDeadlineExceeded,
                  "zk.timeout",
                  member_.ToString() + " made no session in time");
    }
    if (ended_) {
      return Fail(AsError(ZSESSIONEXPIRED, member_.ToString()));
    }
    return base::Ok();
  }

  // Runs one asynchronous call and waits for its answer. `start(handle, answer)` returns its code.
  template <typename Start>
  Result<SharedAnswer> Call(const std::string& what, milliseconds timeout, Start start) {
    auto answer = std::make_shared<Answer>();
    const void* lent = Lend(answer);
    const auto description = what + " through " + member_.ToString();
    if (const int code = start(handle_, lent); code != ZOK) {
      delete static_cast<const SharedAnswer*>(lent);  // refused at once: no completion will come
      return Fail(AsError(code, description));
    }
    std::unique_lock lock(answer->mutex);
    if (!answer->arrived.wait_for(lock, timeout, [&answer] { return answer->done; })) {
      return Fail(AsError(ZOPERATIONTIMEOUT, description));
    }
    if (answer->code != ZOK) {
      return Fail(AsError(answer->code, description));
    }
    return answer;
  }

  // Missing parents first, asked for only when they are missing: creating what exists may be
  // forbidden where creating below it is not.
  Status CreateWithParents(const std::string& path, const Budget& budget) {
    const auto create = [&] {
      return Call("creating " + path, budget.Remaining(), [&](zhandle_t* zk, const void* lent) {
        return ::zoo_acreate(
            zk, path.c_str(), nullptr, -1, &ZOO_OPEN_ACL_UNSAFE, 0, &OnString, lent);
      });
    };
    auto created = create();
    const auto parent = path.substr(0, path.rfind('/'));
    if (!created && created.error().reason() == "zk.no_node" && !parent.empty()) {
      ZW_TRY(CreateWithParents(parent, budget));
      created = create();
    }
    if (!created && !created.error().Is(ErrorCode::kAlreadyExists)) {
      return Fail(created.error());
    }
    return base::Ok();
  }

 private:
  static void OnState(zhandle_t*, int type, int state, const char*, void* context) {
    auto& self = *static_cast<Handle*>(context);
    if (type != ZOO_SESSION_EVENT) {
      return;
    }
    const std::scoped_lock lock(self.mutex_);
    self.connected_ = state == ZOO_CONNECTED_STATE;
    self.ended_ = state == ZOO_EXPIRED_SESSION_STATE || state == ZOO_AUTH_FAILED_STATE;
    self.state_changed_.notify_all();
  }

  Endpoint member_;
  zhandle_t* handle_ = nullptr;
  std::mutex mutex_;  // guards the two flags, which the library's thread sets
  std::condition_variable state_changed_;
  bool connected_ = false;
  bool ended_ = false;
};

ZooClient::ZooClient(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
ZooClient::ZooClient(ZooClient&& other) noexcept = default;
ZooClient& ZooClient::operator=(ZooClient&& other) noexcept = default;
ZooClient::~ZooClient() = default;

Result<ZooClient> ZooClient::Connect(const Endpoint& member, milliseconds timeout) {
  auto handle = std::make_unique<Handle>(member);
  ZW_TRY(handle->Open(timeout));
  return ZooClient(std::move(handle));
}

Result<NodeRead> ZooClient::Read(const std::string& path, milliseconds timeout) {
  ZW_ASSIGN(const auto answer,
            handle_->Call("reading " + path, timeout, [&path](zhandle_t* zk, const void* lent) {
              return ::zoo_aget(zk, path.c_str(), 0, &OnData, lent);
            }));
  return NodeRead{answer->data, {answer->modified}};
}

Result<std::string> ZooClient::CommittedConfig(milliseconds timeout) {
  ZW_ASSIGN(
      const auto answer,
      handle_->Call(
          "reading the committed configuration", timeout, [](zhandle_t* zk, const void* lent) {
            return ::zoo_agetconfig(zk, 0, &OnData, lent);
          }));
  return answer->data;
}

Result<model::Zxid> ZooClient::WriteCanary(const std::string& path,
                                           const std::string& data,
                                           milliseconds timeout) {
  ZW_CHECK(path.size() > 1 && path.front() == '/', "a canary path begins with '/'");
  const Budget budget(timeout);
  const auto set = [&] {
    return handle_->Call(
        "writing " + path, budget.Remaining(), [&](zhandle_t* zk, const void* lent) {
          return ::zoo_aset(
              zk, path.c_str(), data.data(), static_cast<int>(data.size()), -1, &OnStat, lent);
        });
  };
  auto answer = set();
  if (!answer && answer.error().reason() == "zk.no_node") {
    ZW_TRY(handle_->CreateWithParents(path, budget));
    answer = set();
  }
  if (!answer) {
    return Fail(answer.error());
  }
  return model::Zxid{(*answer)->modified};
}

}  // namespace zoowarden::zknet
