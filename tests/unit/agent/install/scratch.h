// A directory in memory where there is one: these tests sync hundreds of files.
#pragma once

#include "sys/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace zoowarden::agent {

class ScratchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* parent = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    auto created = sys::TempDir::Create(parent, "zw-install-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
  }
  [[nodiscard]] const std::filesystem::path& scratch() const { return scratch_->path(); }

  static void Write(const std::filesystem::path& path, std::string_view content) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  static std::string Read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
  }
  static int CountEntries(const std::filesystem::path& path) {
    return static_cast<int>(std::distance(std::filesystem::directory_iterator(path), {}));
  }

 private:
  std::optional<sys::TempDir> scratch_;
};

}  // namespace zoowarden::agent
