#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

// lib/core may read no file, ask no clock and open no socket: it includes the standard library
// without its doors to the outside, and base, model and itself.
namespace zoowarden::core {
namespace {

const std::set<std::string> kImpureStandardHeaders = {"condition_variable",
                                                      "cstdio",
                                                      "cstdlib",
                                                      "ctime",
                                                      "filesystem",
                                                      "fstream",
                                                      "future",
                                                      "iostream",
                                                      "mutex",
                                                      "ostream",
                                                      "random",
                                                      "semaphore",
                                                      "sstream",
                                                      "shared_mutex",
                                                      "thread",
                                                      "istream",
                                                      "csignal",
                                                      "latch",
                                                      "barrier",
                                                      "syncstream"};

bool IsAllowed(const std::string& include) {
  static const std::regex kStandard("<([a-z_]+)>");  // no path and no .h: neither POSIX nor others
  static const std::regex kOurs(
      "\"(base/(back_off|check|counted|error|text)|model/[a-z_]+|core/[a-z_]+)\\.h\"");
  std::smatch match;
  if (std::regex_match(include, match, kStandard)) {
    return !kImpureStandardHeaders.contains(match[1]);
  }
  return std::regex_match(include, kOurs);
}

TEST(PurityTest, CoreIncludesOnlyTheStandardLibraryBaseModelAndItself) {
  static const std::regex kInclude("\\s*#\\s*include\\s*([<\"][^>\"]+[>\"]).*");
  int files = 0;
  int includes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ZOOWARDEN_CORE_SOURCES)) {
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cc") {
      continue;
    }
    ++files;
    std::ifstream source(entry.path());
    for (std::string line; std::getline(source, line);) {
      std::smatch match;
      if (std::regex_match(line, match, kInclude)) {
        ++includes;
        EXPECT_TRUE(IsAllowed(match[1])) << entry.path().filename() << ": " << match[1];
      }
    }
  }
  EXPECT_GT(files, 15);
  EXPECT_GT(includes, 50);
}

TEST(PurityTest, CoreAsksNoClock) {
  static const std::regex kClock("(steady|system|high_resolution)_clock|getenv|\\btime\\(");
  for (const auto& entry : std::filesystem::directory_iterator(ZOOWARDEN_CORE_SOURCES)) {
    std::ifstream source(entry.path());
    for (std::string line; std::getline(source, line);) {
      EXPECT_FALSE(std::regex_search(line, kClock)) << entry.path().filename() << ": " << line;
    }
  }
}

TEST(PurityTest, TheRuleItselfRefusesWhatItShould) {
  for (const auto* include : {"<thread>",
                              "<fstream>",
                              "<sys/stat.h>",
                              "<unistd.h>",
                              "<nlohmann/json.hpp>",
                              "\"sys/files.h\"",
                              "\"base/log.h\"",
                              "\"controller/run/agents.h\""}) {
    EXPECT_FALSE(IsAllowed(include)) << include;
  }
  for (const auto* include : {"<vector>", "\"model/ids.h\"", "\"core/quorum.h\""}) {
    EXPECT_TRUE(IsAllowed(include)) << include;
  }
}

}  // namespace
}  // namespace zoowarden::core
