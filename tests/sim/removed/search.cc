// Tries the schedules FIRST to LAST until one breaks an invariant, and says which.
#include "base/log.h"
#include "tests/sim/drill.h"

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  using namespace zoowarden;
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " FIRST LAST\n";
    return 2;
  }
  base::InitLog(base::LogLevel::kError);
  const auto first = std::strtoull(argv[1], nullptr, 10);
  const auto last = std::strtoull(argv[2], nullptr, 10);
  for (auto seed = first; seed <= last; ++seed) {
    const auto result = sim::Drill(sim::MakeSchedule(seed)).CarryOut();
    if (!result.broken.empty()) {
      std::cout << seed << " " << result.broken.front() << "\n";
      return 0;
    }
  }
  std::cout << "none\n";
  return 0;
}
