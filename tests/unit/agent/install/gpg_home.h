// A key home of gpg that disappears with the object: throwaway keys, and what they sign.
#pragma once

#include "sys/files.h"
#include "sys/subprocess.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::agent {

class GpgHome {
 public:
  GpgHome() : home_(sys::TempDir::Create("/tmp", "zw-gpg-").value()) {}
  ~GpgHome() { Start("/usr/bin/gpgconf", {"--homedir", home_.path(), "--kill", "gpg-agent"}); }
  GpgHome(const GpgHome&) = delete;
  GpgHome& operator=(const GpgHome&) = delete;

  [[nodiscard]] std::string At(const std::string& name) const { return home_.path() / name; }

  std::string Run(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"--homedir",
                                          home_.path(),
                                          "--batch",
                                          "--yes",
                                          "--no-tty",
                                          "--quiet",
                                          "--pinentry-mode",
                                          "loopback",
                                          "--passphrase",
                                          "",
                                          "--trust-model",
                                          "always"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Start("/usr/bin/gpg", std::move(arguments));
  }

  // The new key's fingerprint. `when`: as gpg's --faked-system-time, empty = now.
  [[nodiscard]] std::string NewKey(const std::string& name,
                                   const std::string& expire,
                                   const std::string& when = "") const {
    std::vector<std::string> arguments;
    if (!when.empty()) {
      arguments = {"--faked-system-time", when};
    }
    arguments.insert(
        arguments.end(),
        {"--quick-generate-key", name + " <" + name + "@lab.invalid>", "ed25519", "sign", expire});
    Run(arguments);
    const std::string listing = Run({"--with-colons", "--list-keys", name + "@lab.invalid"});
    const auto begin = listing.find("fpr:::::::::") + 12;
    return listing.substr(begin, 40);
  }

  // A detached signature of the file.
  [[nodiscard]] std::string Sign(const std::string& key,
                                 const std::string& file,
                                 std::vector<std::string> more = {}) const {
    const std::string signature = At("signature.tmp");
    more.insert(more.end(), {"--local-user", key, "--output", signature, "--detach-sign", file});
    Run(more);
    return sys::ReadFile(signature, 1024 * 1024).value();
  }

 private:
  std::string Start(const std::string& program, std::vector<std::string> arguments) const {
    const auto result = sys::RunProgram({.executable = program,
                                         .arguments = std::move(arguments),
                                         .environment = {"LC_ALL=C", "PATH=/usr/bin:/bin"},
                                         .directory = home_.path(),
                                         .timeout = std::chrono::seconds(60),
                                         .descendants = sys::Descendants::kLeave});
    EXPECT_TRUE(result) << (result ? "" : result.error().message());
    EXPECT_TRUE(!result || result->succeeded()) << result->error_output;
    return result ? result->output : "";
  }

  sys::TempDir home_;
};

}  // namespace zoowarden::agent
