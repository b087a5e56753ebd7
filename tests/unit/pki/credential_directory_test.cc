#include "pki/credential_directory.h"

#include "tests/unit/pki/ca_fixture.h"

#include <sys/stat.h>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

class CredentialDirectoryTest : public CaTest {
 protected:
  CredentialTexts NewTexts(const std::string& out) {
    IssueFrom("ca", out);
    return {.ca_pem = Read(out + "/ca.pem"),
            .certificate_pem = Read(out + "/cert.pem"),
            .key_pem = Read(out + "/key.pem")};
  }
  std::string ReasonOf(const CredentialFiles& files) {
    const auto good = CheckSwitchable(files);
    return good ? "" : good.error().reason();
  }
  [[nodiscard]] std::size_t Directories() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(directory_->path())) {
      count += entry.path().filename().native().starts_with("pki-") ? 1 : 0;
    }
    return count;
  }

  CredentialFiles files_;
  void SetUp() override {
    CaTest::SetUp();
    files_ = FilesIn(Path("pki"));
  }
};

TEST_F(CredentialDirectoryTest, TheFirstSetAndEachLaterOneAreWhole) {
  for (const char* out : {"one", "two"}) {
    const auto texts = NewTexts(out);
    ASSERT_TRUE(InstallCredentials(files_, texts));
    ASSERT_TRUE(LoadCredentials(files_, clock_));
    EXPECT_EQ(Read("pki/key.pem"), texts.key_pem);
    EXPECT_EQ(Directories(), 1U) << "no old key stays behind";
  }
  struct stat info {};
  ASSERT_EQ(::stat(files_.key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_TRUE(fs::is_symlink(Path("pki")));
}

TEST_F(CredentialDirectoryTest, RepeatedItDoesNothing) {
  const auto texts = NewTexts("one");
  ASSERT_TRUE(InstallCredentials(files_, texts));
  ASSERT_TRUE(InstallCredentials(files_, texts));
  EXPECT_TRUE(LoadCredentials(files_, clock_));
}

TEST_F(CredentialDirectoryTest, WhatElseLiesThereComesAlong) {
  ASSERT_TRUE(InstallCredentials(files_, NewTexts("one")));
  Write("pki/keyring.gpg", "k");
  auto texts = NewTexts("two");
  texts.ca_pem.clear();
  ASSERT_TRUE(InstallCredentials(files_, texts));
  EXPECT_EQ(Read("pki/keyring.gpg"), "k");
  EXPECT_EQ(Read("pki/ca.pem"), Read("ca/ca.pem"));
}

// When the CA has answered it is too late to refuse.
TEST_F(CredentialDirectoryTest, WhatCouldNotComeAlongIsRefusedBeforehand) {
  ASSERT_TRUE(InstallCredentials(files_, NewTexts("one")));
  Write("pki/keyring.gpg", "k");
  EXPECT_EQ(ReasonOf(files_), "");
  fs::resize_file(Path("pki/keyring.gpg"), 4U * 1024 * 1024 + 1);
  EXPECT_EQ(ReasonOf(files_), "file.too_large");
}

TEST_F(CredentialDirectoryTest, ALinkThatLiesThereStaysOneAndIsNotFollowed) {
  ASSERT_TRUE(InstallCredentials(files_, NewTexts("one")));
  const fs::path before = fs::read_symlink(Path("pki"));
  Write("secret", "somebody else's");
  fs::create_symlink("../secret", Path("pki/keyring.gpg"));
  fs::create_symlink("nowhere", Path("pki/dangling"));
  const auto done = InstallCredentials(files_, NewTexts("two"));
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_NE(fs::read_symlink(Path("pki")), before);
  EXPECT_EQ(fs::read_symlink(Path("pki/keyring.gpg")), "../secret");
  EXPECT_EQ(fs::read_symlink(Path("pki/dangling")), "nowhere");
  EXPECT_EQ(Read("pki/keyring.gpg"), "somebody else's");
  EXPECT_EQ(Directories(), 1U);
}

// The name that the new directory will have is known before: a serial number is no secret.
TEST_F(CredentialDirectoryTest, ADirectoryPlantedUnderTheNewNameIsNotUsed) {
  const auto texts = NewTexts("one");
  const auto serial = ParseCertificate(texts.certificate_pem)->serial.substr(0, 16);
  fs::create_directory(Path("elsewhere"));
  fs::create_directory_symlink(Path("elsewhere"), Path("pki-" + serial));
  ASSERT_TRUE(InstallCredentials(files_, texts));
  EXPECT_TRUE(fs::is_empty(Path("elsewhere")));
  EXPECT_TRUE(LoadCredentials(files_, clock_));
}

TEST_F(CredentialDirectoryTest, ADirectoryOfTheOperatorsIsNotRemoved) {
  fs::rename((NewTexts("one"), Path("one")), Path("pki-mine"));
  fs::create_directory_symlink("pki-mine", Path("pki"));
  ASSERT_TRUE(InstallCredentials(files_, NewTexts("two")));
  EXPECT_TRUE(fs::exists(Path("pki-mine/key.pem")));
}

TEST_F(CredentialDirectoryTest, OnlyWhatCanBeSwitchedAtOneStrokeIsTaken) {
  EXPECT_EQ(ReasonOf(files_), "") << "nothing there yet";
  fs::create_directory(Path("pki"));
  EXPECT_EQ(ReasonOf(files_), "") << "empty";
  Write("pki/cert.pem", "mine");
  EXPECT_EQ(ReasonOf(files_), "pki.not_switchable");
  EXPECT_EQ(InstallCredentials(files_, NewTexts("one")).error().reason(), "pki.not_switchable");
  EXPECT_EQ(Read("pki/cert.pem"), "mine");
  EXPECT_NE(CheckSwitchable(files_).error().message().find(
                "type: mv '" + Path("pki").native() + "' '" + Path("pki").native() +
                "-1' && ln -s 'pki-1' '" + Path("pki").native() + "'"),
            std::string::npos);
  files_.key = Path("elsewhere/key.pem");
  EXPECT_EQ(ReasonOf(files_), "pki.not_switchable");
}

TEST_F(CredentialDirectoryTest, AnInterruptedAttemptIsNoHindranceAndIsRemoved) {
  fs::create_directories(Path("pki-0123456789abcdef"));
  Write("pki-0123456789abcdef/key.pem", "old");
  ASSERT_TRUE(InstallCredentials(files_, NewTexts("one")));
  EXPECT_FALSE(fs::exists(Path("pki-0123456789abcdef")));
}

}  // namespace
}  // namespace zoowarden::pki
