#include "pki/credentials.h"

#include "pki/authority.h"
#include "sys/files.h"
#include "sys/manual_clock.h"

#include <gtest/gtest.h>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

class CredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-pki-");
    ASSERT_TRUE(created);
    directory_.emplace(std::move(*created));
    ASSERT_TRUE(InitCa(Path("ca"), "lab", clock_));
    IssueTo("one", 1);
    IssueTo("two", 2);
  }
  [[nodiscard]] fs::path Path(const char* name) const { return directory_->path() / name; }
  void IssueTo(const char* out, std::uint32_t server) {
    ASSERT_TRUE(Issue({.ca_directory = Path("ca"),
                       .out_directory = Path(out),
                       .role = Role::kAgent,
                       .server = server},
                      clock_));
  }
  std::string ReasonOfLoading(const CredentialFiles& files) {
    const auto loaded = LoadCredentials(files, clock_);
    return loaded ? "" : loaded.error().reason();
  }

  sys::ManualClock clock_;
  std::optional<sys::TempDir> directory_;
};

TEST_F(CredentialsTest, LoadsWhatWasIssued) {
  const auto loaded = LoadCredentials(FilesIn(Path("one")), clock_);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->identity, AgentIdentity("lab", 1));
}

TEST_F(CredentialsTest, AMissingFileIsNamed) {
  auto files = FilesIn(Path("one"));
  files.key = Path("nowhere");
  EXPECT_EQ(ReasonOfLoading(files), "file.not_found");
}

TEST_F(CredentialsTest, TheKeyOfAnotherCertificateIsRefused) {
  auto files = FilesIn(Path("one"));
  files.key = FilesIn(Path("two")).key;
  EXPECT_EQ(ReasonOfLoading(files), "pki.wrong_key");
}

TEST_F(CredentialsTest, ACertificateOfAnotherCaIsRefusedEvenWithTheSameName) {
  ASSERT_TRUE(InitCa(Path("other"), "lab", clock_));
  auto files = FilesIn(Path("one"));
  files.ca = Path("other/ca.pem");
  EXPECT_EQ(ReasonOfLoading(files), "pki.wrong_ca");
}

TEST_F(CredentialsTest, AnExpiredCertificateIsNamed) {
  clock_.Advance(Days(366));
  EXPECT_EQ(ReasonOfLoading(FilesIn(Path("one"))), "pki.expired");
}

TEST_F(CredentialsTest, ACertificateFromTheFutureIsNamed) {
  clock_.Advance(-Days(1));
  EXPECT_EQ(ReasonOfLoading(FilesIn(Path("one"))), "pki.not_yet_valid");
}

TEST_F(CredentialsTest, ACaIsNotAnIdentity) {
  EXPECT_EQ(
      ReasonOfLoading(
          {.ca = Path("ca/ca.pem"), .certificate = Path("ca/ca.pem"), .key = Path("ca/ca.key")}),
      "pki.bad_identity");
}

}  // namespace
}  // namespace zoowarden::pki
