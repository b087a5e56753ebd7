// zoowarden-fetch: one download for the agent, in a process of its own, so that libcurl and what it
// parses are not in the agent's. Ends with 0 and silence, or with 1 and "reason<TAB>sentence" on
// stdout. Ends with its agent.
#include "agent/fetch/download.h"

#include <CLI/CLI.hpp>
#include <curl/curl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <iostream>

namespace zoowarden::fetch {
namespace {

void GiveUpRights(std::uint64_t most_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const rlimit file_size{.rlim_cur = most_bytes, .rlim_max = most_bytes};
  ::setrlimit(RLIMIT_FSIZE, &file_size);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit core{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &core);
}

int Main(int argc, char** argv) {
  DownloadRequest request;
  CLI::App app("downloads one archive for zoowarden-agent");
  app.add_option("--url", request.url)->required();
  app.add_option("--allow", request.allowed)->required();
  app.add_option("--output", request.output)->required();
  app.add_option("--ca", request.ca);
  app.add_option("--most-bytes", request.most_bytes)->required();
  app.add_option("--spare-bytes", request.spare_bytes)->required();
  app.add_option("--stall-seconds", request.stall_seconds)->required();
  CLI11_PARSE(app, argc, argv);
  GiveUpRights(request.most_bytes);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const auto done = Download(request);
  curl_global_cleanup();
  if (!done) {
    std::cout << done.error().reason() << '\t' << done.error().message() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace zoowarden::fetch

int main(int argc, char** argv) { return zoowarden::fetch::Main(argc, argv); }
