// zoowarden-fetch: one download for the agent, in a process of its own and without capabilities, so
// that libcurl and what it parses are not in the agent's. It stays the agent's user: uploads/ is
// open to nobody else, and the agent has no right to become somebody (CAP_SETUID). Ends with 0 and
// silence, or with 1 and "reason<TAB>sentence" on stdout. Ends with its agent.
#include "agent/fetch/download.h"
#include "sys/errno_error.h"

#include <CLI/CLI.hpp>
#include <curl/curl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>

namespace zoowarden::fetch {
namespace {

// All of them, also those that an exec would give back.
base::Status DropCapabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability);  // refused without CAP_SETPCAP; no_new_privs binds then
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) {
    return base::Fail(sys::ErrnoError("give up", "the capabilities of zoowarden-fetch", errno));
  }
  return base::Ok();
}

base::Status GiveUpRights(std::uint64_t most_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const rlimit file_size{.rlim_cur = most_bytes, .rlim_max = most_bytes};
  ::setrlimit(RLIMIT_FSIZE, &file_size);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit core{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &core);
  return DropCapabilities();
}

base::Status Run(const DownloadRequest& request) {
  ZW_TRY(GiveUpRights(request.most_bytes));
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto done = Download(request);
  curl_global_cleanup();
  return done;
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
  if (const auto done = Run(request); !done) {
    std::cout << done.error().reason() << '\t' << done.error().message() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace zoowarden::fetch

int main(int argc, char** argv) { return zoowarden::fetch::Main(argc, argv); }
