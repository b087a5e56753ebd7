#include "pki/live_credentials.h"

#include "tests/unit/pki/ca_fixture.h"

namespace zoowarden::pki {
namespace {

class LiveCredentialsTest : public CaTest {
 protected:
  void SetUp() override {
    CaTest::SetUp();
    one_ = IssueFrom("ca", "one");
    two_ = IssueFrom("ca", "two");
    std::filesystem::create_directory_symlink("one", Path("pki"));
    auto loaded = LiveCredentials::Load(FilesIn(Path("pki")), clock_);
    ASSERT_TRUE(loaded) << loaded.error().message();
    live_ = *loaded;
    live_->Follow([this](const Credentials& now) { told_.push_back(now.info.serial); });
  }
  void PointTo(const char* directory) { ASSERT_TRUE(sys::ReplaceSymlink(Path("pki"), directory)); }
  std::string SerialAfterRefresh() {
    live_->Refresh();
    return live_->Get()->info.serial;
  }

  CertificateInfo one_;
  CertificateInfo two_;
  std::shared_ptr<LiveCredentials> live_;
  std::vector<std::string> told_;
};

TEST_F(LiveCredentialsTest, ANewDirectoryIsTakenAndFollowersAreTold) {
  EXPECT_EQ(SerialAfterRefresh(), one_.serial);
  PointTo("two");
  EXPECT_EQ(SerialAfterRefresh(), two_.serial);
  EXPECT_EQ(SerialAfterRefresh(), two_.serial);
  EXPECT_EQ(told_, (std::vector<std::string>{one_.serial, two_.serial}));
}

TEST_F(LiveCredentialsTest, WhatIsNotWholeOrDoesNotMatchKeepsTheGoodOnes) {
  const auto key = Read("one/key.pem");
  for (const std::string& bad : {std::string(), key.substr(0, 60), Read("two/key.pem")}) {
    Write("one/key.pem", bad);
    EXPECT_EQ(SerialAfterRefresh(), one_.serial);
    EXPECT_EQ(live_->Get()->key_pem, key);
  }
  Write("one/ca.pem", "half of a CA");
  EXPECT_EQ(SerialAfterRefresh(), one_.serial);
  EXPECT_EQ(live_->Get()->ca_pem, Read("ca/ca.pem"));
  std::filesystem::remove(Path("pki"));
  EXPECT_EQ(SerialAfterRefresh(), one_.serial);
  PointTo("two");
  EXPECT_EQ(SerialAfterRefresh(), two_.serial);
}

TEST_F(LiveCredentialsTest, AnotherNameOrAnExpiredOneIsNotTaken) {
  ASSERT_TRUE(
      Issue({.ca_directory = Path("ca"), .out_directory = Path("viewer"), .role = Role::kViewer},
            clock_));
  PointTo("viewer");
  EXPECT_EQ(SerialAfterRefresh(), one_.serial);
  clock_.Advance(Days(400));
  PointTo("two");
  EXPECT_EQ(SerialAfterRefresh(), one_.serial);
}

TEST_F(LiveCredentialsTest, ABundleOfTwoCasIsTakenWithACertificateOfEither) {
  ASSERT_TRUE(InitCa(Path("next"), "lab", clock_));
  const auto three = IssueFrom("next", "three");
  const auto both = Read("ca/ca.pem") + Read("next/ca.pem");
  Write("one/ca.pem", both);
  EXPECT_EQ(SerialAfterRefresh(), one_.serial);
  EXPECT_EQ(live_->Get()->ca_pem, both);
  Write("three/ca.pem", both);
  PointTo("three");
  EXPECT_EQ(SerialAfterRefresh(), three.serial);
  Write("three/ca.pem", Read("ca/ca.pem"));
  live_->Refresh();
  EXPECT_EQ(live_->Get()->ca_pem, both) << "the old CA alone has not issued this certificate";
}

}  // namespace
}  // namespace zoowarden::pki
