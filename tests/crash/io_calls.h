// The calls that the interposer saw.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace zoowarden::crash {

struct IoCall {
  std::string kind;  // open, write, sync, rename, other
  std::string name;  // of the function: "pwrite64"
  std::string path;
  bool hit = false;  // it was made to fail
};

// Empty when there is no log. Paths have no line ends in these suites.
[[nodiscard]] std::vector<IoCall> ReadIoLog(const std::filesystem::path& log);

// By kind: how many.
[[nodiscard]] std::map<std::string, int> CountByKind(const std::vector<IoCall>& calls);

}  // namespace zoowarden::crash
