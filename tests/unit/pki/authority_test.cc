#include "pki/authority.h"

#include "sys/files.h"
#include "sys/manual_clock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

class AuthorityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-pki-");
    ASSERT_TRUE(created);
    directory_.emplace(std::move(*created));
    ASSERT_TRUE(InitCa(Path("ca"), "lab", clock_));
  }
  [[nodiscard]] fs::path Path(const char* name) const { return directory_->path() / name; }
  [[nodiscard]] IssueRequest AgentRequest(const char* out) const {
    return {
        .ca_directory = Path("ca"), .out_directory = Path(out), .role = Role::kAgent, .server = 1};
  }
  static mode_t ModeOf(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }
  static std::string Read(const fs::path& path) { return sys::ReadFile(path, 100'000).value(); }

  sys::ManualClock clock_;
  std::optional<sys::TempDir> directory_;
};

TEST_F(AuthorityTest, TheCaIsOneAndNamesItsEnsemble) {
  const auto info = Describe(Path("ca/ca.pem"));
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_TRUE(info->is_ca);
  EXPECT_EQ(info->organization, "lab");
  EXPECT_EQ(info->subject, info->issuer);
  EXPECT_TRUE(info->uris.empty());
}

TEST_F(AuthorityTest, KeysAreReadableByTheirOwnerOnly) {
  ASSERT_TRUE(Issue(AgentRequest("one"), clock_));
  EXPECT_EQ(ModeOf(Path("ca/ca.key")), 0600U);
  EXPECT_EQ(ModeOf(Path("one/key.pem")), 0600U);
  EXPECT_EQ(ModeOf(Path("one")), 0700U);
}

TEST_F(AuthorityTest, AnIssuedCertificateSaysWhoItIsFor) {
  const auto info = Issue(AgentRequest("one"), clock_);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->uris, std::vector<std::string>{"zoowarden://lab/agent/1"});
  EXPECT_EQ(info->issuer, Describe(Path("ca/ca.pem"))->subject);
  EXPECT_FALSE(info->is_ca);
  EXPECT_EQ(info->not_after - info->not_before, Days(365) + std::chrono::minutes(5));
  EXPECT_LT(info->not_before, std::chrono::duration_cast<UnixTime>(clock_.WallTime()));
  EXPECT_EQ(info->fingerprint.size(), 64U);
  EXPECT_EQ(Describe(Path("one/cert.pem"))->fingerprint, info->fingerprint);
  EXPECT_EQ(Read(Path("one/ca.pem")), Read(Path("ca/ca.pem")));
}

TEST_F(AuthorityTest, TheSameRequestGivesAnotherKeyEachTime) {
  ASSERT_TRUE(Issue(AgentRequest("one"), clock_));
  ASSERT_TRUE(Issue(AgentRequest("two"), clock_));
  EXPECT_NE(Read(Path("one/key.pem")), Read(Path("two/key.pem")));
}

TEST_F(AuthorityTest, InitNeverOverwrites) {
  const std::string before = Read(Path("ca/ca.key"));
  const auto again = InitCa(Path("ca"), "lab", clock_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "pki.exists");
  EXPECT_EQ(Read(Path("ca/ca.key")), before);
}

TEST_F(AuthorityTest, IssueNeverOverwritesAndLeavesNoHalf) {
  ASSERT_TRUE(sys::EnsureDirectory(Path("one"), 0700));
  ASSERT_TRUE(sys::WriteFileAtomically(Path("one/cert.pem"), "mine", 0644));
  const auto info = Issue(AgentRequest("one"), clock_);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().reason(), "pki.exists");
  EXPECT_EQ(Read(Path("one/cert.pem")), "mine");
  EXPECT_FALSE(fs::exists(Path("one/key.pem")));
}

TEST_F(AuthorityTest, AnAgentNeedsAServerAndNobodyElseHasOne) {
  auto request = AgentRequest("one");
  request.server.reset();
  EXPECT_EQ(Issue(request, clock_).error().reason(), "pki.bad_identity");
  request.role = Role::kOperator;
  request.server = 1;
  EXPECT_EQ(Issue(request, clock_).error().reason(), "pki.bad_identity");
  EXPECT_FALSE(fs::exists(Path("one")));
}

TEST_F(AuthorityTest, WithoutACaItSaysHowToMakeOne) {
  auto request = AgentRequest("one");
  request.ca_directory = Path("nowhere");
  const auto info = Issue(request, clock_);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().reason(), "pki.no_ca");
  EXPECT_NE(info.error().message().find("zoowarden pki init"), std::string::npos);
}

TEST_F(AuthorityTest, TheKeyOfAnotherCaIsRefused) {
  ASSERT_TRUE(InitCa(Path("other"), "lab", clock_));
  fs::copy_file(Path("other/ca.key"), Path("ca/ca.key"), fs::copy_options::overwrite_existing);
  EXPECT_EQ(Issue(AgentRequest("one"), clock_).error().reason(), "pki.wrong_key");
}

TEST_F(AuthorityTest, ACertificateMayNotOutliveItsCa) {
  clock_.Advance(Days(3600));
  EXPECT_EQ(Issue(AgentRequest("one"), clock_).error().reason(), "pki.outlives_ca");
}

TEST_F(AuthorityTest, AnAgentsCertificateCannotIssue) {
  ASSERT_TRUE(Issue(AgentRequest("one"), clock_));
  fs::create_directory(Path("false"));
  fs::copy_file(Path("one/cert.pem"), Path("false/ca.pem"));
  fs::copy_file(Path("one/key.pem"), Path("false/ca.key"));
  auto request = AgentRequest("two");
  request.ca_directory = Path("false");
  EXPECT_EQ(Issue(request, clock_).error().reason(), "pki.no_ca");
}

TEST_F(AuthorityTest, ABadEnsembleNameIsRefusedBeforeAnythingIsWritten) {
  EXPECT_EQ(InitCa(Path("x"), "a/b", clock_).error().reason(), "pki.bad_ensemble_name");
  EXPECT_FALSE(fs::exists(Path("x")));
}

TEST_F(AuthorityTest, DescribingSomethingElseNamesTheFile) {
  const auto info = Describe(Path("ca/ca.key"));
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().reason(), "pki.not_a_certificate");
  EXPECT_NE(info.error().message().find("ca.key"), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::pki
