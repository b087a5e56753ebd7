// A /proc and an instance of their own.
#pragma once

#include "agent/lifecycle/process_finder.h"
#include "sys/files.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace zoowarden::agent {

inline constexpr const char* kMain = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

class ProcessFinderTest : public ::testing::Test {
 protected:
  ProcessFinderTest()
      : root_(sys::TempDir::Create(std::filesystem::temp_directory_path(), "finder-").value()) {
    for (const char* name : {"proc", "data", "other-data", "generations/aaaa/conf", "releases"}) {
      std::filesystem::create_directories(Path(name));
    }
    Write("generations/aaaa/conf/zoo.cfg", "dataDir=" + Path("data").string() + "\n");
    Write("elsewhere.cfg", "dataDir=" + Path("other-data").string() + "\n");
  }

  [[nodiscard]] std::filesystem::path Path(const std::string& name) const {
    return root_.path() / name;
  }

  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }

  void AddProcess(int pid, const std::vector<std::string>& command, char state = 'S') const {
    const std::string directory = "proc/" + std::to_string(pid);
    std::filesystem::create_directories(Path(directory + "/fd"));
    // As everybody's, but of a container.
    if (!std::filesystem::is_symlink(Path(directory + "/root"))) {
      std::filesystem::create_directory_symlink("/", Path(directory + "/root"));
    }
    std::string raw;
    for (const std::string& argument : command) {
      raw += argument + '\0';
    }
    Write(directory + "/cmdline", raw);
    std::string stat = std::to_string(pid) + " (a) b (java) " + state;
    for (int field = 4; field < 22; ++field) {
      stat += " 0";
    }
    Write(directory + "/stat", stat + " 777 0 0\n");
  }

  [[nodiscard]] std::vector<std::string> Java(const std::filesystem::path& configuration) const {
    return {"java",
            "-cp",
            Path("releases").string() + "/3.9.4-aabbccdd/lib/a.jar",
            kMain,
            configuration.string()};
  }

  [[nodiscard]] ProcessFinder Finder(
      std::chrono::milliseconds whole_look_every = std::chrono::hours(1)) const {
    return ProcessFinder({.proc = Path("proc"),
                          .releases = Path("releases"),
                          .generations = Path("generations"),
                          .data_directory = Path("data"),
                          .data_log_directory = Path("data"),
                          .whole_look_every = whole_look_every});
  }

 private:
  sys::TempDir root_;
};

}  // namespace zoowarden::agent
