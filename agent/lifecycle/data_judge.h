// Whether a ZooKeeper process serves this instance's data: by the files that it holds open, and by
// the data directory of its configuration, both as the process itself sees them.
//
// What cannot be judged is neither ours nor somebody else's. Another server on this machine, in a
// container too, is excluded where anything shows that its data is not ours.
#pragma once

#include "agent/lifecycle/process_view.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zoowarden::agent {

enum class Ours { kNo, kYes, kUnclear };

struct Verdict {
  Ours ours = Ours::kUnclear;
  std::string why;  // of kUnclear: what about the process, and what to do
};

struct ZooKeeperProcess {
  std::int32_t pid = 0;
  std::vector<std::string> command_line;
  std::filesystem::path configuration;  // as its command line names it
  bool of_our_generation = false;       // by that name
};

class DataJudge {
 public:
  DataJudge(std::filesystem::path proc,
            const std::filesystem::path& data_directory,
            const std::filesystem::path& data_log_directory);

  [[nodiscard]] Verdict Judge(const ZooKeeperProcess& process, const ProcessView& view) const;

 private:
  [[nodiscard]] Verdict ByConfiguration(const ZooKeeperProcess& process,
                                        const ProcessView& view,
                                        Ours holds) const;
  [[nodiscard]] Verdict ByDirectories(const ProcessView& view,
                                      const std::vector<std::string>& directories) const;
  [[nodiscard]] Ours HoldsOurFiles(std::int32_t pid, const ProcessView& view) const;
  [[nodiscard]] bool IsOurFile(const std::filesystem::path& descriptor,
                               const std::filesystem::path& target,
                               bool our_root) const;

  std::filesystem::path proc_;
  std::vector<std::filesystem::path> ours_;  // resolved
};

// The file after the main class of a quorum member on a Java command line; empty when this is not
// one. A relative one is relative to the process's directory.
[[nodiscard]] std::string ConfigurationArgument(const std::vector<std::string>& command_line);

}  // namespace zoowarden::agent
