// A directory for plugins and their files that disappears with the test.
#pragma once

#include "plugin/source.h"
#include "sys/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace zoowarden::plugin {

class PluginTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path Directory() const { return directory_.path(); }

  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    const auto path = Directory() / name;
    EXPECT_TRUE(sys::WriteFileAtomically(path, text, mode));
    return path.string();
  }

  // A plugin of this shell text, with `timeout`.
  [[nodiscard]] Plugin Script(
      const std::string& text,
      std::chrono::milliseconds timeout = std::chrono::milliseconds(20'000)) const {
    return {.name = "script",
            .executable = Write("script", "#!/bin/sh\n" + text, 0755),
            .timeout = timeout};
  }

  // The reason of the error, or "taken".
  static std::string ReasonOf(const base::Result<SourceValues>& values) {
    return values ? "taken" : values.error().reason();
  }

 private:
  sys::TempDir directory_ = sys::TempDir::Create(testing::TempDir(), "plugin").value();
};

}  // namespace zoowarden::plugin
