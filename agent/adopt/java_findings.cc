#include "agent/adopt/java_findings.h"

#include "agent/lifecycle/process_finder.h"
#include "base/text.h"
#include "config/ensemble_file.h"
#include "model/discovery.h"
#include "model/java_options.h"
#include "model/secrets.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace zoowarden::agent {
namespace {

constexpr std::string_view kLogDirectory = "-Dzookeeper.log.dir=";
constexpr std::string_view kJmx = "-Dcom.sun.management.jmxremote";
constexpr std::string_view kHeap = "-Xmx";
constexpr std::array<std::string_view, 3> kClassPath = {"-cp", "-classpath", "--class-path"};

// What bin/zkServer.sh and Debian's init script write by themselves (read at 3.4.13 to 3.9.4 and
// 3.8.0-11+deb12u2): a generation of ours gets its own.
constexpr std::array<std::string_view, 5> kScripts = {kLogDirectory,
                                                      "-Dzookeeper.log.file=",
                                                      "-Dzookeeper.datadir.autocreate=",
                                                      "-XX:+HeapDumpOnOutOfMemoryError",
                                                      "-XX:OnOutOfMemoryError=kill -9 %p"};

constexpr std::string_view kLogger = "-Dzookeeper.root.logger=";
// Of zkEnv.sh and of Debian's package.
constexpr std::array<std::string_view, 2> kUsualLoggers = {"INFO,CONSOLE", "INFO,ROLLINGFILE"};

bool IsOfScripts(std::string_view option) {
  return std::any_of(kScripts.begin(), kScripts.end(), [option](std::string_view own) {
    return own.ends_with('=') ? option.starts_with(own) : option == own;
  });
}

// "--add-opens X" as "--add-opens=X", so that one option is one word.
std::vector<std::string> OptionsOf(const std::vector<std::string>& command_line,
                                   JavaFindings& findings) {
  std::vector<std::string> options;
  // The main class is the first word of its own; ConfigurationArgument tells that there is one.
  const std::string configuration = ConfigurationArgument(command_line);
  for (std::size_t i = 1; i + 1 < command_line.size(); ++i) {
    const std::string& word = command_line[i];
    const std::string& next = command_line[i + 1];
    if (!word.starts_with('-') && next == configuration) {
      break;
    }
    if (std::find(kClassPath.begin(), kClassPath.end(), word) != kClassPath.end()) {
      for (const std::string_view entry : base::Split(next, ':')) {
        findings.class_path.emplace_back(entry);
      }
      ++i;
    } else if (word.starts_with("--") && word.find('=') == std::string::npos &&
               !next.starts_with('-')) {
      options.push_back(base::Join({word, next}, "="));
      ++i;
    } else {
      options.push_back(word);
    }
  }
  return options;
}

std::string WithoutSecret(const std::string& option) {
  return model::MaskSecretOption(option) == option
             ? option
             : option.substr(0, option.find('=') + 1).append(model::kKeptOnServer);
}

void AddOption(const std::string& option, JavaFindings& findings) {
  const std::string shown = WithoutSecret(option);
  if (const auto problem = model::JavaOptionProblem(option)) {
    findings.notes.push_back("JVM option " + base::Printable(shown) + " is not taken over: it " +
                             *problem);
  } else if (!config::IsSafeJavaOption(shown)) {
    findings.notes.push_back("JVM option " + base::Printable(shown) +
                             " is not taken over: config.java.options cannot hold its characters");
  } else {
    findings.java.options.push_back(shown);
  }
}

void TakeHeap(std::string_view size, const std::string& option, JavaFindings& findings) {
  if (config::IsJavaHeap(size)) {
    findings.java.heap = size;  // of two the last one counts
  } else {
    findings.java.options.push_back(option);
  }
}

void NameLogger(std::string_view logger, JavaFindings& findings) {
  if (std::find(kUsualLoggers.begin(), kUsualLoggers.end(), logger) == kUsualLoggers.end()) {
    findings.notes.push_back("the root logger is " + base::Printable(logger) +
                             ", which is not taken over: name a logging configuration under "
                             "config.files to keep it");
  }
}

}  // namespace

JavaFindings ReadJavaOptions(const std::vector<std::string>& command_line) {
  JavaFindings findings;
  const auto options = OptionsOf(command_line, findings);
  const bool remote_jmx = std::any_of(options.begin(), options.end(), [](const auto& option) {
    return option.starts_with(std::string(kJmx) + ".port=");
  });
  bool local_jmx = false;
  bool heap = false;
  for (const std::string& option : options) {
    if (option.starts_with(kLogDirectory)) {
      findings.log_directory = option.substr(kLogDirectory.size());
    }
    if (IsOfScripts(option)) {
      continue;
    }
    if (option.starts_with(kLogger)) {
      NameLogger(std::string_view(option).substr(kLogger.size()), findings);
    } else if (option.starts_with(kJmx) && !remote_jmx) {
      local_jmx = true;
    } else if (option.starts_with(kHeap)) {
      heap = true;
      TakeHeap(std::string_view(option).substr(kHeap.size()), option, findings);
    } else {
      AddOption(option, findings);
    }
  }
  if (local_jmx) {
    findings.notes.emplace_back(
        "local JMX is on (the start script's default); Zoowarden starts ZooKeeper without it: "
        "add " +
        std::string(kJmx) + " to config.java.options to keep it");
  }
  if (!heap) {
    findings.notes.emplace_back(
        "no -Xmx is given, so the JVM chooses its heap; a release's zkServer.sh sets 1000m unless "
        "config.java.heap says otherwise");
  }
  return findings;
}

}  // namespace zoowarden::agent
