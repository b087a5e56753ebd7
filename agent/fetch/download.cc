#include "agent/fetch/download.h"

#include "base/text.h"
#include "sys/beneath.h"
#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "sys/space.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

namespace zoowarden::fetch {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Status;

constexpr int kMostRedirects = 5;
constexpr std::size_t kLongestName = 100;
constexpr long kConnectSeconds = 20;
constexpr long kLeastBytesPerSecond = 1024;
constexpr long kHttpOk = 200;
constexpr long kHttpPartial = 206;
constexpr long kHttpNotFound = 404;
constexpr long kHttpRequestTimeout = 408;
constexpr long kHttpRangeNotSatisfiable = 416;
constexpr long kHttpTooManyRequests = 429;
constexpr long kHttpClientError = 400;
constexpr long kHttpServerError = 500;

tl::unexpected<base::Error> Refuse(ErrorCode code, const std::string& reason, std::string message) {
  return Fail(code, "download." + reason, std::move(message));
}

// It will answer the same the next time.
bool IsRefusal(long status) {
  return status >= kHttpClientError && status < kHttpServerError && status != kHttpRequestTimeout &&
         status != kHttpTooManyRequests;
}

struct CleanUp {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Handle = std::unique_ptr<CURL, CleanUp>;

bool IsAllowed(const DownloadRequest& request, const std::string& url) {
  return url.starts_with("https://") && url.find("/../") == std::string::npos &&
         std::any_of(request.allowed.begin(), request.allowed.end(), [&](const std::string& from) {
           return !from.empty() && url.starts_with(from);
         });
}

// "bytes 100-199/200" begins at 100, "bytes */200" says 200 in all.
struct ContentRange {
  std::optional<std::uint64_t> begin;
  std::optional<std::uint64_t> total;
};

ContentRange ParseContentRange(std::string_view text) {
  ContentRange range;
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) {
    return range;
  }
  text.remove_prefix(kUnit.size());
  range.begin = base::ParseUnsigned(text.substr(0, text.find('-')));
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    range.total = base::ParseUnsigned(text.substr(slash + 1));
  }
  return range;
}

class Transfer {
 public:
  Transfer(const DownloadRequest& request, int file, std::uint64_t held)
      : request_(request), file_(file), held_(held), curl_(curl_easy_init()) {}

  // Ok with a value: redirected there.
  base::Result<std::optional<std::string>> Run(const std::string& url) {
    if (curl_ == nullptr) {
      return Fail(ErrorCode::kInternal,
                  "libcurl cannot be used by zoowarden-fetch; install libcurl4 again");
    }
    Prepare(url);
    const CURLcode code = curl_easy_perform(curl_.get());
    if (problem_) {
      return Fail(*problem_);
    }
    if (code != CURLE_OK) {
      return Broken(code);
    }
    const long status = Number(CURLINFO_RESPONSE_CODE);
    char* redirect = nullptr;
    curl_easy_getinfo(curl_.get(), CURLINFO_REDIRECT_URL, &redirect);
    if (redirect != nullptr) {
      return std::optional(std::string(redirect));
    }
    ZW_TRY(JudgeStatus(status));
    return std::optional<std::string>();
  }

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    curl_easy_setopt(curl_.get(), option, value);
  }
  [[nodiscard]] long Number(CURLINFO what) const {
    long value = 0;
    curl_easy_getinfo(curl_.get(), what, &value);
    return value;
  }

  void Prepare(const std::string& url) {
    Set(CURLOPT_URL, url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "https");
    Set(CURLOPT_PATH_AS_IS, 1L);      // what was judged is what is asked for
    Set(CURLOPT_FOLLOWLOCATION, 0L);  // each step is judged here
    Set(CURLOPT_PROXY, "");           // whatever the environment says
    Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_SSL_VERIFYPEER, 1L);
    Set(CURLOPT_SSL_VERIFYHOST, 2L);
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!request_.ca.empty()) {
      Set(CURLOPT_CAINFO, request_.ca.c_str());
      Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    Set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    Set(CURLOPT_LOW_SPEED_LIMIT, kLeastBytesPerSecond);
    Set(CURLOPT_LOW_SPEED_TIME, request_.stall_seconds);
    if (held_ > 0) {
      Set(CURLOPT_RANGE, (std::to_string(held_) + "-").c_str());
    }
    Set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
    Set(CURLOPT_WRITEDATA, this);
  }

  static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t length = size * count;
    const Status taken = transfer.Take({bytes, length});
    if (!taken) {
      transfer.problem_ = taken.error();
      return CURL_WRITEFUNC_ERROR;
    }
    return length;
  }

  Status Take(std::string_view bytes) {
    const long status = Number(CURLINFO_RESPONSE_CODE);
    if (status != kHttpOk && status != kHttpPartial) {
      return Ok();  // an error's page
    }
    if (!begun_) {
      ZW_TRY(BeginBody(status));
      begun_ = true;
    }
    if (bytes.size() > request_.most_bytes - std::min(request_.most_bytes, held_)) {
      return TooLarge();
    }
    ZW_TRY(sys::WriteAll(file_, bytes, request_.output));
    held_ += bytes.size();
    return Ok();
  }

  // Before the first byte is written: where it belongs, and whether there is room for all.
  Status BeginBody(long status) {
    if (status == kHttpPartial && ParseContentRange(Header("content-range")).begin != held_) {
      return Refuse(ErrorCode::kUnavailable,
                    "bad_range",
                    "the server of " + Shown() +
                        " went on at another place than asked; try again, or take that mirror out "
                        "of download.from of agent.yaml");
    }
    if (status == kHttpOk && held_ > 0) {
      // It does not know ranges: from the beginning.
      if (::ftruncate(file_, 0) != 0) {
        return Fail(sys::ErrnoError("empty", request_.output, errno));
      }
      held_ = 0;
    }
    curl_off_t announced = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    const auto rest = announced > 0 ? static_cast<std::uint64_t>(announced) : 0;
    if (rest > request_.most_bytes - std::min(request_.most_bytes, held_)) {
      return TooLarge();
    }
    return sys::CheckSpace(request_.output, rest, request_.spare_bytes);
  }

  [[nodiscard]] Status TooLarge() const {
    return Refuse(
        ErrorCode::kResourceExhausted,
        "too_large",
        "the archive is larger than " + std::to_string(request_.most_bytes) +
            " bytes; check download.size_limit_mib and releases.uploads_limit_mib of agent.yaml");
  }

  [[nodiscard]] std::string Header(const char* name) const {
    curl_header* header = nullptr;
    return curl_easy_header(curl_.get(), name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? header->value
               : "";
  }

  Status JudgeStatus(long status) {
    if (status == kHttpOk || status == kHttpPartial) {
      return Ok();
    }
    if (status == kHttpRangeNotSatisfiable && held_ > 0) {
      if (ParseContentRange(Header("content-range")).total == held_) {
        return Ok();  // it was complete already
      }
      static_cast<void>(::ftruncate(file_, 0));
      return Refuse(ErrorCode::kUnavailable,
                    "bad_range",
                    "the server has less of " + Shown() +
                        " than was fetched before; try again from the beginning");
    }
    if (status == kHttpNotFound) {
      return Refuse(ErrorCode::kNotFound,
                    "not_found",
                    "the server has no " + Shown() +
                        " (HTTP 404); check the version and download.from of agent.yaml");
    }
    return Refuse(ErrorCode::kUnavailable,
                  IsRefusal(status) ? "refused" : "not_now",
                  "the server answered for " + Shown() + " with HTTP " + std::to_string(status) +
                      (IsRefusal(status) ? "; name another mirror in download.from of agent.yaml"
                                         : "; try again later, or name another mirror in "
                                           "download.from of agent.yaml"));
  }

  [[nodiscard]] static tl::unexpected<base::Error> Broken(CURLcode code) {
    const std::string text = curl_easy_strerror(code);
    switch (code) {
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_SSL_CACERT_BADFILE:
        return Refuse(
            ErrorCode::kPermissionDenied,
            "tls",
            "the server cannot be trusted: " + text + "; check download.ca of agent.yaml");
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_CONNECT:
        return Refuse(ErrorCode::kUnavailable,
                      "unreachable",
                      "no connection: " + text +
                          "; check download.from of agent.yaml and this machine's network");
      case CURLE_OPERATION_TIMEDOUT:
        return Refuse(ErrorCode::kDeadlineExceeded,
                      "stalled",
                      "the server is too slow: " + text + "; try again, it goes on from there");
      default:
        return Refuse(ErrorCode::kUnavailable,
                      "interrupted",
                      "the download broke: " + text + "; try again, it goes on from there");
    }
  }

  // The file's name alone: who asked puts the whole URL before what is said here.
  [[nodiscard]] std::string Shown() const {
    return base::Printable(request_.url.substr(request_.url.rfind('/') + 1), kLongestName);
  }

  const DownloadRequest& request_;
  int file_;
  std::uint64_t held_;
  Handle curl_;
  bool begun_ = false;
  std::optional<base::Error> problem_;
};

}  // namespace

Status Download(const DownloadRequest& request) {
  ZW_ASSIGN(const sys::UniqueFd file,
            sys::OpenInDirectory(request.output, O_WRONLY | O_CREAT | O_APPEND, 0600));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return Fail(sys::ErrnoError("create", request.output, errno));
  }
  // The agent takes the file only when nobody holds it.
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return Refuse(ErrorCode::kUnavailable,
                  "busy",
                  request.output +
                      " is being written by another zoowarden-fetch; try again when "
                      "that has ended");
  }
  std::string url = request.url;
  if (!IsAllowed(request, url)) {
    return Refuse(ErrorCode::kPermissionDenied,
                  "not_allowed",
                  base::Printable(url) + " is not below download.from of agent.yaml");
  }
  for (int step = 0; step <= kMostRedirects; ++step) {
    Transfer transfer(request, file.get(), static_cast<std::uint64_t>(status.st_size));
    ZW_ASSIGN(auto redirect, transfer.Run(url));
    if (!redirect) {
      return Ok();
    }
    url = *std::move(redirect);
    if (!IsAllowed(request, url)) {
      return Refuse(ErrorCode::kPermissionDenied,
                    "redirect_not_allowed",
                    "the server redirects to " + base::Printable(url) +
                        ", which is not below download.from of agent.yaml");
    }
  }
  return Refuse(ErrorCode::kUnavailable,
                "refused",
                "the server redirects without an end; name another mirror in agent.yaml");
}

}  // namespace zoowarden::fetch
