// CAs and what they issue, in a directory of the test.
#pragma once

#include "pki/authority.h"
#include "pki/credentials.h"
#include "pki/revocation.h"
#include "sys/files.h"
#include "sys/manual_clock.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::pki {

class CaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-pki-");
    ASSERT_TRUE(created);
    directory_.emplace(std::move(*created));
    ASSERT_TRUE(InitCa(Path("ca"), "lab", clock_));
  }
  [[nodiscard]] std::filesystem::path Path(const std::string& name) const {
    return directory_->path() / name;
  }
  [[nodiscard]] std::string Read(const std::string& name) const {
    return sys::ReadFile(Path(name), 1'000'000).value();
  }
  void Write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(sys::WriteFileAtomically(Path(name), text, 0600));
  }
  // An operator's; its certificate is in OUT/cert.pem.
  CertificateInfo IssueFrom(const std::string& ca, const std::string& out) {
    const auto issued = Issue(
        {.ca_directory = Path(ca), .out_directory = Path(out), .role = Role::kOperator}, clock_);
    EXPECT_TRUE(issued) << issued.error().message();
    return *issued;
  }
  // The list of that CA, as text.
  std::string CrlOf(const std::string& ca, Days lifetime = Days(180)) {
    const auto written = WriteCrl(
        {.ca_directory = Path(ca), .out = Path("written.pem"), .lifetime = lifetime}, clock_);
    EXPECT_TRUE(written) << written.error().message();
    return Read("written.pem");
  }

  sys::ManualClock clock_;
  std::optional<sys::TempDir> directory_;
};

}  // namespace zoowarden::pki
