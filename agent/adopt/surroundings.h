// What a server was given beside its options and its files, and what Zoowarden starts is not: the
// launcher makes an environment of its own. Sentences for a person; no value of a variable is in
// them. Reads which files exist.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace zoowarden::agent {

// By name: the file that sets it, empty for one that only the running process has.
using Variables = std::map<std::string, std::string>;

// "NAME=value" of `process`, which is /proc/PID; empty where it cannot be read.
[[nodiscard]] std::vector<std::string> ReadEnvironment(const std::filesystem::path& process);

// One for each variable but those whose effect stands on the JVM's command line, and those of a
// login, a terminal, a service manager or the start scripts themselves.
[[nodiscard]] std::vector<std::string> VariableNotes(const Variables& variables);

// Empty when what Zoowarden starts gets the Java that runs. `java` is the program that runs;
// `java_home` is of agent.yaml, empty = the first in the launcher's PATH, looked for below `root`.
[[nodiscard]] std::vector<std::string> JavaNotes(const std::string& java,
                                                 const std::string& java_home,
                                                 const std::filesystem::path& root);

}  // namespace zoowarden::agent
