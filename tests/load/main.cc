// zoowarden-lab-load: the client load of the lab. Writes, remembers, reads back, judges.
#include "base/text.h"
#include "sys/files.h"
#include "tests/load/gap_meter.h"
#include "tests/load/options.h"
#include "tests/load/verify.h"
#include "tests/load/writer.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>

namespace zoowarden::load {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void OnSignal(int /*signal*/) { interrupted = 1; }

// Each client starts at another member, so that every member has some.
std::string HostOrder(std::vector<std::string> hosts, int client) {
  std::rotate(hosts.begin(),
              hosts.begin() +
                  static_cast<std::ptrdiff_t>(client) % static_cast<std::ptrdiff_t>(hosts.size()),
              hosts.end());
  return base::Join(hosts, ",");
}

SessionOptions SessionOf(const Options& options, int client) {
  return {.hosts = HostOrder(options.hosts, client),
          .auth = options.auth,
          .timeout = std::chrono::milliseconds(options.session_timeout_ms)};
}

std::vector<std::unique_ptr<Writer>> MakeWriters(const Options& options) {
  // Unique among all runs that ever wrote to the ensemble.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string run =
      "/zoowarden-load/" + std::to_string(now.count()) + "-" + std::to_string(::getpid());
  std::vector<std::unique_ptr<Writer>> writers;
  writers.reserve(static_cast<std::size_t>(options.clients));
  for (int client = 0; client < options.clients; ++client) {
    writers.push_back(std::make_unique<Writer>(SessionOf(options, client),
                                               run + "/" + std::to_string(client),
                                               std::chrono::milliseconds(options.pause_ms)));
  }
  return writers;
}

void Write(const Options& options,
           const std::vector<std::unique_ptr<Writer>>& writers,
           GapMeter& meter) {
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  threads.reserve(writers.size());
  for (const auto& writer : writers) {
    threads.emplace_back([&stop, &meter, &writer] { writer->Run(stop, meter); });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  bool told = false;
  while (interrupted == 0 && std::chrono::steady_clock::now() < end &&
         (options.until_file.empty() || !std::filesystem::exists(options.until_file))) {
    if (!told && std::all_of(writers.begin(), writers.end(), [](const auto& writer) {
          return writer->writing();
        })) {
      // Who started the load waits for this line.
      std::cout << "writing: every client has had a write acknowledged" << std::endl;
      told = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  meter.Finish();
  stop = true;
}

WriterTotals Sum(const std::vector<std::unique_ptr<Writer>>& writers) {
  WriterTotals sum;
  for (const auto& writer : writers) {
    const auto& totals = writer->totals();
    sum.acked += totals.acked;
    sum.unknown += totals.unknown;
    sum.failed_operations += totals.failed_operations;
    sum.connection_losses += totals.connection_losses;
    sum.sessions_expired += totals.sessions_expired;
  }
  return sum;
}

int Report(const Options& options,
           const WriterTotals& totals,
           const Verdict& verdict,
           const GapMeter& meter) {
  const nlohmann::json report = {{"acked", totals.acked},
                                 {"lost", verdict.lost},
                                 {"unknown", totals.unknown},
                                 {"phantom", verdict.phantom},
                                 {"failed_operations", totals.failed_operations},
                                 {"longest_gap_ms", meter.LongestMilliseconds()},
                                 {"gap_p99_ms", meter.P99Milliseconds()},
                                 {"sessions_expired", totals.sessions_expired},
                                 {"connection_losses", totals.connection_losses}};
  for (const auto& finding : verdict.findings) {
    std::cerr << base::Printable(finding) << "\n";
  }
  if (const auto written = sys::WriteFileAtomically(options.json, report.dump(2) + "\n", 0644);
      !written) {
    std::cerr << written.error().message() << "\n";
    return 3;
  }
  std::cout << report.dump() << std::endl;
  return verdict.lost + verdict.phantom == 0 ? 0 : 1;
}

int Run(const Options& options) {
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGINT, OnSignal);
  std::signal(SIGPIPE, SIG_IGN);
  zoo_set_debug_level(static_cast<ZooLogLevel>(0));
  // The order of the hosts is ours, not random.
  zoo_deterministic_conn_order(1);
  const auto writers = MakeWriters(options);
  GapMeter meter;
  Write(options, writers, meter);
  const auto totals = Sum(writers);
  if (totals.acked == 0) {
    std::cerr << "no write was ever acknowledged: check that the ensemble serves\n";
    return 3;
  }
  const auto verdict = Verify({.members = options.verify_hosts,
                               .session = SessionOf(options, 0),
                               .limit = std::chrono::seconds(options.verify_seconds)},
                              writers);
  if (!verdict) {
    std::cerr << "nothing is proved: " << verdict.error().message() << "\n";
    return 3;
  }
  return Report(options, totals, *verdict, meter);
}

}  // namespace
}  // namespace zoowarden::load

int main(int argc, char** argv) {
  int exit_code = 0;
  const auto options = zoowarden::load::ReadOptions(argc, argv, exit_code);
  return options ? zoowarden::load::Run(*options) : exit_code;
}
