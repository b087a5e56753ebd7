#include "pki/enrolment.h"

#include "pki/ca_store.h"
#include "pki/index.h"
#include "pki/openssl_adapter.h"
#include "pki/request.h"
#include "tests/unit/pki/ca_fixture.h"

#include <openssl/pem.h>
#include <sys/resource.h>

#include <csignal>

namespace zoowarden::pki {
namespace {

using std::chrono::hours;

class EnrolmentTest : public CaTest {
 protected:
  Token NewToken(std::uint32_t server = 1) {
    const auto token = MakeToken(Path("ca"), server, hours(1), clock_);
    EXPECT_TRUE(token) << token.error().message();
    return *token;
  }
  base::Result<Enrolled> EnrolWith(const Token& token, const std::string& request) {
    return Enrol(Path("ca"),
                 {.token_id = token.id, .secret = token.secret, .request_pem = request},
                 Days(365),
                 clock_);
  }
  std::string ReasonOf(const Token& token, const std::string& request) {
    const auto enrolled = EnrolWith(token, request);
    return enrolled ? "" : enrolled.error().reason();
  }

  NewRequest request_ = MakeRequest().value();
};

// As on a full disk, for root as well: every write of a file fails.
class NoMoreBytes {
 public:
  NoMoreBytes() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~NoMoreBytes() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  NoMoreBytes(const NoMoreBytes&) = delete;
  NoMoreBytes& operator=(const NoMoreBytes&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

// A request that asks to be an operator, with a key of that kind.
std::string RequestAsOperator(const char* type, const char* name) {
  const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, type, name));
  X509_REQ* request = X509_REQ_new();
  X509_REQ_set_pubkey(request, key.get());
  X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request),
                             "CN",
                             MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("operator"),
                             -1,
                             -1,
                             0);
  STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
  sk_X509_EXTENSION_push(
      extensions,
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "URI:zoowarden://lab/operator"));
  X509_REQ_add_extensions(request, extensions);
  sk_X509_EXTENSION_pop_free(extensions, &X509_EXTENSION_free);
  X509_REQ_sign(request, key.get(), EVP_sha256());
  const BioPtr text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_REQ(text.get(), request);
  X509_REQ_free(request);
  return TextOf(text.get());
}

TEST_F(EnrolmentTest, ATokenIsReadAsItWasPrinted) {
  const auto token = NewToken(3);
  const auto text = PrintToken(token);
  const auto read = ParseToken(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(read->identity, AgentIdentity("lab", 3));
  EXPECT_EQ(read->expires, token.expires);
  EXPECT_EQ(read->ca_fingerprint, Describe(Path("ca/ca.pem"))->fingerprint);
  EXPECT_EQ(read->id, token.id);
  EXPECT_EQ(read->secret, token.secret);
}

TEST_F(EnrolmentTest, EveryOtherTextIsNoToken) {
  const auto text = PrintToken(NewToken());
  for (const std::string& bad : {std::string(),
                                 text + "0",
                                 text.substr(1),
                                 text.substr(0, text.size() - 1),
                                 "x" + text,
                                 text + ":",
                                 std::string(5, ':')}) {
    EXPECT_EQ(ParseToken(bad).error().reason(), "enrol.bad_token") << bad;
  }
}

TEST_F(EnrolmentTest, TheCaKeepsNoSecret) {
  const auto token = NewToken();
  EXPECT_EQ(Read("ca/index.json").find(token.secret), std::string::npos);
  EXPECT_NE(token.secret, NewToken().secret);
}

TEST_F(EnrolmentTest, TheCertificateIsForTheRequestsKeyAndTheTokensName) {
  const auto token = NewToken();
  const auto enrolled = EnrolWith(token, request_.request_pem);
  ASSERT_TRUE(enrolled) << enrolled.error().message();
  EXPECT_TRUE(CheckPair({.certificate_pem = enrolled->certificate_pem, .key_pem = request_.key_pem},
                        Read("ca/ca.pem")));
  const auto info = ParseCertificate(enrolled->certificate_pem);
  EXPECT_EQ(info->uris, std::vector<std::string>{"zoowarden://lab/agent/1"});
  const auto index = ReadIndex(Path("ca"));
  EXPECT_EQ(index->certificates.at(0).serial, info->serial);
  EXPECT_EQ(index->tokens.at(0).serial, info->serial);
  EXPECT_EQ(enrolled->ca_pem, Read("ca/ca.pem"));
}

TEST_F(EnrolmentTest, WhatTheRequestWantsToBeCalledCountsForNothing) {
  const auto enrolled = EnrolWith(NewToken(), RequestAsOperator("EC", "P-256"));
  ASSERT_TRUE(enrolled) << enrolled.error().message();
  const auto info = ParseCertificate(enrolled->certificate_pem);
  EXPECT_EQ(info->uris, std::vector<std::string>{"zoowarden://lab/agent/1"});
  EXPECT_EQ(info->subject.find("operator"), std::string::npos);
  EXPECT_FALSE(info->is_ca);
}

TEST_F(EnrolmentTest, ASecondUseIsRefusedAndNamesWhatTheFirstGot) {
  const auto token = NewToken();
  const auto enrolled = EnrolWith(token, request_.request_pem);
  ASSERT_TRUE(enrolled);
  const auto before = Read("ca/index.json");
  const auto again = EnrolWith(token, request_.request_pem);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "enrol.token_used");
  EXPECT_NE(again.error().message().find(ParseCertificate(enrolled->certificate_pem)->serial),
            std::string::npos);
  EXPECT_EQ(Read("ca/index.json"), before);
}

TEST_F(EnrolmentTest, ATokenEndsAtItsTime) {
  const auto token = NewToken();
  const auto before = Read("ca/index.json");
  EXPECT_EQ(OpenTokens(Path("ca"), clock_).value(), 1U);
  clock_.Advance(hours(1));
  EXPECT_EQ(OpenTokens(Path("ca"), clock_).value(), 0U);
  EXPECT_EQ(ReasonOf(token, request_.request_pem), "enrol.token_expired");
  EXPECT_EQ(Read("ca/index.json"), before);
}

TEST_F(EnrolmentTest, AWrongSecretIsNoTokenAndDoesNotUseItUp) {
  const auto token = NewToken();
  auto guess = token;
  guess.secret = std::string(64, '0');
  EXPECT_EQ(ReasonOf(guess, request_.request_pem), "enrol.unknown_token");
  guess = token;
  guess.id = std::string(32, '0');
  EXPECT_EQ(ReasonOf(guess, request_.request_pem), "enrol.unknown_token");
  EXPECT_EQ(ReasonOf(token, request_.request_pem), "");
}

TEST_F(EnrolmentTest, ABadRequestDoesNotUseUpTheToken) {
  const auto token = NewToken();
  const auto before = Read("ca/index.json");
  // Somebody else's request: the same names and key, the signature of another.
  auto forged = request_.request_pem;
  const auto place = forged.rfind("-----END") - 10;
  forged[place] = forged[place] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {std::string(),
                                 std::string("garbage"),
                                 forged,
                                 RequestAsOperator("EC", "P-384"),
                                 std::string(20'000, 'x')}) {
    EXPECT_EQ(ReasonOf(token, bad), "pki.bad_request");
    EXPECT_EQ(Read("ca/index.json"), before);
  }
  EXPECT_EQ(ReasonOf(token, request_.request_pem), "");
}

// The order that makes "once" true whatever happens between: nothing can be issued before this.
TEST_F(EnrolmentTest, WhenTheIndexCannotBeWrittenThereIsNoCertificate) {
  const auto token = NewToken();
  const auto before = Read("ca/index.json");
  {
    const NoMoreBytes full;
    EXPECT_NE(ReasonOf(token, request_.request_pem), "");
  }
  EXPECT_EQ(Read("ca/index.json"), before);
  EXPECT_EQ(ReasonOf(token, request_.request_pem), "") << "the token is not used up";
}

// Anybody who reaches the listener may call.
TEST_F(EnrolmentTest, AStrangerDoesNotWaitForTheCasLock) {
  auto token = NewToken();
  token.secret = std::string(64, '0');
  const auto held = CaStore::Open(Path("ca"), clock_);
  ASSERT_TRUE(held);
  EXPECT_EQ(ReasonOf(token, request_.request_pem), "enrol.unknown_token");
}

TEST_F(EnrolmentTest, ATokenOfNoTimeOrOfAYearIsRefused) {
  const auto before = Read("ca/index.json");
  for (const auto valid : {UnixTime(0), UnixTime(59), UnixTime(hours(24 * 8))}) {
    EXPECT_EQ(MakeToken(Path("ca"), 1, valid, clock_).error().reason(), "enrol.bad_validity");
  }
  EXPECT_EQ(Read("ca/index.json"), before);
}

TEST_F(EnrolmentTest, TheListenersCertificateIsNobodysIdentity) {
  const auto shown = IssueForListener(Path("ca"), hours(1), clock_);
  ASSERT_TRUE(shown) << shown.error().message();
  const auto info = ParseCertificate(shown->certificate_pem);
  ASSERT_EQ(info->uris.size(), 1U);
  EXPECT_FALSE(ParseIdentity(info->uris[0]));
  EXPECT_EQ(SplitBundle(shown->certificate_pem)->size(), 2U) << "the CA is in the chain";
  EXPECT_EQ(ReadIndex(Path("ca"))->certificates.at(0).serial, info->serial);
}

TEST_F(EnrolmentTest, ACertificateForARequestIsOfThatNameAndOfThatEnsembleOnly) {
  const auto made =
      IssueFor(Path("ca"), AgentIdentity("lab", 2), request_.request_pem, Days(30), clock_);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(ParseCertificate(made->certificate_pem)->uris,
            std::vector<std::string>{"zoowarden://lab/agent/2"});
  const auto before = Read("ca/index.json");
  EXPECT_EQ(IssueFor(Path("ca"), AgentIdentity("x", 2), request_.request_pem, Days(30), clock_)
                .error()
                .reason(),
            "pki.other_ensemble");
  EXPECT_EQ(Read("ca/index.json"), before);
}

}  // namespace
}  // namespace zoowarden::pki
