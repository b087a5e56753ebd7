// java.env, zookeeper-env.sh, Debian's environment: shell files that the start scripts source. What
// they do to the JVM is on its command line; here is only which variables they set, and which of
// their lines are more than an assignment. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

struct EnvironmentFile {
  std::vector<std::string> sets;    // names, each once, in the order of the file
  std::vector<int> not_understood;  // numbers of lines, 1-based
};

[[nodiscard]] EnvironmentFile ReadEnvironmentFile(std::string_view text);

}  // namespace zoowarden::agent
