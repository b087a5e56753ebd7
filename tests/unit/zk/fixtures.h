// Texts and files of real servers, one folder a version (made by tests/fixtures/zk/make.py).
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace zoowarden::zk {

inline const std::vector<std::string>& FixtureVersions() {
  static const std::vector<std::string> kVersions = {
      "3.4.14", "3.5.10", "3.6.4", "3.8.4", "3.9.4", "3.9.5"};
  return kVersions;
}

inline std::string FixturePath(const std::string& version, const std::string& name) {
  return std::string(ZOOWARDEN_ZK_FIXTURES) + "/" + version + "/" + name;
}

inline std::string ReadFixture(const std::string& version, const std::string& name) {
  std::ifstream file(FixturePath(version, name), std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace zoowarden::zk
