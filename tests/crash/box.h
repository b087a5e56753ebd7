// One server of a crash case: its directories, its agent (the real program) and the stand-in that
// plays ZooKeeper. Everything is below one directory and ends with the object.
//
// One thread at a time.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"
#include "tests/crash/stage.h"
#include "tests/crash/tree.h"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::crash {

inline constexpr std::uint16_t kAgentPort = 17443;

class Box {
 public:
  // `number` picks its addresses; the directory is made.
  Box(const Stage& stage, std::filesystem::path directory, int number);
  ~Box();
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  // Before anything else: the agent knows no directory with archives, they are sent to it.
  void HaveNoArchives() { has_archives_ = false; }
  // Configuration and archives. The others do it where it was not done.
  [[nodiscard]] base::Status WriteFiles();
  // By the agent's own bootstrap: the old release, serving, with some data.
  [[nodiscard]] base::Status InstallOld();
  // Returns when it listens. `faults`: ZOOWARDEN_FAULT of its environment.
  [[nodiscard]] base::Status StartAgent(const std::string& faults);
  // For the agents that are started from now on: "NAME=value".
  void SetEnvironment(std::vector<std::string> more) { environment_ = std::move(more); }
  // As a boot would: the launcher starts what `current` names. Returns when it is served.
  [[nodiscard]] base::Status LaunchServer();
  [[nodiscard]] bool AgentRuns();
  void KillAgent();
  void KillServers();
  // No release can be fetched any more.
  void RemoveArchives();

  // What is.
  [[nodiscard]] std::string Current() const;         // the digest that `current` names
  [[nodiscard]] std::string Running() const;         // the generation that is served, empty = none
  [[nodiscard]] std::string FirstViolation() const;  // of what the stand-ins recorded
  [[nodiscard]] std::vector<std::string> Started() const;  // generations, in order
  // A name that only work in progress has, and that stays: what is no longer needed goes after the
  // agent's answer.
  [[nodiscard]] std::string Leftover() const;
  [[nodiscard]] std::string AgentLog() const;

  [[nodiscard]] const model::EnsembleSpec& ensemble() const { return ensemble_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] const Stage& stage() const { return *stage_; }

 private:
  [[nodiscard]] std::string FirstLeftover() const;
  [[nodiscard]] pid_t Spawn(const std::vector<std::string>& words, const std::string& faults) const;
  [[nodiscard]] std::vector<std::pair<pid_t, std::string>> Starts() const;

  const Stage* stage_;
  std::filesystem::path directory_;
  std::string host_;
  model::EnsembleSpec ensemble_;
  std::vector<std::string> environment_;
  pid_t agent_ = 0;
  bool has_archives_ = true;
};

}  // namespace zoowarden::crash
