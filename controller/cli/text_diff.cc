#include "controller/cli/text_diff.h"

#include <dtl/dtl.hpp>

#include <sstream>

namespace zoowarden::controller {

std::string UnifiedDiff(const std::vector<std::string>& before,
                        const std::vector<std::string>& after) {
  if (before == after) {
    return "";
  }
  dtl::Diff<std::string> diff(before, after);
  diff.compose();
  diff.composeUnifiedHunks();
  std::ostringstream text;
  diff.printUnifiedFormat(text);
  return text.str();
}

}  // namespace zoowarden::controller
