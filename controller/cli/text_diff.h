// A unified diff of two texts. The diff library stays in the .cc.
#pragma once

#include <string>
#include <vector>

namespace zoowarden::controller {

// "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"; empty when the lines are the same.
[[nodiscard]] std::string UnifiedDiff(const std::vector<std::string>& before,
                                      const std::vector<std::string>& after);

}  // namespace zoowarden::controller
