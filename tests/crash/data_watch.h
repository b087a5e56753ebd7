// The data directory of a box: nothing but ZooKeeper may write to it (I9), and the stand-in for
// that never does. A first installation makes it.
#pragma once

#include "tests/crash/cases.h"
#include "tests/crash/tree.h"

#include <filesystem>
#include <string>

namespace zoowarden::crash {

// Each judgement is empty, or what is wrong.
class DataWatch {
 public:
  // What is there now is to stay, with its times: who writes and puts everything back leaves the
  // time of the change, and who makes and removes a file that of its directory.
  DataWatch(std::filesystem::path data, Kind kind);

  // At any time.
  [[nodiscard]] std::string Judge() const;
  // With no agent at work. `begun`: a server was to be started.
  [[nodiscard]] std::string JudgeEnd(bool begun) const;

 private:
  std::filesystem::path data_;
  Kind kind_;
  Tree before_;
};

}  // namespace zoowarden::crash
