// The pki commands, from words to files.
#include "controller/cli/ending_certificates.h"
#include "pki/authority.h"
#include "pki/enrolment.h"
#include "pki/request.h"
#include "tests/unit/controller/cli/fake_world.h"

namespace zoowarden::controller {
namespace {

using std::chrono::seconds;

class PkiCommandTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    ASSERT_EQ(Run({"pki", "init", "--dir", Path("ca"), "--ensemble", "lab"}).code, 0);
  }
  [[nodiscard]] std::string ReasonOf(std::vector<std::string> line) {
    line.insert(line.end(), {"-o", "json"});
    const auto outcome = Run(line);
    const auto document = Document::FromJson(outcome.out);
    EXPECT_TRUE(document) << outcome.out;
    const auto* error = document ? document->Find("error") : nullptr;
    const auto* reason = error == nullptr ? nullptr : error->Find("reason");
    const auto* text = reason == nullptr ? nullptr : std::get_if<std::string>(&reason->value());
    return text == nullptr ? "" : *text;
  }
};

TEST_F(PkiCommandTest, StatusListsWhatWasIssuedAndWhenItEnds) {
  ASSERT_EQ(Run({"pki",
                 "issue",
                 "--dir",
                 Path("ca"),
                 "--role",
                 "agent",
                 "--server",
                 "1",
                 "--days",
                 "30",
                 "--out",
                 Path("one")})
                .code,
            0);
  const auto now = Run({"pki", "status", "--dir", Path("ca")});
  EXPECT_EQ(now.code, 0) << now.err;
  EXPECT_NE(now.out.find("zoowarden://lab/agent/1  valid  2023-12-14T22:13:20Z"), std::string::npos)
      << now.out;
  manual_clock_.Advance(pki::Days(17));
  EXPECT_NE(Run({"pki", "status", "--dir", Path("ca")}).out.find("ends soon"), std::string::npos);
  manual_clock_.Advance(pki::Days(14));
  EXPECT_NE(Run({"pki", "status", "--dir", Path("ca")}).out.find("  ended "), std::string::npos);
}

TEST_F(PkiCommandTest, StatusOfAgentsTellsWhatTheyUse) {
  words_.seen[0].certificate = {.serial = "4a", .not_after = 1'800'000'000};
  words_.seen[1].certificate = {
      .serial = "4b", .not_after = 1'800'000'000, .crl_not_after = 1'750'000'000, .crl_number = 3};
  words_.seen[2] = {.id = {3}, .problem = "silent"};
  const auto outcome = Run({"pki", "status", "--agents"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("3 until 2025-06-15T15:06:40Z"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("does not answer"), std::string::npos);
}

TEST_F(PkiCommandTest, StatusOfNothingSaysWhatToName) {
  EXPECT_EQ(ReasonOf({"pki", "status"}), "usage.nothing_asked");
  EXPECT_EQ(ReasonOf({"pki", "status", "--dir", Path("nowhere")}), "file.not_found");
}

TEST_F(PkiCommandTest, AnIndexIsAddedOrACaIsMadeNeverBoth) {
  EXPECT_EQ(ReasonOf({"pki", "init", "--dir", Path("new"), "--ensemble", "lab", "--add-index"}),
            "usage.bad_value");
  EXPECT_EQ(ReasonOf({"pki", "init", "--dir", Path("new")}), "usage.bad_value");
  EXPECT_FALSE(std::filesystem::exists(Path("new")));
  EXPECT_EQ(ReasonOf({"pki", "init", "--dir", Path("ca"), "--add-index"}), "pki.exists");
}

TEST_F(PkiCommandTest, WhatIsRevokedIsInTheListThatIsPushed) {
  ASSERT_EQ(
      Run({"pki", "issue", "--dir", Path("ca"), "--role", "viewer", "--out", Path("one")}).code, 0);
  const auto revoked = Run({"pki", "revoke", "--dir", Path("ca"), Path("one/cert.pem")});
  EXPECT_EQ(revoked.code, 0);
  EXPECT_NE(revoked.out.find(", zoowarden://lab/viewer"), std::string::npos) << revoked.out;
  EXPECT_NE(Run({"pki", "status", "--dir", Path("ca")}).out.find("  revoked  "), std::string::npos);
  const auto written = Run({"pki", "crl", "--dir", Path("ca"), "--out", Path("crl.pem")});
  EXPECT_NE(written.out.find("list 1 of 1 revoked certificates, until 2024-05-12T22:13:20Z"),
            std::string::npos)
      << written.out;
  words_.lists = {{{1}, CrlInUse{.number = 1, .not_after = 1'750'000'000}},
                  {{2}, CrlInUse{.number = 1, .not_after = 1'750'000'000}}};
  const auto pushed = Run({"pki", "push-crl", Path("crl.pem")});
  EXPECT_EQ(pushed.code, 0) << pushed.err;
  EXPECT_NE(words_.pushed.find("BEGIN X509 CRL"), std::string::npos);
  EXPECT_NE(pushed.out.find("server 2: list 1 until 2025-06-15T15:06:40Z"), std::string::npos);
}

TEST_F(PkiCommandTest, OneAgentWithoutTheListIsAnErrorAndIsNamed) {
  Write("crl.pem", "x");
  words_.lists = {
      {{1}, CrlInUse{.number = 1, .not_after = 1'750'000'000}},
      {{2},
       base::Fail(
           base::ErrorCode::kFailedPrecondition, "pki.older_crl", "server 2 (agent a:1): older")}};
  const auto pushed = Run({"pki", "push-crl", Path("crl.pem")});
  EXPECT_NE(pushed.code, 0);
  EXPECT_NE(pushed.err.find("server 2 (agent a:1): older"), std::string::npos) << pushed.err;
  EXPECT_EQ(ReasonOf({"pki", "push-crl", Path("crl.pem")}), "pki.older_crl");
  const auto json = Run({"pki", "push-crl", Path("crl.pem"), "-o", "json"}).out;
  EXPECT_NE(json.find("\"number\": 1"), std::string::npos) << "who has it is told too: " << json;
}

TEST_F(PkiCommandTest, RefusedRevocationsAndListsAreNamed) {
  EXPECT_EQ(ReasonOf({"pki", "revoke", "--dir", Path("ca"), "4a"}), "pki.unknown_serial");
  EXPECT_EQ(ReasonOf({"pki", "crl", "--dir", Path("ca"), "--out", Path("x"), "--days", "0"}),
            "usage.bad_value");
  EXPECT_EQ(ReasonOf({"pki", "crl", "--dir", Path("none"), "--out", Path("x")}), "pki.no_ca");
  EXPECT_FALSE(std::filesystem::exists(Path("x")));
}

TEST_F(PkiCommandTest, ATokenIsPrintedOnceAndListedWithoutItsSecret) {
  const auto made = Run({"pki", "token", "--dir", Path("ca"), "--server", "2", "--valid", "90m"});
  EXPECT_EQ(made.code, 0) << made.err;
  const auto token = pki::ParseToken(made.out.substr(0, made.out.size() - 1));
  ASSERT_TRUE(token) << made.out;
  EXPECT_EQ(token->identity, pki::AgentIdentity("lab", 2));
  EXPECT_EQ(token->expires, pki::UnixTime(1'700'000'000 + 90 * 60));
  EXPECT_EQ(made.err.find(token->secret), std::string::npos);
  const auto status = Run({"pki", "status", "--dir", Path("ca")}).out;
  EXPECT_NE(status.find("zoowarden://lab/agent/2  open"), std::string::npos) << status;
  EXPECT_EQ(status.find(token->secret), std::string::npos);
}

TEST_F(PkiCommandTest, ATokensFileIsForOneReaderAndNothingIsPrinted) {
  const auto made =
      Run({"pki", "token", "--dir", Path("ca"), "--server", "2", "--out", Path("token")});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out, "");
  const auto text = sys::ReadFile(Path("token"), 4096).value();
  EXPECT_TRUE(pki::ParseToken(text.substr(0, text.size() - 1)));
  EXPECT_EQ(std::filesystem::status(Path("token")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(PkiCommandTest, TokensThatExpireUnusedAreAnError) {
  ASSERT_EQ(Run({"pki", "token", "--dir", Path("ca"), "--server", "2", "--valid", "60s"}).code, 0);
  const auto served = Run({"pki", "serve", "--dir", Path("ca"), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(served.code, 1);
  EXPECT_NE(served.err.find("nobody enrolled"), std::string::npos) << served.err;
  EXPECT_EQ(Run({"pki", "status", "--dir", Path("ca")}).out.find("/enrolment"), std::string::npos);
}

TEST_F(PkiCommandTest, ARenewalWhoseAnswerWasLostIsSeenToHaveHappened) {
  words_.request_pem = pki::MakeRequest().value().request_pem;
  words_.install_error = "no answer in time";
  const auto lost = Run({"pki", "renew", "--dir", Path("ca"), "--server", "1"});
  EXPECT_EQ(lost.code, 1);
  EXPECT_NE(lost.err.find("which certificate server 1 shows is not known"), std::string::npos)
      << lost.err;
  words_.installs_all_the_same = true;
  EXPECT_EQ(Run({"pki", "renew", "--dir", Path("ca"), "--server", "1"}).code, 0);
}

TEST_F(PkiCommandTest, RefusedTokensAndListenersChangeNothing) {
  const auto index = [this] { return sys::ReadFile(Path("ca/index.json"), 100'000).value(); };
  const auto before = index();
  EXPECT_EQ(ReasonOf({"pki", "token", "--dir", Path("ca"), "--server", "0"}), "usage.bad_value");
  EXPECT_EQ(ReasonOf({"pki", "token", "--dir", Path("ca"), "--server", "1", "--valid", "soon"}),
            "usage.bad_value");
  EXPECT_EQ(ReasonOf({"pki", "token", "--dir", Path("ca"), "--server", "1", "--valid", "10s"}),
            "enrol.bad_validity");
  EXPECT_EQ(ReasonOf({"pki", "serve", "--dir", Path("ca"), "--listen", "127.0.0.1:0"}),
            "enrol.no_tokens");
  EXPECT_EQ(index(), before);
}

TEST_F(PkiCommandTest, RenewingSignsWhatTheAgentAsksForAndInstallsItThere) {
  const auto request = pki::MakeRequest().value();
  words_.request_pem = request.request_pem;
  const auto outcome = Run({"pki", "renew", "--dir", Path("ca"), "--server", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_EQ(words_.installed.size(), 1U);
  EXPECT_EQ(words_.installed[0].first, model::ServerId{2});
  const auto info = pki::ParseCertificate(words_.installed[0].second);
  EXPECT_EQ(info->uris, std::vector<std::string>{"zoowarden://lab/agent/2"});
  EXPECT_NE(outcome.out.find("server 2: " + info->serial), std::string::npos) << outcome.out;
  words_.installed.clear();
  EXPECT_EQ(Run({"pki", "renew", "--dir", Path("ca"), "--all"}).code, 0);
  EXPECT_EQ(words_.installed.size(), 3U);
}

TEST_F(PkiCommandTest, ABadRequestOrAnUnknownServerIsNotSigned) {
  const auto before = sys::ReadFile(Path("ca/index.json"), 100'000).value();
  words_.request_pem = "hostile";
  EXPECT_EQ(ReasonOf({"pki", "renew", "--dir", Path("ca"), "--server", "1"}), "pki.bad_request");
  EXPECT_EQ(ReasonOf({"pki", "renew", "--dir", Path("ca"), "--server", "9"}),
            "usage.unknown_server");
  EXPECT_EQ(ReasonOf({"pki", "renew", "--dir", Path("ca")}), "usage.bad_value");
  EXPECT_EQ(ReasonOf({"pki", "renew", "--dir", Path("ca"), "--all", "--server", "1"}),
            "usage.bad_value");
  EXPECT_TRUE(words_.installed.empty());
  EXPECT_EQ(sys::ReadFile(Path("ca/index.json"), 100'000).value(), before);
}

constexpr pki::UnixTime kNow{1'700'000'000};
constexpr pki::UnixTime kDay{86'400};

model::MemberObservation Showing(std::uint32_t id, pki::UnixTime ends, pki::UnixTime ca_ends) {
  auto seen = Serving(id, model::Mode::kFollower);
  seen.certificate = {.serial = "4a", .not_after = ends.count(), .ca_not_after = ca_ends.count()};
  return seen;
}

TEST(EndingCertificatesTest, FourteenDaysAreSoonAndFifteenAreNot) {
  const OwnCertificate own{.not_after = kNow + 300 * kDay, .ca_not_after = kNow + 300 * kDay};
  const auto far = kNow + 300 * kDay;
  EXPECT_TRUE(EndingCertificates({Showing(1, kNow + 14 * kDay, far)}, own, kNow).empty());
  const auto soon = EndingCertificates({Showing(1, kNow + 14 * kDay - seconds(1), far)}, own, kNow);
  ASSERT_EQ(soon.size(), 1U);
  EXPECT_EQ(soon[0].holder, "agent 1");
  EXPECT_FALSE(soon[0].ended);
  EXPECT_EQ(EndingText(soon[0], kNow),
            "the certificate of agent 1 ends at 2023-11-28T22:13:19Z (in 13 days): `zoowarden pki "
            "renew`");
}

TEST(EndingCertificatesTest, ACaIsToldOnceAndAgentsThatTellNothingAreLeftOut) {
  const auto soon = kNow + kDay;
  const auto found = EndingCertificates({Showing(1, kNow + 300 * kDay, soon),
                                         Showing(2, kNow + 300 * kDay, soon),
                                         Serving(3, model::Mode::kLeader)},
                                        {.not_after = kNow - seconds(1), .ca_not_after = soon},
                                        kNow);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].holder, "ca");
  EXPECT_EQ(found[1].holder, "controller");
  EXPECT_TRUE(found[1].ended);
}

TEST(EndingCertificatesTest, ARevocationListThatEndsRefusesEverybodyAndIsToldToo) {
  auto seen = Showing(1, kNow + 300 * kDay, kNow + 300 * kDay);
  seen.certificate->crl_not_after = (kNow + kDay).count();
  const auto found = EndingCertificates({seen}, {}, kNow);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(EndingText(found[0], kNow),
            "the revocation list of agent 1 ends at 2023-11-15T22:13:20Z (in 24 hours): bring a "
            "new one there with `zoowarden pki crl` and `zoowarden pki push-crl`");
}

}  // namespace
}  // namespace zoowarden::controller
