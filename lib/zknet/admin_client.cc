#include "zknet/admin_client.h"

#include "base/check.h"
#include "base/text.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <optional>
#include <utility>

namespace zoowarden::zknet {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using base::ErrorCode;
using base::Fail;
using base::Result;
using boost::system::error_code;

constexpr std::size_t kMaxBody = 4U << 20U;

// One request. The asynchronous calls are there for the deadline only: they run on this thread.
class Request {
 public:
  Request(const Endpoint& endpoint, std::string_view command)
      : endpoint_(endpoint), stream_(context_) {
    request_.method(http::verb::get);
    request_.target("/commands/" + std::string(command));
    request_.version(11);
    request_.set(http::field::host, endpoint.ToString());
    request_.set(http::field::connection, "close");
    parser_.body_limit(kMaxBody);
  }

  error_code Run(std::chrono::milliseconds timeout) {
    error_code error;
    asio::ip::tcp::resolver resolver(context_);
    const auto addresses = resolver.resolve(endpoint_.host, std::to_string(endpoint_.port), error);
    if (error) {
      return error;
    }
    stream_.expires_after(timeout);
    stream_.async_connect(addresses, [this](error_code failed, const auto&) {
      if (!Ended(failed)) {
        connected_ = true;
        Send();
      }
    });
    context_.run();
    return result_;
  }

  [[nodiscard]] bool connected() const { return connected_; }
  http::response<http::string_body> Take() { return parser_.release(); }

 private:
  bool Ended(error_code failed) {
    result_ = failed;
    return static_cast<bool>(failed);
  }
  void Send() {
    http::async_write(stream_, request_, [this](error_code failed, std::size_t) {
      if (!Ended(failed)) {
        Receive();
      }
    });
  }
  void Receive() {
    http::async_read(
        stream_, buffer_, parser_, [this](error_code failed, std::size_t) { Ended(failed); });
  }

  const Endpoint& endpoint_;
  asio::io_context context_{1};
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kMaxBody};
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  bool connected_ = false;
  error_code result_;
};

base::Error AsError(const Endpoint& endpoint, error_code error, bool connected) {
  const auto peer = "AdminServer at " + endpoint.ToString();
  if (error == beast::error::timeout) {
    return {ErrorCode::kDeadlineExceeded, "zk.timeout", peer + " did not answer in time"};
  }
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return {ErrorCode::kResourceExhausted, "zk.reply_too_large", peer + " sent too much"};
  }
  return {ErrorCode::kUnavailable,
          connected ? "zk.closed" : "zk.unreachable",
          peer + (connected ? " did not answer: " : " cannot be reached: ") + error.message()};
}

}  // namespace

Result<std::string> AdminCommand(const Endpoint& endpoint,
                                 std::string_view command,
                                 std::chrono::milliseconds timeout) {
  ZW_CHECK(command.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos,
           "a command consists of letters and '_'");
  try {
    Request request(endpoint, command);
    if (const auto error = request.Run(timeout)) {
      return Fail(AsError(endpoint, error, request.connected()));
    }
    auto response = request.Take();
    if (!base::Trim(response.body()).starts_with('{')) {
      return Fail(ErrorCode::kUnavailable,
                  "zk.command_failed",
                  "AdminServer at " + endpoint.ToString() + " answered '" + std::string(command) +
                      "' with HTTP " + std::to_string(response.result_int()) + " and no JSON");
    }
    return std::move(response.body());
  } catch (const std::exception& thrown) {  // Asio throws when a descriptor cannot be made
    return Fail(ErrorCode::kUnavailable,
                "zk.unreachable",
                "cannot ask AdminServer at " + endpoint.ToString() + ": " + thrown.what());
  }
}

}  // namespace zoowarden::zknet
