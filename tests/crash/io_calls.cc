#include "tests/crash/io_calls.h"

#include <fstream>
#include <sstream>

namespace zoowarden::crash {

std::vector<IoCall> ReadIoLog(const std::filesystem::path& log) {
  constexpr std::string_view kHit = "HIT ";
  std::vector<IoCall> calls;
  std::ifstream file(log);
  for (std::string line; std::getline(file, line);) {
    IoCall call{.hit = line.starts_with(kHit)};
    std::istringstream words(call.hit ? line.substr(kHit.size()) : line);
    words >> call.kind >> call.name;
    std::getline(words >> std::ws, call.path);
    calls.push_back(std::move(call));
  }
  return calls;
}

std::map<std::string, int> CountByKind(const std::vector<IoCall>& calls) {
  std::map<std::string, int> counts;
  for (const IoCall& call : calls) {
    ++counts[call.kind];
  }
  return counts;
}

}  // namespace zoowarden::crash
