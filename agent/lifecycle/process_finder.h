// Finds the ZooKeeper process of this instance, whoever started it.
//
// Looks by command line -> configuration file -> data directory, because pid files are stale and an
// idle JVM holds no file of its data directory open. Whether every process could be seen and judged
// is part of the answer: where this agent is blind, an absent process proves nothing. A zombie is a
// gone process when none of its threads is left. One owner thread.
#pragma once

#include "agent/lifecycle/data_judge.h"
#include "model/observation.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::agent {

// What tells the process of an adopted generation, which runs with somebody else's files.
struct AdoptedProcess {
  std::string generation;  // its digest
  std::filesystem::path configuration;
  std::string server_jar;  // on its class path
};

struct FinderSettings {
  std::filesystem::path proc = "/proc";  // tests give a tree of their own
  std::filesystem::path releases;
  std::filesystem::path generations;
  std::filesystem::path data_directory;
  std::filesystem::path data_log_directory;
  // FindAgain looks at every process as often as this: a second one on the same data is noticed.
  std::chrono::milliseconds whole_look_every{1'000};
  // Asked at each look; empty = nothing was adopted.
  std::function<std::optional<AdoptedProcess>()> adopted = {};
};

struct FoundProcess {
  model::Process process;               // started_by_operation stays empty
  std::filesystem::path configuration;  // the file on its command line
  std::vector<std::string> command_line;
  std::string unclear = {};  // why it cannot be told whose data it serves; empty where it can
};

struct FinderAnswer {
  bool visible = false;  // every process of this machine could be looked at
  std::string problem;   // why not, or what is odd ("two processes …")
  std::optional<FoundProcess> found;
  bool several = false;  // there is another one on the same data
  // It, when it is the only one: of two, nothing is known of the member.
  [[nodiscard]] const FoundProcess* sole() const { return found && !several ? &*found : nullptr; }
  std::vector<FoundProcess> others;  // ZooKeepers that serve other data, or of which it is unclear
};

class ProcessFinder {
 public:
  explicit ProcessFinder(FinderSettings settings) : settings_(std::move(settings)) {}

  // Looks at every process.
  [[nodiscard]] FinderAnswer Find();
  // The process found last when it is still the same one, which costs one read, and Find was not
  // long ago (FinderSettings::whole_look_every); else Find.
  [[nodiscard]] FinderAnswer FindAgain();
  // The next look is at every process: what a process is called has changed.
  void Forget() { last_.reset(); }

 private:
  struct Thread {
    std::int32_t id = 0;
    std::string text;  // the command line of its process
  };
  struct Candidate {
    std::int32_t pid = 0;
    std::int32_t seen_through = 0;  // itself, or one of its threads
    std::vector<std::string> command_line;
  };

  [[nodiscard]] std::optional<std::uint64_t> StartTime(std::int32_t pid) const;
  [[nodiscard]] FinderAnswer Scan() const;
  void KeepWhatIsOnItsWayOut(FinderAnswer& answer) const;
  [[nodiscard]] std::optional<Thread> LivingThread(std::int32_t pid, FinderAnswer& answer) const;
  void LookAt(std::int32_t pid, FinderAnswer& answer) const;
  [[nodiscard]] Verdict ServesOurData(const Candidate& candidate,
                                      const std::string& argument,
                                      const std::filesystem::path& configuration) const;
  [[nodiscard]] std::filesystem::path Absolute(std::int32_t pid,
                                               const std::filesystem::path& path) const;
  [[nodiscard]] model::Process Describe(const Candidate& candidate,
                                        std::uint64_t start_time,
                                        const std::filesystem::path& configuration) const;
  [[nodiscard]] std::string GenerationNamed(const Candidate& candidate,
                                            const std::filesystem::path& configuration) const;

  FinderSettings settings_;
  std::optional<FinderAnswer> last_;
  std::chrono::steady_clock::time_point last_look_;
};

}  // namespace zoowarden::agent
