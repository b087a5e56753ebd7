// Fetches archives from the mirrors that agent.yaml declares, by version and SHA-512: no caller
// names a host or a path. zoowarden-fetch does the talking, in a process of its own.
#pragma once

#include "agent/install/releases.h"
#include "base/error.h"
#include "config/agent_file.h"
#include "model/version.h"

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

  // `fetcher`: zoowarden-fetch. `uploads`: where Releases looks for what is unfinished.
  Downloads(std::filesystem::path fetcher,
            config::DownloadConfig config,
            std::filesystem::path uploads,
            Finish finish);
  // Ends the download that is under way; the next one goes on from there.
  ~Downloads();
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  // Begins to fetch unless that is under way, and returns at once. The error of a download that
  // failed is told once, then the next call begins again. kFailedPrecondition
  // `download.not_declared` where agent.yaml names no mirror, kUnavailable `download.busy` while
  // another archive is fetched. Any thread.
  //
  // `begin` is called before one begins; its error is why none does.
  [[nodiscard]] base::Result<Wanted> Want(const model::Version& version,
                                          const std::string& sha512,
                                          const std::function<base::Status()>& begin);

 private:
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
  std::mutex mutex_;
  std::string wanted_;                   // SHA-512 under way, or ended and not told
  std::optional<base::Status> outcome_;  // of `wanted_`, once it has ended
  std::jthread worker_;
};

}  // namespace zoowarden::agent
