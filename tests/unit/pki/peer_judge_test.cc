#include "pki/peer_judge.h"

#include "tests/unit/pki/ca_fixture.h"

namespace zoowarden::pki {
namespace {

class PeerJudgeTest : public CaTest {
 protected:
  void SetUp() override {
    CaTest::SetUp();
    one_ = IssueFrom("ca", "one");
    two_ = IssueFrom("ca", "two");
    Write("crl.pem", CrlOf("ca"));
    judge_.emplace(Read("ca/ca.pem"), Path("crl.pem"), clock_);
  }
  std::string ReasonOf(const std::string& out) {
    const auto judged = judge_->Judge(Read(out + "/cert.pem"));
    return judged ? "" : judged.error().reason();
  }
  std::string ReasonOfReplacing(const std::string& crl) {
    const auto replaced = judge_->Replace(crl);
    return replaced ? "" : replaced.error().reason();
  }
  void RevokeOne() { ASSERT_TRUE(Revoke(Path("ca"), one_.serial, clock_)); }

  CertificateInfo one_;
  CertificateInfo two_;
  std::optional<PeerJudge> judge_;
};

TEST_F(PeerJudgeTest, OnlyTheRevokedAreRefusedAndAtOnce) {
  EXPECT_EQ(ReasonOf("one"), "");
  RevokeOne();
  EXPECT_EQ(ReasonOf("one"), "") << "the list says nothing yet";
  Write("crl.pem", CrlOf("ca"));
  EXPECT_EQ(ReasonOf("one"), "pki.revoked");
  EXPECT_EQ(ReasonOf("two"), "");
}

TEST_F(PeerJudgeTest, WithoutAConfiguredListNobodyIsRevoked) {
  judge_.emplace(Read("ca/ca.pem"), "", clock_);
  EXPECT_EQ(ReasonOf("one"), "");
  EXPECT_FALSE(judge_->FirstToEnd());
}

// gRPC's own lists let everybody in here.
TEST_F(PeerJudgeTest, AListThatCannotBeUsedRefusesEverybodyUntilItIsMended) {
  const auto good = Read("crl.pem");
  std::filesystem::remove(Path("crl.pem"));
  EXPECT_EQ(ReasonOf("one"), "pki.crl_missing");
  EXPECT_FALSE(judge_->FirstToEnd());
  for (const char* bad : {"", "garbage", "-----BEGIN X509 CRL-----\nAAAA\n"}) {
    Write("crl.pem", bad);
    EXPECT_EQ(ReasonOf("one"), "pki.crl_unreadable") << bad;
  }
  Write("crl.pem", good.substr(0, good.size() - 60));
  EXPECT_EQ(ReasonOf("one"), "pki.crl_unreadable") << "half-written";
  ASSERT_TRUE(InitCa(Path("other"), "lab", clock_));
  Write("crl.pem", CrlOf("other"));
  EXPECT_EQ(ReasonOf("one"), "pki.crl_foreign");
  Write("crl.pem", good);
  EXPECT_EQ(ReasonOf("one"), "");
}

TEST_F(PeerJudgeTest, AnExpiredListRefusesEverybody) {
  clock_.Advance(Days(180));
  EXPECT_EQ(ReasonOf("one"), "");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(ReasonOf("one"), "pki.crl_expired");
  Write("crl.pem", CrlOf("ca"));
  EXPECT_EQ(ReasonOf("one"), "");
}

TEST_F(PeerJudgeTest, AnExpiredListStillBindsWhomItNamesAndNoOlderOneReplacesIt) {
  const std::string longer = CrlOf("ca", Days(365));  // before anybody was revoked
  RevokeOne();
  ASSERT_EQ(ReasonOfReplacing(CrlOf("ca", Days(30))), "");
  clock_.Advance(Days(31));
  EXPECT_EQ(ReasonOf("one"), "pki.revoked") << "who was revoked may not mend the list either";
  EXPECT_EQ(ReasonOf("two"), "pki.crl_expired");
  EXPECT_EQ(ReasonOfReplacing(longer), "pki.older_crl");
  EXPECT_EQ(ReasonOfReplacing(CrlOf("ca", Days(30))), "");
  EXPECT_EQ(ReasonOf("two"), "");
}

TEST_F(PeerJudgeTest, AConnectionDoesNotOutliveItsCertificate) {
  judge_.emplace(Read("ca/ca.pem"), "", clock_);
  clock_.Advance(one_.not_after - std::chrono::duration_cast<UnixTime>(clock_.WallTime()));
  EXPECT_EQ(ReasonOf("one"), "");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(ReasonOf("one"), "pki.expired");
}

TEST_F(PeerJudgeTest, ADirectoryInItsPlaceRefusesEverybody) {
  std::filesystem::remove(Path("crl.pem"));
  std::filesystem::create_directory(Path("crl.pem"));
  EXPECT_EQ(ReasonOf("one"), "pki.crl_unreadable");
}

TEST_F(PeerJudgeTest, WhoseCaWasRemovedIsRefusedAtOnce) {
  ASSERT_TRUE(InitCa(Path("next"), "lab", clock_));
  IssueFrom("next", "new");
  const auto both = Read("ca/ca.pem") + Read("next/ca.pem");
  EXPECT_EQ(ReasonOf("new"), "pki.removed_ca") << "not trusted yet";
  Write("crl.pem", CrlOf("ca") + CrlOf("next"));
  judge_->Trust(both);
  EXPECT_EQ(ReasonOf("one"), "");
  EXPECT_EQ(ReasonOf("new"), "");
  judge_->Trust(Read("next/ca.pem"));
  Write("crl.pem", CrlOf("next"));
  EXPECT_EQ(ReasonOf("one"), "pki.removed_ca");
  EXPECT_EQ(ReasonOf("new"), "");
}

// A CA was added to the bundle before its list came.
TEST_F(PeerJudgeTest, AnIncompleteListStillBindsWhomItNamesAndNoOlderOneReplacesIt) {
  const std::string before = CrlOf("ca");
  RevokeOne();
  ASSERT_EQ(ReasonOfReplacing(CrlOf("ca")), "");
  ASSERT_TRUE(InitCa(Path("next"), "lab", clock_));
  judge_->Trust(Read("ca/ca.pem") + Read("next/ca.pem"));
  EXPECT_EQ(ReasonOf("one"), "pki.revoked");
  EXPECT_EQ(ReasonOf("two"), "pki.crl_incomplete");
  EXPECT_EQ(ReasonOfReplacing(before + CrlOf("next")), "pki.older_crl");
  EXPECT_EQ(ReasonOfReplacing(CrlOf("ca") + CrlOf("next")), "");
  EXPECT_EQ(ReasonOf("one"), "pki.revoked");
  EXPECT_EQ(ReasonOf("two"), "");
}

TEST_F(PeerJudgeTest, WhatIsNoCertificateIsRefused) {
  EXPECT_EQ(judge_->Judge("").error().reason(), "pki.not_a_certificate");
}

TEST_F(PeerJudgeTest, ANewerListReplacesAndAnOlderOneDoesNot) {
  const auto first = Read("crl.pem");
  RevokeOne();
  const auto second = CrlOf("ca");
  EXPECT_EQ(ReasonOfReplacing(second), "");
  EXPECT_EQ(ReasonOf("one"), "pki.revoked");
  EXPECT_EQ(judge_->FirstToEnd()->number, 2U);
  EXPECT_EQ(ReasonOfReplacing(first), "pki.older_crl");
  EXPECT_EQ(ReasonOfReplacing(second), "") << "repeated";
  EXPECT_EQ(Read("crl.pem"), second);
  ASSERT_TRUE(InitCa(Path("next"), "lab", clock_));
  EXPECT_EQ(ReasonOfReplacing(second + CrlOf("next")), "") << "before a CA is added";
}

TEST_F(PeerJudgeTest, AListThatCouldNotBeUsedIsNotPutInPlace) {
  const auto before = Read("crl.pem");
  ASSERT_TRUE(InitCa(Path("other"), "lab", clock_));
  EXPECT_EQ(ReasonOfReplacing(CrlOf("other")), "pki.crl_foreign");
  EXPECT_EQ(ReasonOfReplacing("garbage"), "pki.crl_unreadable");
  const auto short_lived = CrlOf("ca", Days(1));
  clock_.Advance(Days(2));
  EXPECT_EQ(ReasonOfReplacing(short_lived), "pki.crl_expired");
  EXPECT_EQ(Read("crl.pem"), before);
  judge_.emplace(Read("ca/ca.pem"), "", clock_);
  EXPECT_EQ(ReasonOfReplacing(CrlOf("ca")), "pki.crl_not_configured");
}

TEST_F(PeerJudgeTest, AMissingListIsMendedByReplacing) {
  std::filesystem::remove(Path("crl.pem"));
  EXPECT_TRUE(PeerJudge::IsUnusableCrl(judge_->Judge(Read("one/cert.pem")).error()));
  EXPECT_EQ(ReasonOfReplacing(CrlOf("ca")), "");
  EXPECT_EQ(ReasonOf("one"), "");
}

}  // namespace
}  // namespace zoowarden::pki
