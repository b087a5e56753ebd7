#include "tests/crash/data_watch.h"

#include <map>
#include <utility>

namespace zoowarden::crash {

DataWatch::DataWatch(std::filesystem::path data, Kind kind)
    : data_(std::move(data)), kind_(kind), before_(ReadTree(data_)) {}

std::string DataWatch::Judge() const {
  if (kind_ == Kind::kFirstInstallation) {
    return "";
  }
  const std::string difference = DifferenceOf(before_, ReadTree(data_), Compare::kTimes);
  return difference.empty() ? "" : "I9: the data directory was written to: " + difference;
}

std::string DataWatch::JudgeEnd(bool begun) const {
  if (kind_ != Kind::kFirstInstallation) {
    return Judge();
  }
  std::map<std::string, std::string> made;
  for (const auto& [path, node] : ReadTree(data_)) {
    made[path] = node.what;
  }
  const std::map<std::string, std::string> prepared = {
      {".", "/"}, {"myid", "1\n"}, {"version-2", "/"}};
  const bool untouched = made.size() <= 1;
  return made == prepared || (untouched && !begun)
             ? ""
             : "I9: the data directory holds something else than version-2 and myid";
}

}  // namespace zoowarden::crash
