#include "pki/revocation.h"

#include "pki/crl.h"
#include "tests/unit/pki/ca_fixture.h"

namespace zoowarden::pki {
namespace {

class RevocationTest : public CaTest {
 protected:
  std::string ReasonOfRevoking(const std::string& what) {
    const auto revoked = Revoke(Path("ca"), what, clock_);
    return revoked ? "" : revoked.error().reason();
  }
  std::vector<Crl> Parse(const std::string& crl) {
    auto parsed = ParseCrls(crl, Read("ca/ca.pem"));
    EXPECT_TRUE(parsed) << parsed.error().message();
    return *parsed;
  }
};

TEST_F(RevocationTest, BySerialAndByFile) {
  const auto one = IssueFrom("ca", "one");
  const auto two = IssueFrom("ca", "two");
  const auto three = IssueFrom("ca", "three");
  EXPECT_EQ(ReasonOfRevoking(one.serial), "");
  EXPECT_EQ(ReasonOfRevoking(Path("two/cert.pem")), "");
  EXPECT_EQ(Parse(CrlOf("ca")).at(0).serials, (std::set<std::string>{one.serial, two.serial}));
}

TEST_F(RevocationTest, TwiceKeepsTheFirstTime) {
  const auto one = IssueFrom("ca", "one");
  const auto first = Revoke(Path("ca"), one.serial, clock_);
  clock_.Advance(Days(1));
  EXPECT_EQ(Revoke(Path("ca"), one.serial, clock_)->revoked, first->revoked);
}

TEST_F(RevocationTest, AFileThatTheIndexDoesNotKnowIsTakenIn) {
  const auto one = IssueFrom("ca", "one");
  ASSERT_TRUE(WriteIndex(Path("ca"), {}));
  EXPECT_EQ(ReasonOfRevoking(Path("one/cert.pem")), "");
  const auto index = ReadIndex(Path("ca"));
  ASSERT_EQ(index->certificates.size(), 1U);
  EXPECT_EQ(index->certificates[0].name, "zoowarden://lab/operator");
  EXPECT_TRUE(Parse(CrlOf("ca")).at(0).serials.contains(one.serial));
}

TEST_F(RevocationTest, WhatTheCaDidNotIssueIsRefusedAndNothingChanges) {
  IssueFrom("ca", "one");
  ASSERT_TRUE(InitCa(Path("other"), "lab", clock_));
  IssueFrom("other", "foreign");
  const auto before = Read("ca/index.json");
  EXPECT_EQ(ReasonOfRevoking("4a00"), "pki.unknown_serial");
  EXPECT_EQ(ReasonOfRevoking(Path("foreign/cert.pem")), "pki.wrong_ca");
  EXPECT_EQ(ReasonOfRevoking(Path("nowhere.pem")), "file.not_found");
  EXPECT_EQ(ReasonOfRevoking(Path("ca/ca.key")), "pki.not_a_certificate");
  EXPECT_EQ(Read("ca/index.json"), before);
}

TEST_F(RevocationTest, EveryListHasAHigherNumber) {
  EXPECT_EQ(Parse(CrlOf("ca")).at(0).number, 1U);
  EXPECT_EQ(Parse(CrlOf("ca")).at(0).number, 2U);
  EXPECT_EQ(ReadIndex(Path("ca"))->crl_number, 2U);
}

TEST_F(RevocationTest, AListOfNoTimeIsRefusedAndTakesNoNumber) {
  const auto written =
      WriteCrl({.ca_directory = Path("ca"), .out = Path("x.pem"), .lifetime = Days(0)}, clock_);
  EXPECT_EQ(written.error().reason(), "pki.outlives_ca");
  EXPECT_EQ(ReadIndex(Path("ca"))->crl_number, 0U);
  EXPECT_FALSE(std::filesystem::exists(Path("x.pem")));
}

// An expired certificate may still be in use on an open connection.
TEST_F(RevocationTest, RevokedCertificatesStayInTheListWhenTheyHaveExpired) {
  const auto one = IssueFrom("ca", "one");
  EXPECT_EQ(ReasonOfRevoking(one.serial), "");
  clock_.Advance(Days(400));
  EXPECT_TRUE(Parse(CrlOf("ca")).at(0).serials.contains(one.serial));
}

TEST_F(RevocationTest, AListMustBeOfATrustedCaAndEachCaNeedsOne) {
  ASSERT_TRUE(InitCa(Path("other"), "lab", clock_));
  const auto ours = CrlOf("ca");
  const auto foreign = CrlOf("other");
  const auto both = Read("ca/ca.pem") + Read("other/ca.pem");
  const auto reason = [](const auto& parsed) { return parsed ? "" : parsed.error().reason(); };
  EXPECT_EQ(reason(ParseCrls(foreign, Read("ca/ca.pem"))), "pki.crl_foreign");
  const auto without = ParseCrls(foreign + ours, Read("ca/ca.pem"));
  ASSERT_TRUE(without) << "the other CA is not trusted yet, or not any more";
  EXPECT_EQ(without->size(), 1U);
  EXPECT_EQ(reason(ParseCrls(ours, both)), "pki.crl_incomplete");
  EXPECT_EQ(reason(ParseCrls(ours + ours, Read("ca/ca.pem"))), "pki.crl_incomplete");
  EXPECT_EQ(reason(ParseCrls(ours + foreign, both)), "");
  EXPECT_EQ(reason(ParseCrls("", both)), "pki.crl_unreadable");
  EXPECT_EQ(reason(ParseCrls(ours.substr(0, ours.size() / 2), Read("ca/ca.pem"))),
            "pki.crl_unreadable");
}

TEST_F(RevocationTest, AListThatNamesTheCaWithoutItsSignatureIsForeign) {
  auto forged = CrlOf("ca");
  const auto place = forged.rfind("-----END") - 10;
  forged[place] = forged[place] == 'A' ? 'B' : 'A';
  const auto parsed = ParseCrls(forged, Read("ca/ca.pem"));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().reason(), "pki.crl_foreign");
}

}  // namespace
}  // namespace zoowarden::pki
