#include "pki/signature.h"

#include "tests/unit/pki/ca_fixture.h"

namespace zoowarden::pki {
namespace {

class SignatureTest : public CaTest {
 protected:
  void SetUp() override {
    CaTest::SetUp();
    IssueTo("approver", "ca", Role::kApprover);
    signed_ = Sign("approver", "the plan");
  }

  void IssueTo(const std::string& out,
               const std::string& ca,
               Role role,
               Days lifetime = Days(365)) {
    const auto issued = Issue(
        {.ca_directory = Path(ca), .out_directory = Path(out), .role = role, .lifetime = lifetime},
        clock_);
    ASSERT_TRUE(issued) << issued.error().message();
  }
  SignedText Sign(const std::string& who, const std::string& text) {
    const auto made = SignText(
        {.certificate_pem = Read(who + "/cert.pem"), .key_pem = Read(who + "/key.pem")}, text);
    EXPECT_TRUE(made) << made.error().message();
    return *made;
  }
  // "" = it is good.
  std::string Reason(const std::string& text = "the plan", const std::string& ensemble = "lab") {
    const auto checked = CheckSignature({.text = text,
                                         .signed_text = signed_,
                                         .ensemble = ensemble,
                                         .ca_pem = Read("ca/ca.pem"),
                                         .crl = crl_},
                                        clock_);
    EXPECT_TRUE(checked || checked.error().Is(base::ErrorCode::kPermissionDenied));
    return checked ? "" : checked.error().reason();
  }

  SignedText signed_;
  std::filesystem::path crl_;
};

TEST_F(SignatureTest, TheApproversSignatureOverTheTextIsGood) { EXPECT_EQ(Reason(), ""); }

TEST_F(SignatureTest, AnotherTextIsNotSigned) {
  EXPECT_EQ(Reason("another plan"), "pki.wrong_signature");
}

TEST_F(SignatureTest, NoBitOfTheSignatureMayChange) {
  const auto good = signed_.signature;
  for (std::size_t i = 0; i < good.size(); i += 7) {
    signed_.signature = good;
    signed_.signature[i] = good[i] == '0' ? '1' : '0';
    EXPECT_EQ(Reason(), "pki.wrong_signature") << i;
  }
  for (const char* text : {"", "zz", "abc", "00"}) {
    signed_.signature = text;
    EXPECT_EQ(Reason(), "pki.wrong_signature") << text;
  }
}

TEST_F(SignatureTest, OnlyAnApproversCounts) {
  for (const auto role : {Role::kOperator, Role::kPlanner, Role::kViewer}) {
    const std::string who(RoleName(role));
    IssueTo(who, "ca", role);
    signed_ = Sign(who, "the plan");
    EXPECT_EQ(Reason(), "pki.wrong_role") << who;
  }
}

TEST_F(SignatureTest, AnotherEnsemblesApproverDoesNotCount) {
  EXPECT_EQ(Reason("the plan", "payments"), "pki.wrong_ensemble");
}

TEST_F(SignatureTest, AnotherCasApproverDoesNotCount) {
  ASSERT_TRUE(InitCa(Path("ca2"), "lab", clock_));
  IssueTo("stranger", "ca2", Role::kApprover);
  signed_ = Sign("stranger", "the plan");
  EXPECT_EQ(Reason(), "pki.wrong_ca");
  // Nor an own certificate with a stranger's signature.
  signed_.certificate_pem = Read("approver/cert.pem");
  EXPECT_EQ(Reason(), "pki.wrong_signature");
  signed_.certificate_pem = "nonsense";
  EXPECT_NE(Reason(), "");
}

TEST_F(SignatureTest, AnExpiredOrRevokedCertificateDoesNotCount) {
  crl_ = Path("crl.pem");
  Write("crl.pem", CrlOf("ca"));
  EXPECT_EQ(Reason(), "");
  ASSERT_TRUE(Revoke(Path("ca"), Path("approver/cert.pem").string(), clock_));
  Write("crl.pem", CrlOf("ca"));
  EXPECT_EQ(Reason(), "pki.revoked");
  crl_ = Path("missing.pem");
  EXPECT_EQ(Reason(), "pki.crl_missing");
  crl_.clear();
  IssueTo("short", "ca", Role::kApprover, Days(1));
  signed_ = Sign("short", "the plan");
  EXPECT_EQ(Reason(), "");
  clock_.Advance(std::chrono::hours(25));
  EXPECT_EQ(Reason(), "pki.expired");
}

TEST_F(SignatureTest, AStrangersKeySignsNothing) {
  IssueTo("other", "ca", Role::kApprover);
  const auto made = SignText(
      {.certificate_pem = Read("approver/cert.pem"), .key_pem = Read("other/key.pem")}, "x");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason(), "pki.wrong_key");
}

}  // namespace
}  // namespace zoowarden::pki
