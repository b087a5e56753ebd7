// How a ZooKeeper that zkServer.sh started by hand is started again so that the same command line
// comes out: the script's words and the environment that it was given, worked out from what the JVM
// has of them. Pure but for looking which files exist.
//
// zkServer.sh and zkEnv.sh change some of the variables that they were given before the JVM
// inherits them (read at 3.4.13 to 3.9.4); that is undone here.
#pragma once

#include "agent/lifecycle/launcher/start_file.h"
#include "base/error.h"

#include <string>
#include <vector>

namespace zoowarden::agent {

struct StartedProcess {
  std::vector<std::string> command_line;
  std::vector<std::string> class_path;
  std::vector<std::string> environment;
  std::string directory;
  std::string data_directory;
  // Variables that files sourced by the script set: they will set them again.
  std::vector<std::string> set_by_files;
};

// The file bin/zkServer.sh of the release that the class path names; empty when there is none.
[[nodiscard]] std::string ScriptOf(const std::vector<std::string>& class_path);
// The server jar on the class path, as written there; empty when there is none.
[[nodiscard]] std::string ServerJarOf(const std::vector<std::string>& class_path);

// kFailedPrecondition `adopt.unknown_launcher` when this is no start of zkServer.sh.
[[nodiscard]] base::Result<ScriptStart> ScriptStartOf(const StartedProcess& process);

}  // namespace zoowarden::agent
