// The logging configuration of a release line, for ensembles that give none. Pure.
//
// 3.4 to 3.7 log through log4j, 3.8 and later through logback (ZOOKEEPER-4427). Without a file on
// the class path the first logs nothing and the second everything.
#pragma once

#include "model/version.h"

#include <string_view>

namespace zoowarden::agent {

struct LoggingDefault {
  std::string_view file_name;
  std::string_view content;
};

// Rolling files of 10 MiB in zookeeper.log.dir, ten of them; warnings also on standard output.
[[nodiscard]] LoggingDefault LoggingDefaultFor(const model::Version& version);

}  // namespace zoowarden::agent
