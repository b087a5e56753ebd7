// One download over https into one file, gone on with where it ended. The only place that knows
// libcurl.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::fetch {

struct DownloadRequest {
  std::string url;
  std::vector<std::string> allowed;  // where the URL and what it redirects to must begin
  std::string output;                // created or appended to; never through a symbolic link
  std::string ca;                    // trusted instead of the system's; empty = the system's
  std::uint64_t most_bytes = 0;
  std::uint64_t spare_bytes = 0;  // stay free on the disk
  long stall_seconds = 0;         // less than 1 KiB/s for so long ends it
};

// The whole file is there when it returns; what it holds is the caller's to verify. On an error
// what came so far stays, for the next attempt. No proxy, no .netrc, no protocol but https, TLS 1.2
// or later. Blocks.
//
// Errors: `download.` and `not_allowed`, `redirect_not_allowed`, `tls` (certificate, CA),
// `unreachable`, `interrupted`, `stalled`, `not_found`, `refused` (another HTTP status),
// `too_large`, `bad_range` (the server went on at another place), `busy` (another process writes to
// the file);
// `file.no_space`; errno's.
[[nodiscard]] base::Status Download(const DownloadRequest& request);

}  // namespace zoowarden::fetch
