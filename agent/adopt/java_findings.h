// The JVM options that a running ZooKeeper was given, without those that the start scripts write
// themselves. The command line is what runs; files that may have changed since are not asked. Pure.
#pragma once

#include "model/ensemble.h"

#include <string>
#include <vector>

namespace zoowarden::agent {

struct JavaFindings {
  model::JavaSpec java;  // values of secrets are model::kKeptOnServer
  std::vector<std::string> class_path;
  std::string log_directory;       // -Dzookeeper.log.dir
  std::vector<std::string> notes;  // sentences: what config.java cannot say
};

[[nodiscard]] JavaFindings ReadJavaOptions(const std::vector<std::string>& command_line);

}  // namespace zoowarden::agent
