// Fetches archives from the mirrors that agent.yaml declares, by version and SHA-512: no caller
// names a host or a path. zoowarden-fetch does the talking, in a process of its own.
#pragma once

#include "agent/install/releases.h"
#include "base/error.h"
#include "config/agent_file.h"
#include "model/version.h"
#include "sys/clock.h"

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace zoowarden::agent {

// Where a release of this version may lie: each prefix, "{version}" replaced, with the name under
// which such archives are published. Pure.
[[nodiscard]] std::vector<std::string> DownloadUrls(const config::DownloadConfig& config,
                                                    const model::Version& version);

class Downloads {
 public:
  // What is done with the file when it is complete; called in the download's thread.
  using Finish = std::function<base::Status(const std::string& sha512)>;

  enum class Wanted { kBegun, kUnderWay };

  // `fetcher`: zoowarden-fetch. `uploads`: where Releases looks for what is unfinished. The clock
  // must outlive it.
  Downloads(std::filesystem::path fetcher,
            config::DownloadConfig config,
            std::filesystem::path uploads,
            Finish finish,
            sys::Clock& clock);
  // Ends the download that is under way; the next one goes on from there.
  ~Downloads();
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  // Begins to fetch unless that is under way, and returns at once. The error of a download that
  // failed is told until its back-off is over (1 s, twice as long each time up to 30 s), whoever
  // asks; the next call begins again. The error names every mirror; its code is kUnavailable when
  // one of them may answer otherwise the next time. kFailedPrecondition `download.not_declared`
  // where agent.yaml names no mirror, kUnavailable `download.busy` while another archive is
  // fetched. Any thread.
  //
  // `begin` is called before one begins; its error is why none does.
  [[nodiscard]] base::Result<Wanted> Want(const model::Version& version,
                                          const std::string& sha512,
                                          const std::function<base::Status()>& begin);

 private:
  struct Failed {
    std::string sha512;
    base::Error error;
    int times;  // in a row
    std::chrono::milliseconds told;
  };

  void NoteFailure(const std::string& sha512, const base::Error& error);
  [[nodiscard]] base::Status MayAskAgain(const std::string& sha512);
  [[nodiscard]] base::Status Fetch(const std::vector<std::string>& urls,
                                   const std::string& sha512,
                                   const std::stop_token& stop);
  [[nodiscard]] base::Status FetchFrom(const std::string& url,
                                       const std::string& sha512,
                                       const std::stop_token& stop);

  std::filesystem::path fetcher_;
  config::DownloadConfig config_;
  std::filesystem::path uploads_;
  Finish finish_;
  sys::Clock& clock_;
  std::mutex mutex_;
  std::string wanted_;                   // SHA-512 under way, or ended and not told
  std::optional<base::Status> outcome_;  // of `wanted_`, once it has ended
  std::optional<Failed> failed_;         // the last one, while none has come since
  std::jthread worker_;
};

}  // namespace zoowarden::agent
