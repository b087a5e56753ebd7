#include "agent/install/downloads.h"

#include "agent/install/release_parts.h"
#include "base/back_off.h"
#include "base/log.h"
#include "base/text.h"
#include "sys/files.h"
#include "sys/subprocess.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Status;

constexpr std::string_view kVersionMark = "{version}";
constexpr model::Version kNamedApache{3, 5, 5};  // the first with apache- and -bin in its name

std::string WithVersion(std::string text, const std::string& version) {
  for (auto at = text.find(kVersionMark); at != std::string::npos; at = text.find(kVersionMark)) {
    text.replace(at, kVersionMark.size(), version);
  }
  return text;
}

// That mirror will say the same the next time.
bool IsRefusal(std::string_view reason) {
  constexpr std::array<std::string_view, 5> kReasons{"download.not_found",
                                                     "download.refused",
                                                     "download.not_allowed",
                                                     "download.redirect_not_allowed",
                                                     "download.too_large"};
  return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

// "reason<TAB>sentence", as zoowarden-fetch says it.
base::Error Told(const std::string& url, std::string_view line) {
  const auto text = base::Trim(line);
  const auto tab = text.find('\t');
  const std::string_view reason = text.substr(0, tab);
  const bool known = tab != std::string_view::npos &&
                     reason.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == reason.npos;
  return {known && IsRefusal(reason) ? ErrorCode::kFailedPrecondition : ErrorCode::kUnavailable,
          known ? std::string(reason) : "download.failed",
          "cannot fetch " + base::Printable(url) + ": " +
              base::Printable(known ? text.substr(tab + 1)
                                    : "zoowarden-fetch says nothing; look at the agent's log")};
}

// What an earlier attempt left, perhaps at another mirror, may be wrong and this mirror right.
bool MayBeWhatWasHeld(const base::Error& error) {
  constexpr std::array<std::string_view, 3> kReasons{
      "release.wrong_digest", "download.bad_range", "download.too_large"};
  return std::find(kReasons.begin(), kReasons.end(), error.reason()) != kReasons.end();
}

// What several mirrors said: all of it, under the reason for which asking again may help.
base::Error Together(const base::Error& before, const base::Error& error) {
  const base::Error& leads = before.Is(ErrorCode::kUnavailable) ? before : error;
  return {leads.code(), leads.reason(), before.message() + "; " + error.message()};
}

}  // namespace

std::vector<std::string> DownloadUrls(const config::DownloadConfig& config,
                                      const model::Version& version) {
  const std::string number = version.ToString();
  const std::string name = version < kNamedApache ? "zookeeper-" + number + ".tar.gz"
                                                  : "apache-zookeeper-" + number + "-bin.tar.gz";
  std::vector<std::string> urls;
  for (const std::string& prefix : config.from) {
    urls.push_back(WithVersion(prefix, number) + name);
  }
  return urls;
}

Downloads::Downloads(fs::path fetcher,
                     config::DownloadConfig config,
                     fs::path uploads,
                     Finish finish,
                     sys::Clock& clock)
    : fetcher_(std::move(fetcher)),
      config_(std::move(config)),
      uploads_(std::move(uploads)),
      finish_(std::move(finish)),
      clock_(clock) {}

Downloads::~Downloads() = default;

base::Result<Downloads::Wanted> Downloads::Want(const model::Version& version,
                                                const std::string& sha512,
                                                const std::function<Status()>& begin) {
  if (config_.from.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "download.not_declared",
                "this agent has no archive with SHA-512 " + sha512.substr(0, 16) +
                    "... and agent.yaml declares no mirror; name release.source in ensemble.yaml, "
                    "or download.from in agent.yaml");
  }
  const std::lock_guard lock(mutex_);
  if (outcome_) {
    const Status ended = *std::exchange(outcome_, std::nullopt);
    const std::string tried = std::exchange(wanted_, {});
    if (!ended) {
      NoteFailure(tried, ended.error());
    } else if (failed_.reset(); tried == sha512) {
      return Wanted::kUnderWay;  // it has come since the caller looked
    }
  }
  if (!wanted_.empty() && wanted_ != sha512) {
    return Fail(ErrorCode::kUnavailable,
                "download.busy",
                "this agent is fetching another archive; try again when it has ended");
  }
  if (!wanted_.empty()) {
    return Wanted::kUnderWay;
  }
  ZW_TRY(MayAskAgain(sha512));
  ZW_TRY(begin());
  wanted_ = sha512;
  worker_ = std::jthread(
      [this, sha512, urls = DownloadUrls(config_, version)](const std::stop_token& stop) {
        Status ended = Fetch(urls, sha512, stop);
        if (!ended) {
          base::LogWarn("download sha512=" + sha512.substr(0, 16) + " " + ended.error().message());
        }
        const std::lock_guard done(mutex_);
        outcome_ = std::move(ended);
      });
  return Wanted::kBegun;
}

void Downloads::NoteFailure(const std::string& sha512, const base::Error& error) {
  const int before = failed_ && failed_->sha512 == sha512 ? failed_->times : 0;
  failed_ =
      Failed{.sha512 = sha512, .error = error, .times = before + 1, .told = clock_.BootTime()};
}

Status Downloads::MayAskAgain(const std::string& sha512) {
  if (!failed_ || failed_->sha512 != sha512) {
    return Ok();
  }
  const auto left = failed_->told + base::BackOff(failed_->times) - clock_.BootTime();
  if (left.count() <= 0) {
    return Ok();
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
  return Fail(
      failed_->error.code(),
      failed_->error.reason(),
      failed_->error.message() + " (not asked again for " + std::to_string(seconds) + " s)");
}

// Every mirror in turn.
Status Downloads::Fetch(const std::vector<std::string>& urls,
                        const std::string& sha512,
                        const std::stop_token& stop) {
  const fs::path output = UploadsPath(uploads_, sha512, kFetchSuffix);
  ZW_TRY(RemoveOthersLike(output));
  std::optional<base::Error> failed;
  for (const std::string& url : urls) {
    ZW_ASSIGN(const auto held, SizeOf(output));
    const bool resumed = held.value_or(0) > 0;
    Status ended = FetchFrom(url, sha512, stop);
    if (!ended && resumed && MayBeWhatWasHeld(ended.error())) {
      ZW_TRY(sys::RemoveTree(output));
      ended = FetchFrom(url, sha512, stop);
    }
    if (ended) {
      return ended;
    }
    failed = failed ? Together(*failed, ended.error()) : ended.error();
    if (stop.stop_requested()) {
      break;
    }
  }
  return failed ? Status(Fail(*failed)) : Ok();
}

Status Downloads::FetchFrom(const std::string& url,
                            const std::string& sha512,
                            const std::stop_token& stop) {
  sys::Program program{
      .executable = fetcher_,
      .arguments = {"--url",
                    url,
                    "--output",
                    UploadsPath(uploads_, sha512, kFetchSuffix).native(),
                    "--most-bytes",
                    std::to_string(config_.most_bytes),
                    "--spare-bytes",
                    std::to_string(kSpareBytes),
                    "--stall-seconds",
                    std::to_string(
                        std::chrono::duration_cast<std::chrono::seconds>(config_.stall).count())},
      .environment = {"LC_ALL=C", "PATH=/usr/bin:/bin"},
      .directory = uploads_,
      .input = {},
      .user = {},
      .timeout = config_.timeout,
      .stop = stop};
  // Redirects may lead to another declared mirror, up to where the version stands in it.
  for (const std::string& prefix : config_.from) {
    const std::string fixed = prefix.substr(0, prefix.find(kVersionMark));
    program.arguments.insert(program.arguments.end(), {"--allow", fixed});
  }
  if (!config_.ca.empty()) {
    program.arguments.insert(program.arguments.end(), {"--ca", config_.ca});
  }
  ZW_ASSIGN(const auto result, sys::RunProgram(program));
  if (!result.succeeded()) {
    return Fail(Told(url, result.output));
  }
  return finish_(sha512);
}

}  // namespace zoowarden::agent
